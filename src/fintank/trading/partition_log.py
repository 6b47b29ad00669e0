"""One partition of a topic as a shard follows it: its ranges in offset order, each record once."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import zip_longest
from typing import Generic, NamedTuple, TypeVar

PENDING_ENDS_MAX = 256
WAIT_MS_MAX = 1_000
"""How long a record waits for partitions that have no record but whose reported time is earlier."""
HELD_UP_MS_MAX = 60_000
"""By then, twice Storm's message timeout, a range that was lost is delivered again."""
STANDSTILL_MS_MAX = 5_000
"""How long a shard that can't take any record waits before it takes one whose time is wrong."""
HEARD_MS_MAX = 10_000
"""A partition without records for longer says nothing about its broker's clock."""
RECORDS_MAX = 500
"""The most records that are taken at once; those of one offset are never split."""

T = TypeVar("T")


class Partition(NamedTuple):
    """A partition of a topic of the order flow."""

    topic: str
    number: int


class Run(NamedTuple):
    """`records` consecutive offsets from `first` on, appended to Kafka at append_ms."""

    first: int
    records: int
    append_ms: int


@dataclass(frozen=True, slots=True)
class Range(Generic[T]):
    """The offsets first to next - 1 of a partition: their runs, and the records that belong to the shard.

    Ranges of a partition join up: each begins where the one before it ended, gaps in the offsets included.
    offsets: the offset of each record, ascending; one offset may have several records.
    """

    first: int
    next: int
    runs: Sequence[Run]
    offsets: Sequence[int]
    records: Sequence[T]


class JoinedRun(NamedTuple):
    """Offsets of one append time; due_ms: the earliest log time that they can have; before the append time if
    no record stands there."""

    first: int
    next: int
    append_ms: int
    due_ms: int

    @property
    def behind_ms(self) -> int | None:
        """By how much their append time counts as later; None if no record stands there."""
        return None if self.due_ms < self.append_ms else self.due_ms - self.append_ms


