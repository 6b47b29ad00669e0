"""Feeds a shard the records of the logs, in order and each once, and commits its positions."""

from collections.abc import Mapping, Sequence

from fintank.bolts.owned_shard import OwnedShard
from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition, Positions
from fintank.trading.messages import Quote
from fintank.trading.partition_log import Partition, Range
from fintank.trading.timeline import TimelineEvent, TimelineNotes
from fintank.wire.bolts.order_stream import OwnedMessage

LEFT_IDS_MAX = 10
DECISIONS_MAX = 10_000
"""More decisions than that go into several transactions; the effects of one record are never split."""
TRADING_STATES = Partition("orders", 0)


class ShardFeed:
    """Lets a shard decide on the records of the logs, and writes its progress with each decision.

    The shard's time is that of the logs; no clock of this host is read.
    """

    def __init__(self, owned: OwnedShard, start: Positions, partitions: Sequence[Partition]) -> None:
        """Start at the positions of the shard's journal, and other partitions where their spouts start."""
        self.owned = owned
        positions = {
            partition: start.partitions.get(partition, LogPosition(None, 0)) for partition in partitions
        }
        self.merge = LogMerge[Quote | OwnedMessage](positions, start.now_ms, self._run_timers)
        self.timeline = TimelineNotes(start)
        self._topic_ids = dict(start.topic_ids)
        self._left_ids = list(start.left_ids)
        self._committed = self.merge.positions
        self.committed: dict[Partition, int | None] = dict.fromkeys(partitions)
        """The offset of each partition up to which everything is written; None if that is not known."""
        self.uncommitted = 0
        """How many offsets are decided on and not written yet, in the partition that has the most."""
        self._reported: set[Partition] = set()
        """The partitions whose topics' ids are known to match the positions."""
        self._held: list[tuple[Partition, str, Range[Quote | OwnedMessage]]] = []
        """The ranges of other partitions and topic ids, which no report has named yet."""

    def offer(self, partition: Partition, topic_id: str, found: Range[Quote | OwnedMessage]) -> None:
        """Take in a range of a partition; ranges may come in any order and more than once."""
        if partition in self._reported and topic_id == self._topic_ids[partition.topic]:
            self.merge.offer(partition, found)
        elif topic_id not in self._left_ids:
            self._held.append((partition, topic_id, found))

    def reached(self, topic: str, topic_id: str, ends: LogEnds, elapsed_ms: int) -> bool:
        """Take in where the partitions of a topic end; return whether the topic was recreated.

        It was if its id is new; what still comes with an earlier id is ignored.
        """
        if topic_id in self._left_ids:
            return False
        known = self._topic_ids.get(topic)
        is_recreated = known is not None and known != topic_id
        if known is not None and is_recreated:
            self._left_ids = [*self._left_ids, known][-LEFT_IDS_MAX:]
            self._begin_again(topic)
        self._topic_ids[topic] = topic_id
        if ends.cuts:
            self.cut(ends.cuts)
        firsts = ends.partitions.keys() - self._reported
        if firsts or is_recreated:
            at = self.merge.positions
            self.committed |= {partition: at[partition].next for partition in firsts}
            self._reported |= firsts
            held, self._held = self._held, []
            for partition, of_id, found in held:
                self.offer(partition, of_id, found)
        self.merge.on_ends(ends, elapsed_ms)
        return is_recreated

    def cut(self, ends: Mapping[Partition, int]) -> None:
        """Go back to the ends of logs whose brokers lost what was decided on.

        The ends in a report don't show that: it may be older than the adoption, and the positions be newer.
        """
        for partition, end in ends.items():
            self.merge.cut(partition, end)
            if partition == TRADING_STATES:
                self.owned.on_orders_lost(end)
        at = self.merge.positions
        self.committed |= {partition: at[partition].next for partition in ends.keys() & self._reported}

    def _begin_again(self, topic: str) -> None:
        if topic == TRADING_STATES.topic:
            self.owned.on_orders_lost(0)
        for partition in self._committed:
            if partition.topic == topic:
                self.merge.begin_again(partition)
                self._committed[partition] = LogPosition(None, self.merge.now_ms)
                self.committed[partition] = None

    def decide(self, elapsed_ms: int) -> None:
        """Decide on every record that no earlier one can precede, and run every timer that none can."""
        for taken in self.merge.take(elapsed_ms):
            self.timeline.saw(taken, self._topic_ids[taken.partition.topic])
            now_us = taken.log_ms * 1000
            self.owned.decide(taken.records, now_us)
            written = self.committed[taken.partition] or 0
            self.uncommitted = max(self.uncommitted, taken.next - written)
            if self.owned.decisions > DECISIONS_MAX:
                self.commit()
        self._run_timers(self.merge.frontier_ms)

    def _run_timers(self, until_ms: int) -> None:
        while self.owned.next_timer(until_ms * 1000):
            self.merge.now_ms = max(self.merge.now_ms, -(-self.owned.core.state.log_us // 1000))
            if self.owned.decisions > DECISIONS_MAX:
                self.commit()

    def commit(self) -> None:
        """Write the decisions and the positions; nothing if neither changed."""
        self.owned.forget(self.merge.now_ms * 1000)  # the next record may have the same log time
        reached = self.owned.core.state.reached
        positions = Positions(
            self.merge.now_ms, dict(self._topic_ids), self.merge.positions, reached, tuple(self._left_ids)
        )
        if positions.partitions != self._committed or self.owned.decisions:
            self.owned.commit(positions, self._events(positions))
        else:
            self.owned.commit()
        self._committed = dict(positions.partitions)
        self.committed |= {partition: self._committed[partition].next for partition in self._reported}
        self.uncommitted = 0

    def has_committed(self, partition: Partition, topic_id: str, end: int) -> bool:
        """Whether all before an offset of a topic is written, or was left with its topic."""
        if topic_id in self._left_ids:
            return True
        return topic_id == self._topic_ids.get(partition.topic) and (self.committed[partition] or 0) >= end

    def _events(self, positions: Positions) -> Sequence[TimelineEvent]:
        for partition, position in positions.partitions.items():
            if position.next is not None:
                self.timeline.stands_at(partition, position.next, positions.topic_ids[partition.topic])
        return self.timeline.taken()
