"""scale.toml, and that everything of a process follows it."""

import re
from pathlib import Path

import pytest

from fintank import scale
from fintank.adapters import kafka_topics
from fintank.errors import FintankError
from fintank.scale import COMPONENTS, READERS, Scale, idle, load, parse
from fintank.settings import PROJECT_ROOT


def test_the_file_that_is_shipped_has_the_defaults() -> None:
    assert load({}) == Scale()


def test_the_components_are_those_of_the_graph() -> None:
    graph = (PROJECT_ROOT / "topologies" / "order_flow.clj").read_text()
    named = re.findall(r'"([a-z-]+)"\s+\((?:bolt-spec|spout-spec|loader|decision-deserializer)', graph)
    assert sorted(named) == sorted(COMPONENTS)


def test_a_file_may_name_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    file.write_text("shards = 16\n[partitions]\nticks = 12\n[tasks]\ntick-spout = 2\n[storm]\nworkers = 3\n")
    found = load({"FINTANK_SCALE": str(file)})
    assert found == Scale(16, {"ticks": 12, "orders": 4, "executions": 4, "fills": 4}, {"tick-spout": 2}, 3)
    scale.use_option({scale.OPTION: found.to_json()})
    assert scale.current() == found
    counts = {name: topic.partitions for name, topic in kafka_topics.topics().items()}
    assert counts == {
        "ticks": 12,
        "orders": 4,
        "executions": 4,
        "fills": 4,
        "timeline": 16,
        "rejects": 1,
        "journal": 16,
    }


def test_a_file_may_begin_with_a_byte_order_mark_and_a_wrong_one_is_one_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "scale.toml"
    file.write_text("\ufeffshards = 16\n")
    assert load({"FINTANK_SCALE": str(file)}).shards == 16
    for value in ("[" * 10_000, "9" * 5_000):
        file.write_text(f"shards = {value}")
        with pytest.raises(FintankError, match=r"^scale.toml is not valid TOML: "):
            load({"FINTANK_SCALE": str(file)})


@pytest.fixture(autouse=True)
def own_scale() -> object:
    """Put the scale of this process back."""
    before = scale.current()
    yield
    scale.use(before)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"shard": 4}, "scale.toml: unknown key shard: allowed are shards, partitions, tasks, storm"),
        ({"shards": 0}, "scale.toml: shards = 0: must be a whole number from 1 to 1000"),
        ({"shards": True}, "shards = true: must be"),
        ({"shards": 4.0}, r"shards = 4.0: must be"),
        ({"partitions": 4}, r"partitions = 4: must be a table, as in \[partitions\]"),
        ({"partitions": {"fills": 1001}}, r"\[partitions\]: fills = 1001: must be"),
        ({"partitions": {"rejects": 4}}, r"\[partitions\]: unknown key rejects: allowed are ticks, "),
        ({"tasks": {"tick-bolt": 2}}, r"\[tasks\]: unknown key tick-bolt: allowed are tick-spout, "),
        ({"tasks": {"rule-engine": "2"}}, r'\[tasks\]: rule-engine = "2": must be'),
        ({"storm": {"workers": -1}}, r"\[storm\]: workers = -1: must be"),
    ],
)
def test_a_wrong_file_is_one_line(content: dict[str, object], fault: str) -> None:
    with pytest.raises(FintankError, match=fault) as caught:
        parse(content, "scale.toml")
    assert "\n" not in str(caught.value)


def test_tasks_without_work_are_told() -> None:
    tasks = {"tick-spout": 5, "order-spout": 4, "tick-deserializer": 9, "rule-engine": 3}
    assert list(idle(Scale(shards=2, tasks=tasks))) == [
        "scale.toml: of 5 tasks of tick-spout only 4 have work, as many as partitions of ticks",
        "scale.toml: of 3 tasks of rule-engine only 2 have work, as many as shards",
    ]
    assert {*READERS} < {*COMPONENTS}
    assert list(idle(Scale())) == []


def test_a_file_that_is_no_toml_or_missing_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    with pytest.raises(FintankError, match=r"x\.toml can't be read \(No such file.*FINTANK_SCALE"):
        load({"FINTANK_SCALE": str(file)})
    for text in ("shards: 4", "shards = 4\nshards = 5", f"x = {'[' * 3_000}"):
        file.write_text(text)
        with pytest.raises(FintankError, match=r"x\.toml is not valid TOML: "):
            load({"FINTANK_SCALE": str(file)})
    file.write_bytes(b"\xff")
    with pytest.raises(FintankError, match=r"x\.toml can't be read \('utf-8' codec can't decode byte 0xff"):
        load({"FINTANK_SCALE": str(file)})


def test_the_path_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "large.toml").write_text("shards = 16\n")
    assert load({"FINTANK_SCALE": "~/large.toml"}).shards == 16
    with pytest.raises(FintankError, match=r"^FINTANK_SCALE='~nobody-here/s': there is no such user$"):
        load({"FINTANK_SCALE": "~nobody-here/s"})
