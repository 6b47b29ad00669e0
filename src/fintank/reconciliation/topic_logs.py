"""What the checks know of each partition: what it still holds, and how far the topology has read it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fintank.adapters import kafka_topics
from fintank.adapters.consumer_groups import PartitionState
from fintank.adapters.rejected_records import rejected_offsets
from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.findings import BreakKind, Result

CLOCK_SKEW_MS_MAX = 60_000
"""How far apart related records are appended at most, by a broker clock that may be set meanwhile."""
NO_RECORD_MS = 2**53
"""The oldest time of a partition that retention emptied."""
REJECTS = ("rejects", 0)
_INPUT = re.compile(r"orders-([0-9]{1,9})-([0-9]{1,18})")

PartitionKey = tuple[str, int]
"""A topic and the number of a partition."""


class PartitionLog(NamedTuple):
    """One partition as it was before anything was read.

    oldest_ms: when its first record was appended. committed: the committed offset of its consumer group;
    None without a group or a commit. rejected: the offsets that the topic `rejects` names; unread: those of
    them whose records the topology could not use, while of the others the sink refused the points.
    """

    first_offset: int = 0
    oldest_ms: int = 0
    committed: int | None = None
    rejected: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()

    def is_done(self, offset: int) -> bool:
        """Return whether the topology has processed this record."""
        return self.committed is not None and offset < self.committed

    def may_have_lost(self, time_ms: int) -> bool:
        """Return whether retention may have deleted what was appended at that time."""
        return self.first_offset > 0 and time_ms <= self.oldest_ms + CLOCK_SKEW_MS_MAX


@dataclass
class TopicLogs:
    """Every partition of every topic, and those whose end an open transaction hid while they were read."""

    partitions: Mapping[PartitionKey, PartitionLog]
    hidden: frozenset[PartitionKey] = frozenset()

    def is_missing(self, result: Result, partition: PartitionKey, time_ms: int) -> bool:
        """Return whether a record that was not found should be there; if it need not be, count why."""
        if self.partitions[partition].may_have_lost(time_ms):
            result.beyond_retention += 1
        elif partition in self.hidden:
            result.pending += 1
        else:
            return True
        return False

    def check_unusable(
        self, result: Result, partition: PartitionKey, unusable: Iterable[tuple[int, int]]
    ) -> None:
        """Look for the rejects of unusable records, each given by its offset and append time in ms."""
        log = self.partitions[partition]
        for offset, time_ms in unusable:
            if not log.is_done(offset):
                result.pending += 1
            elif offset in log.rejected:
                result.compared += 1
            elif self.is_missing(result, REJECTS, time_ms):
                result.compared += 1
                name = f"{partition[0]}-{partition[1]}-{offset}"
                detail = "is unusable and not in the topic rejects"
                result.add(BreakKind.RECORD_NOT_REJECTED, name, detail)

    def has_deleted(self, message_input: str) -> bool:
        """Return whether retention deleted the record of `orders` with this name."""
        match = _INPUT.fullmatch(message_input)
        log = self.partitions.get(("orders", int(match[1]))) if match else None
        return match is not None and log is not None and int(match[2]) < log.first_offset


def reports_partition(symbol: str) -> PartitionKey:
    """Return where the reports of a symbol's orders are."""
    return "executions", kafka_topics.reports_partition(symbol)


def read_logs(address: str, states: Iterable[PartitionState]) -> TopicLogs:
    """Read what is known of every partition."""
    logs: dict[PartitionKey, PartitionLog] = {}
    rejected, unread = rejected_offsets(address)
    for topic in kafka_topics.topics():
        found = {state.partition: state for state in states if state.topic == topic}
        oldest = oldest_ms(address, topic, {number: state.first_offset for number, state in found.items()})
        for number, state in found.items():
            logs[topic, number] = PartitionLog(
                state.first_offset,
                oldest.get(number, 0),
                state.committed,
                frozenset(rejected.get((topic, number), ())),
                frozenset(unread.get((topic, number), ())),
            )
    return TopicLogs(logs)


def oldest_ms(address: str, topic: str, starts: Mapping[int, int]) -> dict[int, int]:
    """Return when the first record was appended, by partition, of those that don't start at offset 0."""
    late = {number: first for number, first in starts.items() if first > 0}
    if not late:
        return {}
    with open_reader(address, topic) as reader:
        found = {number: reader.first_ms(number, first) for number, first in late.items()}
    return {number: NO_RECORD_MS if time_ms is None else time_ms for number, time_ms in found.items()}
