"""Whatever happened to a shard's merge, the logs and the timeline give the same records in the same order."""

from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from properties.test_log_merge import PARTITIONS, Log

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition, Positions
from fintank.trading.log_replay import LogReplay, beginning
from fintank.trading.partition_log import Partition, Range
from fintank.trading.timeline import Adoption, TimelineEvent, TimelineNotes

Decision = tuple[Partition, int, int]
"""A record that is decided on: its partition, its offset, and the log time."""


class Engine:
    """A shard over several lives: each ends somewhere, and only what it had committed remains."""

    def __init__(self, random: Random, logs: list[Log]) -> None:
        self.random = random
        self.logs = {log.partition: log for log in logs}
        self.committed = Positions(0, {"ticks": "a", "orders": "b"}, {})
        self.decisions: list[Decision] = []
        self.timeline: list[TimelineEvent] = []
        self.mine = {
            partition: [offset for offset in log.offsets if random.random() < 0.7]
            for partition, log in self.logs.items()
        }
        """The offsets of the records that concern the shard."""

    def part(self, partition: Partition, first: int, end: int) -> Range[Decision]:
        """A range with the records of the shard."""
        found = self.logs[partition].range(first, end)
        offsets = [offset for offset in found.offsets if offset in self.mine[partition]]
        return Range(first, end, found.runs, offsets, [(partition, offset, 0) for offset in offsets])

    def live(self, *, to_the_end: bool) -> None:
        """One life: ranges come in any order, the clocks say anything, and some of it is committed."""
        random = self.random
        start = {place: self.committed.partitions.get(place, LogPosition(None, 0)) for place in self.logs}
        merge = LogMerge[Decision](start, self.committed.now_ms)
        notes = TimelineNotes(self.committed)
        notes.adopted({}, 4, "1", "1", 0)
        ranges = [
            (place, self.part(place, first, end))
            for place, log in self.logs.items()
            for first, end in pairwise(
                sorted({0, log.end, *(random.randrange(log.end + 1) for _ in range(4))})
            )
        ]
        random.shuffle(ranges)
        pending: list[Decision] = []
        elapsed_ms, zero_ms = 0, random.choice([0, 5_000, 10**9])
        while elapsed_ms < (100_000 if to_the_end else random.randrange(1, 4_000)):
            elapsed_ms += random.choice([1, 50, 300, 900])
            if ranges and random.random() < 0.5:
                merge.offer(*ranges.pop())
            if random.random() < 0.7:
                seen = {place: (0, log.end) for place, log in self.logs.items() if random.random() < 0.9}
                appended = random.choice(
                    [None, *(log.times_ms[-1] for log in self.logs.values() if log.times_ms)]
                )
                merge.on_ends(LogEnds("jvm", zero_ms + elapsed_ms, appended, True, seen), elapsed_ms)
            for taken in merge.take(elapsed_ms):
                notes.saw(taken, self.committed.topic_ids[taken.partition.topic])
                pending += [(place, offset, taken.log_ms) for place, offset, _ in taken.records]
                if random.random() < 0.2:
                    break
            if random.random() < 0.2 or to_the_end:
                self.commit(merge, notes, pending)
                pending = []

    def commit(self, merge: LogMerge[Decision], notes: TimelineNotes, pending: list[Decision]) -> None:
        topic_ids = dict(self.committed.topic_ids)
        self.committed = Positions(merge.now_ms, topic_ids, merge.positions)
        for place, position in merge.positions.items():
            if position.next is not None:
                notes.stands_at(place, position.next, topic_ids[place.topic])
        self.decisions += pending
        self.timeline += notes.taken()


def replayed(engine: Engine) -> list[Decision]:
    start = beginning(engine.timeline)
    assert start is not None
    assert start.is_complete
    ends = {place: at.next for place, at in engine.committed.partitions.items() if at.next is not None}
    replay = LogReplay[Decision](start, ends)
    offered = {place: position or 0 for place, position in replay.positions.items()}
    found: list[Decision] = []
    while True:
        for step in replay.take():
            if not isinstance(step, Adoption):
                found += [(place, offset, step.log_ms) for place, offset, _ in step.records]
        wanted = replay.wanted
        if wanted is None:
            return found
        end = min(offered[wanted] + engine.random.randrange(1, 6), engine.logs[wanted].end)
        assert end > offered[wanted], "it wants more than there is"
        replay.offer(wanted, engine.part(wanted, offered[wanted], end))
        offered[wanted] = end


@settings(deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_what_was_decided_is_replayed_in_the_same_order_at_the_same_log_times(seed: int, wild: bool) -> None:
    random = Random(seed)
    logs = [Log(random, partition) for partition in PARTITIONS]
    if wild:
        for log in logs:
            log.times_ms = [
                max(0, ms + random.choice([0, 0, -50, 900, 5_000, 7_200_000])) for ms in log.times_ms
            ]
    engine = Engine(random, logs)
    for life in reversed(range(random.randrange(1, 4))):
        engine.live(to_the_end=life == 0)
    assert replayed(engine) == engine.decisions
    assert sorted((place, offset) for place, offset, _ in engine.decisions) == sorted(
        (place, offset) for place, offsets in engine.mine.items() for offset in offsets
    )