@dataclass(slots=True)
class FollowedPartition(Generic[T]):
    """The records of a partition that were delivered and not taken yet."""

    position: int | None
    """The end of what was delivered without a gap; None until the start is known."""
    log_ms: int
    reported_ms: int
    reached_ms: int = -1
    """When, by this process's clock, the latest report was made whose end is delivered."""
    waiting_since_ms: int | None = None
    """Since when, by this process's clock, the next record waits for other partitions."""
    lift_ms_max: int = WAIT_MS_MAX
    set_back: tuple[int, int] = 0, 0
    """Offset and time of the latest record that is earlier than the one before it, by WAIT_MS_MAX."""
    full: tuple[int, int] | None = None
    """Up to which offset a full partition was read, and when, by this process's clock, that was reported."""
    held_up_end: int = 0
    """Up to this offset, records whose time is wrong wait no longer."""
    runs: deque[JoinedRun] = field(default_factory=deque)
    records: deque[tuple[Sequence[int], Sequence[T]]] = field(default_factory=deque)
    """The offsets and records of each joined range that has records left."""
    taken: int = 0
    """How many records of the first of these ranges were taken."""
    early: dict[int, Range[T]] = field(default_factory=dict)
    """Ranges after a gap, by first offset."""
    early_firsts: list[int] = field(default_factory=list)
    """The first offsets of these ranges, as a heap."""
    behind_ms: int = 0
    """By how much the append times of its broker are behind log time, as far as that is known."""
    heard_ms: int | None = None
    """The log time of the latest report that a record was compared with."""
    last: JoinedRun | None = None
    """The last run that was joined and holds records."""
    ends: list[tuple[int, int, int]] = field(default_factory=list)
    """The reported ends that are not delivered yet, each with its time and when it was reported."""

    def offer(self, found: Range[T]) -> None:
        kept = self.early.get(found.first)
        if kept is None:
            heappush(self.early_firsts, found.first)
        if kept is None or kept.next < found.next:
            self.early[found.first] = found
        self._join_early()

    def start(self, offset: int) -> int:
        """Take in where the spout starts; return how many offsets are gone for good."""
        gone = 0 if self.position is None else max(0, offset - self.position)
        if gone or self.position is None:
            self.position = offset
            self._join_early()
        return gone

    def on_end(self, end: int, reported_ms: int, made_ms: int) -> None:
        self.ends.append((end, reported_ms, made_ms))
        if len(self.ends) > PENDING_ENDS_MAX:
            del self.ends[::2]
        self._reached()

    def _join_early(self) -> None:
        firsts = self.early_firsts
        while firsts and self.position is not None and firsts[0] <= self.position:
            self._join(self.early.pop(heappop(firsts)), self.position)
        self._reached()

    def _join(self, found: Range[T], position: int) -> None:
        if found.next <= position:
            return
        first = position
        for run, behind in zip_longest(found.runs, found.runs[1:]):
            end = found.next if behind is None else min(behind.first, found.next)
            if end > first:
                if first < run.first + run.records:
                    self._set_behind(run.append_ms, first, end, is_first=first == position)
                    if self.last is not None and run.append_ms < self.last.append_ms - WAIT_MS_MAX:
                        self.set_back = first, run.append_ms
                    self.last = JoinedRun(first, end, run.append_ms, run.append_ms + self.behind_ms)
                    self.runs.append(self.last)
                else:
                    self.runs.append(JoinedRun(first, end, 0, -1))
                first = end
        if first < found.next:
            self.runs.append(JoinedRun(first, found.next, 0, -1))
        start = bisect_left(found.offsets, position)
        if start < len(found.offsets):
            self.records.append((found.offsets[start:], found.records[start:]))
        self.position = found.next

    def _set_behind(self, append_ms: int, first: int, end: int, *, is_first: bool) -> None:
        """Compare the append time of the next run, first to end - 1, with the reports before and after it."""
        if is_first:
            after_ms = self.reported_ms
        elif self.last is not None and append_ms < self.last.append_ms:
            after_ms = min(self.last.due_ms, self._report_of(first) or 0)
        else:
            after_ms = 0
        self.behind_ms = max(self.behind_ms, after_ms - append_ms)
        self.heard_ms = self.reported_ms
        if self.behind_ms and (before_ms := self._report_of(end)) is not None:
            self.behind_ms = max(0, min(self.behind_ms, before_ms - append_ms))

    def _report_of(self, end: int) -> int | None:
        """Return when the log first held all before `end`, by the reports that are not reached yet."""
        return next((reported_ms for reported, reported_ms, _ in self.ends if reported >= end), None)

    def _reached(self) -> None:
        reached = 0
        position = -1 if self.position is None else self.position
        while reached < len(self.ends) and self.ends[reached][0] <= position:
            end, reported_ms, self.reached_ms = self.ends[reached]
            self.reported_ms = max(self.reported_ms, reported_ms)
            if end == position and self.last is not None:
                # The last record was there at this report.
                self.behind_ms = max(0, min(self.behind_ms, reported_ms - self.last.append_ms))
            reached += 1
        del self.ends[:reached]

    def is_full_since(self, elapsed_ms: int) -> bool:
        """Whether its spout has since reported that it waits for acks, and all that it read is delivered."""
        return (
            self.full is not None
            and self.position is not None
            and self.full[0] <= self.position
            and self.full[1] >= elapsed_ms
        )

    def has_wrong_time(self, now_ms: int) -> bool:
        """Whether the next record's time is plainly ahead, as a later one is earlier, or long past."""
        if not self.runs:
            return False
        head, (offset, append_ms) = self.runs[0], self.set_back
        is_ahead = head.first < offset and head.append_ms > append_ms + WAIT_MS_MAX
        return is_ahead or head.append_ms < now_ms - WAIT_MS_MAX

    def wait_no_longer(self) -> None:
        """Count all that was delivered by its append time, and wait no longer where that is wrong."""
        self.held_up_end, self.behind_ms = self.position or 0, 0
        self.runs = deque(run._replace(due_ms=min(run.due_ms, run.append_ms)) for run in self.runs)

    @property
    def least_ms(self) -> int:
        """The earliest log time that the next record can have."""
        least_ms = self.runs[0].due_ms if self.runs else self.reported_ms
        return least_ms if least_ms > self.log_ms else self.log_ms

    def take(self) -> tuple[JoinedRun, Sequence[T]]:
        """Take the next run, or as much of it as RECORDS_MAX allows."""
        run = self.runs.popleft()
        if not self.records:
            return run, ()
        offsets, records = self.records[0]
        first = self.taken
        end = bisect_left(offsets, run.next, first)
        if end - first > RECORDS_MAX:
            end = bisect_right(offsets, offsets[first + RECORDS_MAX - 1], first, end)
        if end < len(offsets) and offsets[end] < run.next:
            self.runs.appendleft(run._replace(first=offsets[end]))
            run = run._replace(next=offsets[end])
        if end < len(offsets):
            self.taken = end
        else:
            self.records.popleft()
            self.taken = 0
        return run, records[first:end]


def behind_all_ms(logs: Sequence[FollowedPartition[T]], told_ms: int) -> int:
    """Return by how much the brokers of all these partitions are behind log time, by their latest records."""
    return min(
        (
            log.behind_ms
            for log in logs
            if log.heard_ms is not None and told_ms - log.heard_ms <= HEARD_MS_MAX
        ),
        default=0,
    )


def held_up(logs: Sequence[FollowedPartition[T]], now_ms: int, elapsed_ms: int, moved_ms: int) -> int | None:
    """Return the index of a partition whose next record waits no longer, as its time is wrong and shards may
    wait for each other.

    A spout delivers only a limited number of records beyond the slowest shard. One that is past a record
    whose time is ahead may need more of its partition first, while this shard needs more of the others. After
    STANDSTILL_MS_MAX that is known, if the spouts report that nothing is on its way.

    moved_ms: when, by the clock of elapsed_ms, the shard last took a record of any of them.
    """
    for index, log in enumerate(logs):
        if log.waiting_since_ms is None or not log.has_wrong_time(now_ms):
            continue
        key = max(log.least_ms, now_ms), index
        since_ms = max(moved_ms, log.waiting_since_ms) + STANDSTILL_MS_MAX
        is_known = all(
            other.runs or (max(other.least_ms, now_ms), number) > key or other.is_full_since(since_ms)
            for number, other in enumerate(logs)
        )
        if is_known or elapsed_ms - log.waiting_since_ms >= HELD_UP_MS_MAX:
            log.wait_no_longer()
        if log.runs[0].first < log.held_up_end:
            return index
    return None
