"""The topology's consumer groups: how far each has read, and who is in them."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import CoordinatorNotAvailableError, KafkaError

from fintank.adapters.kafka import TOPICS, connect
from fintank.settings import TOPOLOGY

GROUPS: Mapping[str, str] = MappingProxyType(
    {topic: f"{TOPOLOGY}-{topic}" for topic in ("ticks", "orders", "executions", "fills")}
)
COORDINATOR_SECONDS_MAX = 10
COORDINATOR_POLL_SECONDS = 0.2

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class PartitionState:
    """Where a partition's log starts and ends, and how far its group (if it has one) has committed.

    `end_offset` is where committed records end. Behind it stand `hidden` offsets more, which nobody reads
    before an open transaction ends. `lag` is what the group still has to read before `end_offset`.
    """

    topic: str
    partition: int
    first_offset: int
    end_offset: int
    hidden: int
    group: str | None
    committed: int | None
    lag: int | None


@dataclass(frozen=True)
class Member:
    """A live member of a consumer group, as the broker knows it."""

    group: str
    member_id: str
    client_id: str
    host: str


def partition_states(admin: KafkaAdminClient) -> list[PartitionState]:
    """Return the state of every partition of every topic (all must exist), in TOPICS' order."""
    partitions = [
        TopicPartition(name, number) for name, topic in TOPICS.items() for number in range(topic.partitions)
    ]
    first = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    written = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    # Asked last, so that what is written meanwhile is not taken for hidden.
    end = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST), "read_committed")
    wanted: dict[str, None] = dict.fromkeys(GROUPS.values())
    committed = _when_coordinated(lambda: admin.list_group_offsets(wanted))
    return [
        partition_state(
            partition,
            first[partition].offset,
            end[partition].offset,
            _committed_offset(committed, partition),
            max(written[partition].offset - end[partition].offset, 0),
        )
        for partition in partitions
    ]


def partition_state(
    partition: TopicPartition, first_offset: int, end_offset: int, committed: int | None, hidden: int = 0
) -> PartitionState:
    """Work out the lag; a group without a commit, or behind what retention deleted, starts at the first."""
    group = GROUPS.get(partition.topic)
    lag = max(end_offset - max(committed or 0, first_offset), 0) if group else None
    topic, number = partition.topic, partition.partition
    return PartitionState(topic, number, first_offset, end_offset, hidden, group, committed, lag)


def behind_transactions(states: Iterable[PartitionState]) -> list[str]:
    """Say, a line for each partition with an open transaction, what waits for its end."""
    return [
        f"{state.topic}-{state.partition}: {state.hidden:,} offsets from {state.end_offset} on are read when "
        "an open transaction ends, at the latest after its producer's transaction.timeout.ms"
        for state in states
        if state.hidden
    ]


def live_members(admin: KafkaAdminClient) -> list[Member]:
    """Return who is in the four groups now; empty when no topology runs against this broker."""

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


def is_read(address: str, topic: str) -> bool:
    """Whether a topology reads a topic."""
    with connect(address) as admin:
        return any(member.group == GROUPS[topic] for member in live_members(admin))


def _committed_offset(
    committed: Mapping[str, Mapping[TopicPartition, object]], partition: TopicPartition
) -> int | None:
    offsets = committed.get(GROUPS.get(partition.topic, ""), {})
    found = offsets.get(partition)
    offset = getattr(found, "offset", -1)
    return offset if offset >= 0 else None


def _when_coordinated(ask: Callable[[], Answer]) -> Answer:
    """Ask again while the broker still makes or loads its offsets topic, as after its first start."""
    deadline = time.monotonic() + COORDINATOR_SECONDS_MAX
    while True:
        try:
            return ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise
        time.sleep(COORDINATOR_POLL_SECONDS)
