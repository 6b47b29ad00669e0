"""The order in which a shard has decided, from the logs and its timeline.

The logs alone give the order if nothing special happened: by log time, then ticks before orders, then by
partition. What did happen is in the timeline, each with the positions of all partitions: what stands before
those was taken before it.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from fintank.trading.log_merge import TOPICS
from fintank.trading.log_positions import Taken
from fintank.trading.partition_log import Partition, Range
from fintank.trading.timeline import Adoption, Behind, Jump, Offsets, Shift, TimelineEvent

NO_RECORD_MS = -1_000_000_000_000_000
"""The append time of offsets at which no record stands."""

T = TypeVar("T")


class Beginning(NamedTuple):
    """From where a shard can be replayed.

    positions: by partition. events: those of the timeline from there on. is_complete: the shard had decided
    nothing before; else it knew, at now_ms, quotes and orders that can't be found in the logs.
    """

    positions: Offsets
    events: Sequence[TimelineEvent]
    is_complete: bool
    now_ms: int


def beginning(events: Sequence[TimelineEvent]) -> Beginning | None:
    """Return from where a shard with this timeline can be replayed, if the logs are kept from there on.

    None if no adoption is known, and so no rules.
    """
    lost = next((at for at in reversed(range(len(events))) if is_lost(events[at])), None)
    if lost is not None:
        return _after_loss(events, lost)
    adopted = [at for at, event in enumerate(events) if isinstance(event, Adoption)]
    if not adopted:
        return None
    events = events[adopted[0] :]
    first = events[0]
    assert isinstance(first, Adoption)
    is_complete = not first.remembered and not first.positions
    return Beginning(first.positions, events, is_complete, first.now_ms)


def is_lost(event: TimelineEvent) -> bool:
    """Whether what a partition held before is gone: it was cut, or belongs to another topic now."""
    return isinstance(event, Jump) and event.position is not None and event.first <= event.position


def _after_loss(events: Sequence[TimelineEvent], lost: int) -> Beginning | None:
    jump = events[lost]
    assert isinstance(jump, Jump)
    adoption = next((event for event in reversed(events[:lost]) if isinstance(event, Adoption)), None)
    if adoption is None:
        return None
    positions = {**jump.positions, jump.partition: jump.first}
    behind = (
        Behind({place: positions[place]}, behind_ms)
        for place, behind_ms in _behind_ms(events[:lost]).items()
        if place in positions
    )
    later = [adoption._replace(positions=positions), *behind, *events[lost + 1 :]]
    return Beginning(positions, later, False, jump.now_ms)


def _behind_ms(events: Sequence[TimelineEvent]) -> Mapping[Partition, int]:
    """Return by how much the append times of each partition count as later after these events."""
    found: dict[Partition, int] = {}
    for event in events:
        if isinstance(event, Adoption):
            found.clear()
        elif isinstance(event, Behind):
            found |= dict.fromkeys(event.positions, event.behind_ms)
    return found


class _Run(NamedTuple):
    first: int
    next: int
    append_ms: int


@dataclass(slots=True)
class _Log(Generic[T]):
    """What was read of a partition and not taken yet."""

    position: int | None
    log_ms: int
    """The log time that no later record falls behind."""
    runs: deque[_Run] = field(default_factory=deque)
    records: deque[tuple[Sequence[int], Sequence[T]]] = field(default_factory=deque)
    jumps: deque[Jump] = field(default_factory=deque)
    behind_ms: int = 0
    """By how much the append time of the first run counts as later."""
    behind: deque[tuple[int, int]] = field(default_factory=deque)
    """The same of later offsets, each from one on."""

    @property
    def due_ms(self) -> int:
        return max(self.log_ms, self.runs[0].append_ms + self.behind_ms)

    def offer(self, found: Range[T]) -> None:
        first = found.first
        for run in found.runs:
            if first < run.first:
                self.runs.append(_Run(first, run.first, NO_RECORD_MS))
            first = run.first + run.records
            self.runs.append(_Run(run.first, first, run.append_ms))
        if first < found.next:
            self.runs.append(_Run(first, found.next, NO_RECORD_MS))
        if found.offsets:
            self.records.append((found.offsets, found.records))

    def skip(self, position: int) -> None:
        """Drop what stands before a position."""
        while self.runs and self.runs[0].next <= position:
            self.runs.popleft()
        if self.runs and self.runs[0].first < position:
            self.runs[0] = self.runs[0]._replace(first=position)
        self._records_to(position)
        self._stands_at(position)

    def take(self, bound: int) -> tuple[_Run, list[T]]:
        """Take the next run, as far as the bound."""
        if self.behind:
            bound = min(bound, self.behind[0][0])
        run = self.runs.popleft()
        if run.next > bound:
            self.runs.appendleft(run._replace(first=bound))
            run = run._replace(next=bound)
        self._stands_at(run.next)
        return run, self._records_to(run.next)

    def _stands_at(self, position: int) -> None:
        self.position = position
        while self.behind and self.behind[0][0] <= position:
            self.behind_ms = self.behind.popleft()[1]

    def _records_to(self, end: int) -> list[T]:
        found: list[T] = []
        while self.records and self.records[0][0][0] < end:
            offsets, records = self.records.popleft()
            cut = bisect_left(offsets, end)
            found += records[:cut]
            if cut < len(offsets):
                self.records.appendleft((offsets[cut:], records[cut:]))
        return found


class LogReplay(Generic[T]):
    """Gives the records of the partitions in the order in which a shard has taken them.

    wanted: the partition of which more must be offered before anything can be taken; None at the end.
    """

    def __init__(self, start: Beginning, ends: Offsets) -> None:
        """Replay from the start to these ends."""
        self.wanted: Partition | None = None
        partitions = sorted(ends, key=lambda place: (TOPICS.index(place.topic), place.number))
        self._logs = {
            partition: _Log[T](start.positions.get(partition), start.now_ms) for partition in partitions
        }
        self._indexes = {partition: index for index, partition in enumerate(partitions)}
        self._ends = ends
        self._events: deque[Adoption | Shift] = deque()
        for event in start.events:
            if any(offset > ends.get(place, 0) for place, offset in event.positions.items()):
                break  # it was written after the ends were asked for
            if isinstance(event, Adoption | Shift):
                self._events.append(event)
            if isinstance(event, Adoption | Behind):
                self._set_behind(event)
            elif isinstance(event, Jump) and event.partition in self._logs:
                self._logs[event.partition].jumps.append(event)
        for log in self._logs.values():
            self._jump(log)

    @property
    def positions(self) -> Mapping[Partition, int | None]:
        """The offset from which each partition is replayed or was so far; None if none of it was decided."""
        return {partition: log.position for partition, log in self._logs.items()}

    def start_at(self, partition: Partition, first: int) -> None:
        """Leave out what the log no longer holds."""
        log = self._logs[partition]
        log.skip(first)
        self._jump(log)

    def offer(self, partition: Partition, found: Range[T]) -> None:
        """Take in the next range of a partition; it must join the one before."""
        log = self._logs[partition]
        if log.position is not None:
            log.offer(found)
            log.skip(log.position)

    def take(self) -> Iterator[Taken[T] | Adoption]:
        """Yield adoptions and records, as far as what was offered allows."""
        while True:
            event = self._events[0] if self._events else None
            bounds = event.positions if event else self._ends
            waiting = {
                partition: log
                for partition, log in self._logs.items()
                if log.position is not None and log.position < bounds.get(partition, 0)
            }
            self.wanted = next((partition for partition, log in waiting.items() if not log.runs), None)
            if self.wanted is not None:
                return
            if waiting:
                partition = min(waiting, key=lambda place: (waiting[place].due_ms, self._indexes[place]))
                taken = self._taken(partition, bounds[partition], waiting[partition].due_ms)
                if taken.records:
                    yield taken
            elif isinstance(event, Shift):
                yield from self._shifted(event)
                if self.wanted is not None:
                    return
                self._events.popleft()
            elif event is not None:
                self._events.popleft()
                yield event
            else:
                return

    def _shifted(self, shift: Shift) -> Iterator[Taken[T]]:
        log = self._logs[shift.partition]
        while log.position is not None and log.position < shift.next:
            if not log.runs:
                self.wanted = shift.partition
                return
            taken = self._taken(shift.partition, shift.next, shift.log_ms)
            if taken.records:
                yield taken

    def _taken(self, partition: Partition, bound: int, log_ms: int) -> Taken[T]:
        log = self._logs[partition]
        run, records = log.take(bound)
        log.log_ms = log_ms
        self._jump(log)
        return Taken(partition, run.first, run.next, log_ms, False, records)

    def _set_behind(self, event: Adoption | Behind) -> None:
        """Let the append times count as later from there on; those after an adoption count as they are."""
        behind_ms = event.behind_ms if isinstance(event, Behind) else 0
        for partition in event.positions.keys() & self._logs.keys():
            self._logs[partition].behind.append((event.positions[partition], behind_ms))

    @staticmethod
    def _jump(log: _Log[T]) -> None:
        while log.jumps and (log.jumps[0].position or 0) <= (log.position or 0):
            log.skip(max(log.jumps.popleft().first, log.position or 0))
