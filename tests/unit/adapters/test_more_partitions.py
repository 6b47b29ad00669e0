"""When `ticks` and `orders` get more partitions; with a real broker it is tests/integration/test_scale.py."""

from collections.abc import Iterator

import pytest

from fintank import scale
from fintank.adapters import more_partitions
from fintank.adapters.consumer_groups import Member, PartitionState
from fintank.errors import FintankError
from fintank.scale import Scale

READ = PartitionState("ticks", 0, 0, 9, 9)
MEMBER = Member("order_flow-ticks", "m", "c", "h")


class Admin:
    """Knows the topics `ticks` and `fills` with 4 partitions each."""

    def __init__(self) -> None:
        self.created: list[dict[str, int]] = []

    def list_topics(self) -> list[str]:
        return ["ticks", "fills"]

    def describe_topics(self, names: list[str]) -> list[dict[str, object]]:
        return [{"name": name, "partitions": [{}] * 4} for name in names]

    def create_partitions(self, wanted: dict[str, int]) -> None:
        self.created.append(wanted)


@pytest.fixture(autouse=True)
def _twelve() -> Iterator[None]:
    before = scale.current()
    scale.use(Scale(partitions=dict.fromkeys(scale.PARTITIONED, 12)))
    yield
    scale.use(before)


def add(monkeypatch: pytest.MonkeyPatch, state: PartitionState, *members: Member) -> tuple[list[str], Admin]:
    monkeypatch.setattr(more_partitions, "partition_states", lambda *_: [state])
    monkeypatch.setattr(more_partitions, "live_members", lambda _: list(members))
    admin = Admin()
    return more_partitions.add(admin), admin  # type: ignore[arg-type]


def test_a_topic_that_is_read_gets_what_is_missing_and_no_other_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines, admin = add(monkeypatch, READ)
    assert lines == ["topic 'ticks': 8 partitions added, now 12"]
    assert admin.created == [{"ticks": 12}]


@pytest.mark.parametrize(
    ("state", "members", "why"),
    [
        (READ._replace(committed=2), (), "7 records are unread"),
        (READ._replace(committed=None), (), "9 records are unread"),
        (READ._replace(hidden=3), (), "3 records are unread"),
        (READ, (MEMBER,), "the topology is running"),
    ],
)
def test_it_is_refused_while_anything_could_be_read_late(
    monkeypatch: pytest.MonkeyPatch, state: PartitionState, members: tuple[Member, ...], why: str
) -> None:
    with pytest.raises(FintankError, match=f"has 4 partitions, and scale.toml says 12: {why}; write the old"):
        add(monkeypatch, state, *members)
