"""The topology's consumer groups: their committed offsets, lag and members."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import CoordinatorNotAvailableError, KafkaError

from fintank.adapters.kafka import connect
from fintank.adapters.kafka_topics import topics
from fintank.scale import PARTITIONED
from fintank.settings import TOPOLOGY
from fintank.waiting import retry

GROUPS: Mapping[str, str] = MappingProxyType({topic: f"{TOPOLOGY}-{topic}" for topic in PARTITIONED})
COORDINATOR_SECONDS_MAX = 10
COORDINATOR_POLL_SECONDS = 0.2

Answer = TypeVar("Answer")


class PartitionState(NamedTuple):
    """Where a partition starts and ends, and the offset that its consumer group, if any, has committed.

    Committed records end before `end_offset`. `hidden` offsets follow it, unreadable until an open
    transaction ends.
    """

    topic: str
    partition: int
    first_offset: int
    end_offset: int
    committed: int | None
    hidden: int = 0

    @property
    def group(self) -> str | None:
        """The consumer group that reads the topic."""
        return GROUPS.get(self.topic)

    @property
    def lag(self) -> int | None:
        """How many offsets before end_offset the group has yet to read, without those already deleted."""
        return max(self.end_offset - max(self.committed or 0, self.first_offset), 0) if self.group else None


class Member(NamedTuple):
    """A live member of a consumer group, as the broker sees it."""

    group: str
    member_id: str
    client_id: str
    host: str


def partition_states(
    admin: KafkaAdminClient, counts: Mapping[str, int] | None = None
) -> list[PartitionState]:
    """Return the state of every partition, in the order of the topics; all topics must exist.

    counts: how many partitions the topics have, by default all topics by the scale.
    """
    counts = counts or {name: topic.partitions for name, topic in topics().items()}
    partitions = [TopicPartition(name, number) for name in counts for number in range(counts[name])]
    first = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    written = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    # Last, so that records written meanwhile don't look hidden.
    end = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST), "read_committed")
    groups: dict[str, None] = dict.fromkeys(GROUPS.values())
    committed = _when_coordinated(lambda: admin.list_group_offsets(groups))
    return [
        PartitionState(
            *partition,
            first[partition].offset,
            end[partition].offset,
            _committed_offset(committed, partition),
            max(written[partition].offset - end[partition].offset, 0),
        )
        for partition in partitions
    ]


def lags(states: Iterable[PartitionState]) -> dict[str, int]:
    """Return the lag of each topic that has a consumer group, over all of its partitions."""
    found = dict.fromkeys(GROUPS, 0)
    for state in states:
        if state.lag is not None:
            found[state.topic] += state.lag
    return found


def behind_transactions(states: Iterable[PartitionState]) -> list[str]:
    """Return a line for each partition with an open transaction, naming the offsets that it hides."""
    return [
        f"{state.topic}-{state.partition}: {state.hidden:,} offsets from {state.end_offset} on are readable "
        "once an open transaction ends, at the latest after its producer's transaction.timeout.ms"
        for state in states
        if state.hidden
    ]


def live_members(admin: KafkaAdminClient) -> list[Member]:
    """Return the members of all groups; empty if no topology reads from this broker."""

    def describe() -> dict[str, dict[str, Any]]:
        described: dict[str, dict[str, Any]] = admin.describe_groups(list(GROUPS.values()))
        for group in described.values():
            if group["error"] and "GroupIdNotFound" not in str(group["error"]):
                raise CoordinatorNotAvailableError(f"group {group['group_id']}: {group['error']}")
        return described

    described = _when_coordinated(describe)
    return [
        Member(name, member["member_id"], member["client_id"], member["client_host"].lstrip("/"))
        for name in GROUPS.values()
        for member in described[name]["members"]
    ]


def are_orders_read(address: str) -> bool:
    """Return whether a topology reads the topic `orders`."""
    with connect(address) as admin:
        return any(member.group == GROUPS["orders"] for member in live_members(admin))


def _committed_offset(
    committed: Mapping[str, Mapping[TopicPartition, object]], partition: TopicPartition
) -> int | None:
    found = committed.get(GROUPS.get(partition.topic, ""), {}).get(partition)
    offset = getattr(found, "offset", -1)
    return offset if offset >= 0 else None


def _when_coordinated(ask: Callable[[], Answer]) -> Answer:
    """Retry while the broker still creates or loads its offsets topic, as after its first start."""
    return retry(
        ask,
        COORDINATOR_SECONDS_MAX,
        every=COORDINATOR_POLL_SECONDS,
        is_transient=lambda error: isinstance(error, KafkaError) and error.retriable,
    )
