"""The order in which a shard decides: that of the logs, whatever order Storm delivers in.

The ranges of a partition are put back into offset order, each record once. The partitions are merged by log
time: a record is taken when no partition can still deliver one that comes before it.

The log time of a record is the latest of its append time, the previous log time in its partition, and the
shard's own time. At equal log times ticks come before orders; then partition and offset decide.

A record that was not there when the end of its partition was reported is later than that report. If its
append time says otherwise, its broker's clock is behind log time (it was set back, or others are ahead), and
its append times count as later by so much. A spout's clock that is ahead of the brokers of all its partitions
runs at half speed until it is not. So log time neither stands still nor goes back.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from fintank.trading.log_positions import LogEnds, LogPosition, Taken
from fintank.trading.partition_log import (
    WAIT_MS_MAX,
    FollowedPartition,
    Partition,
    Range,
    behind_all_ms,
    held_up,
)

TOPICS = ("ticks", "orders")
"""The order in which records of equal log time are taken."""

LAST = (2**63, 0)
"""Later than anything: a time in milliseconds and the index of a partition."""

T = TypeVar("T")


class LogMerge(Generic[T]):
    """Merges the partitions of a shard.

    What the logs alone give, if all is well: records ordered by the latest append time up to theirs in their
    partition (or the log time of the shard's record before it, if that is later), then by partition. Append
    times count as later by what is said with the records (Taken.behind_ms).

    now_ms is the shard's time: the log time of the last record taken, or the time of a timer after it.
    elapsed_ms, the monotonic clock of this process in milliseconds, only bounds how long a record waits.
    """

    def __init__(
        self,
        positions: Mapping[Partition, LogPosition],
        now_ms: int,
        before: Callable[[int], None] = lambda log_ms: None,
    ) -> None:
        """Start at these positions, one per partition of every topic.

        before: called with the log time of the next records before the position moves past them.
        """
        self.now_ms = now_ms
        self._before = before
        self.disagreements = 0
        """How often a record was taken before its append time, as its broker's clock is ahead."""
        self._partitions = sorted(positions, key=lambda place: (TOPICS.index(place.topic), place.number))
        starts = [positions[partition] for partition in self._partitions]
        self._logs = [FollowedPartition[T](*start, reported_ms=now_ms) for start in starts]
        self.gone = 0
        """How many offsets were deleted from the logs before they were read, or lost after it."""
        self._index = {partition: index for index, partition in enumerate(self._partitions)}
        taken = [index for index, start in enumerate(starts) if start.log_ms >= now_ms and start.next]
        self._last = now_ms, max(taken, default=-1)
        """The log time and the partition's index of the records that were taken last."""
        self._moved_ms = 0
        """When, by this process's clock, a record was last taken."""
        self._lifts: dict[str, int] = {}
        """The offset from each spout's clock to log time."""
        self._asked_ms: dict[str, int] = {}
        self._made_ms: dict[str, int] = {}
        """When, by this process's clock, each spout's latest report was made, at the latest."""
        self._fresh: set[str] = set()
        """The clocks that no caught-up spout has set yet."""

    def offer(self, partition: Partition, found: Range[T]) -> None:
        """Take in a range; records that are already known are ignored."""
        self._logs[self._index[partition]].offer(found)

    def on_ends(self, ends: LogEnds, elapsed_ms: int) -> None:
        """Take in the ends of partitions that a spout reported."""
        clock = ends.clock
        if clock not in self._lifts:
            told_ms = [self._asked_ms[other] + lift_ms for other, lift_ms in self._lifts.items()]
            self._lifts[clock] = max(self.now_ms, *told_ms, 0) - ends.asked_ms
            self._fresh.add(clock)
        before_ms = self._asked_ms.get(clock, ends.asked_ms)
        self._asked_ms[clock] = max(before_ms, ends.asked_ms)
        advance_ms = self._asked_ms[clock] - before_ms
        self._slow_down(ends, advance_ms)
        # While this process stands still, reports wait for it: no clock runs at half another's speed.
        made_ms = min(elapsed_ms, self._made_ms.get(clock, elapsed_ms) + 2 * advance_ms)
        self._made_ms[clock] = made_ms
        if ends.appended_ms is not None:
            self._lift(clock, ends.appended_ms)
            if ends.is_caught_up:
                self._fresh.clear()
        for partition, (start, end) in ends.partitions.items():
            log = self._logs[self._index[partition]]
            self.gone += log.start(start)
            log.on_end(end, ends.asked_ms + self._lifts[clock], made_ms)
            log.full = (ends.full[partition], made_ms) if partition in ends.full else None

    def _lift(self, reported_by: str, appended_ms: int) -> None:
        """Advance the clocks that are behind an append time. One that was set before is not far behind
        unless the broker's clock is wrong."""
        for clock in {reported_by, *self._fresh}:
            ahead_ms = appended_ms - (self._asked_ms[clock] + self._lifts[clock])
            if 0 < ahead_ms <= WAIT_MS_MAX or (ahead_ms > 0 and clock in self._fresh):
                self._lifts[clock] += ahead_ms

    def _slow_down(self, ends: LogEnds, advance_ms: int) -> None:
        """Let a clock that is ahead of the brokers of all its partitions advance by half."""
        told_ms = ends.asked_ms + self._lifts[ends.clock]
        logs = [self._logs[self._index[partition]] for partition in ends.partitions]
        ahead_ms = behind_all_ms(logs, told_ms)
        if ahead_ms:
            slower_ms = min(ahead_ms, advance_ms // 2)
            self._lifts[ends.clock] -= slower_ms
            for log in logs:
                log.behind_ms = max(0, log.behind_ms - slower_ms)

    def begin_again(self, partition: Partition) -> None:
        """Forget a partition whose topic was recreated."""
        self._logs[self._index[partition]] = FollowedPartition(None, self.now_ms, self.now_ms)

    def cut(self, partition: Partition, end: int) -> None:
        """Go back to the end of a log whose broker lost what stood there: other records come in its place.

        What was delivered and not taken yet is delivered again.
        """
        log = self._logs[self._index[partition]]
        if log.position is not None and log.position > end:
            self.gone += log.position - end
            taken = self.positions[partition].next
            position = end if taken is None else min(taken, end)
            self._logs[self._index[partition]] = FollowedPartition(position, log.log_ms, log.reported_ms)

    def take(self, elapsed_ms: int) -> Iterator[Taken[T]]:
        """Yield the records that can be decided now; now_ms and the positions move with each yield."""
        while True:
            least, second = self._least()
            log = self._logs[least[1]]
            if not log.runs:
                late = self._overdue(elapsed_ms) or self._held_up(elapsed_ms)
                if late is None:
                    return
                self._moved_ms = elapsed_ms
                yield late
                continue
            log.lift_ms_max, self._moved_ms = WAIT_MS_MAX, elapsed_ms
            while log.runs and (max(log.least_ms, self.now_ms), least[1]) < second:
                yield self._taken(least[1], log.least_ms)

    def waited_ms(self, elapsed_ms: int) -> int:
        """How long a record has been waiting at most for partitions that may bring an earlier one."""
        since_ms = [log.waiting_since_ms for log in self._logs if log.waiting_since_ms is not None]
        return elapsed_ms - min(since_ms, default=elapsed_ms)

    @property
    def frontier_ms(self) -> int:
        """The lowest log time that a record still to be taken can have."""
        return self._least()[0][0]

    @property
    def positions(self) -> dict[Partition, LogPosition]:
        """How far each partition was taken."""
        return {
            partition: LogPosition(log.runs[0].first if log.runs else log.position, log.log_ms)
            for partition, log in zip(self._partitions, self._logs, strict=True)
        }

    def _least(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the least (log time, partition index) that can come next, and the second least."""
        now_ms = self.now_ms
        # This runs for each switch between partitions: a loop takes half the time of sorting.
        least = second = LAST
        for index, log in enumerate(self._logs):
            at_ms = log.least_ms
            key = (at_ms if at_ms > now_ms else now_ms), index
            if key < least:
                least, second = key, least
            elif key < second:
                second = key
        return least, second

    def _taken(self, index: int, log_ms: int) -> Taken[T]:
        log = self._logs[index]
        natural_ms, log_ms = log.least_ms, max(self.now_ms, log_ms)
        self._before(log_ms)
        run, records = log.take()
        self.now_ms = log_ms
        log.waiting_since_ms = None
        is_early = self.now_ms < natural_ms
        is_shifted = is_early or (
            bool(records) and (self.now_ms > natural_ms or (natural_ms, index) < self._last)
        )
        log.log_ms = self.now_ms if records or is_early else natural_ms
        if records:
            self._last = self.now_ms, index
        place = self._partitions[index]
        return Taken(place, run.first, run.next, self.now_ms, is_shifted, records, run.behind_ms)

    def _overdue(self, elapsed_ms: int) -> Taken[T] | None:
        """Take the next record if it has waited too long for partitions whose spouts were asked since.

        Records that they reported before it are taken first, however long their delivery takes.
        """
        if not any(log.runs for log in self._logs):
            return None
        keys = [(max(log.least_ms, self.now_ms), index) for index, log in enumerate(self._logs)]
        heads = [key for key in keys if self._logs[key[1]].runs]
        for _, index in heads:
            if self._logs[index].waiting_since_ms is None:
                self._logs[index].waiting_since_ms = elapsed_ms
        due_ms, index = min(heads)
        log = self._logs[index]
        waited_for = [self._logs[key[1]] for key in keys if key < (due_ms, index)]
        asked_since_ms = min(other.reached_ms for other in waited_for)
        if log.waiting_since_ms is None or asked_since_ms - log.waiting_since_ms < WAIT_MS_MAX:
            return None
        reported_ms = min(other.least_ms for other in waited_for)
        lift_ms = min(due_ms - reported_ms, log.lift_ms_max)
        self._lifts = {spout: was_ms + lift_ms for spout, was_ms in self._lifts.items()}
        log.lift_ms_max *= 2
        self.disagreements += 1
        return self._taken(index, reported_ms)

    def _held_up(self, elapsed_ms: int) -> Taken[T] | None:
        index = held_up(self._logs, self.now_ms, elapsed_ms, self._moved_ms)
        return None if index is None else self._taken(index, self.now_ms)
