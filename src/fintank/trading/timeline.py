"""What the logs alone don't show of a shard's decisions: with it, every one can be made again."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fintank.trading.log_positions import Positions, Reached, Taken
from fintank.trading.partition_log import Partition

Offsets = Mapping[Partition, int]
"""The next offset of each partition that has been begun."""


class Adoption(NamedTuple):
    """A process took over the shard, and decides by these rules from these positions on.

    reached: how far it had come in log time. rules: the content of rules.toml. shards: how many there are.
    version, tzdata: of fintank and of the time zones. remembered: how many records the journal held; 0 if the
    shard began with nothing.
    """

    positions: Offsets
    now_ms: int
    reached: Reached
    rules: Mapping[str, object]
    shards: int
    version: str
    tzdata: str
    remembered: int


class Jump(NamedTuple):
    """A partition did not continue at its position: its log began, lost records, was cut or recreated.

    position: where it stood, None if it had not begun. first: where it continues, in the topic of topic_id.
    """

    positions: Offsets
    now_ms: int
    partition: Partition
    topic_id: str
    position: int | None
    first: int


class Shift(NamedTuple):
    """The records first to next - 1 were taken at log_ms, or in an order, that nothing else shows.

    positions: where all partitions stood just before.
    """

    positions: Offsets
    log_ms: int
    partition: Partition
    first: int
    next: int


class Behind(NamedTuple):
    """From an offset of a partition on, append times count as later by behind_ms, as the broker's clock is
    behind log time. It is so until the next of these, or an adoption.

    positions: only that partition and offset.
    """

    positions: Offsets
    behind_ms: int


class Resharded(NamedTuple):
    """The shards begin from these positions with what all shards before them remembered, divided by symbol.

    reports: the next offset of each partition of `executions`; the shards before decided what stands there.
    """

    positions: Offsets
    now_ms: int
    reports: Offsets


TimelineEvent = Adoption | Jump | Shift | Behind | Resharded


class TimelineNotes:
    """Gathers what is to be written to the timeline with the next commit."""

    def __init__(self, start: Positions) -> None:
        self._positions = {
            partition: position.next
            for partition, position in start.partitions.items()
            if position.next is not None
        }
        self._topic_ids = {partition: start.topic_ids.get(partition.topic) for partition in self._positions}
        self._now_ms = start.now_ms
        self._reached = start.reached
        self._jumped: set[Partition] = set()
        """The partitions none of whose records was taken since they jumped: the next is always a Shift."""
        self._behind_ms: dict[Partition, int] = {}
        self._events: list[TimelineEvent] = []

    def adopted(
        self, rules: Mapping[str, object], shards: int, version: str, tzdata: str, remembered: int
    ) -> None:
        """Note that the shard is adopted; see Adoption."""
        where = dict(self._positions), self._now_ms, self._reached
        self._events.append(Adoption(*where, rules, shards, version, tzdata, remembered))

    def saw(self, taken: Taken[Any], topic_id: str) -> None:
        """Note what is special about records that are about to be decided on."""
        partition = taken.partition
        self.stands_at(partition, taken.first, topic_id)
        if taken.behind_ms is not None and taken.behind_ms != self._behind_ms.get(partition, 0):
            self._behind_ms[partition] = taken.behind_ms
            self._events.append(Behind({partition: taken.first}, taken.behind_ms))
        if taken.is_shifted or (taken.records and partition in self._jumped):
            self._jumped.discard(partition)
            self._shift(taken)
        self._now_ms = taken.log_ms
        self._positions[partition] = taken.next

    def stands_at(self, partition: Partition, first: int, topic_id: str) -> None:
        """Note a jump, if the partition continues elsewhere than where it stood."""
        position, known = self._positions.get(partition), self._topic_ids.get(partition)
        if position == first and known in (None, topic_id):
            return
        self._events.append(Jump(dict(self._positions), self._now_ms, partition, topic_id, position, first))
        if position is not None:
            self._jumped.add(partition)
        self._positions[partition] = first
        self._topic_ids[partition] = topic_id

    def taken(self) -> Sequence[TimelineEvent]:
        """Return the notes and begin new ones."""
        events, self._events = self._events, []
        return events

    def _shift(self, taken: Taken[Any]) -> None:
        last = self._events[-1] if self._events else None
        if isinstance(last, Shift):
            end = {**last.positions, last.partition: last.next}
            if end == self._positions and (last.partition, last.log_ms) == (taken.partition, taken.log_ms):
                self._events[-1] = last._replace(next=taken.next)
                return
        shift = Shift(dict(self._positions), taken.log_ms, taken.partition, taken.first, taken.next)
        self._events.append(shift)
