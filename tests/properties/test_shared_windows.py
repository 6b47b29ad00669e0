"""Shards of several tasks share what a spout has in flight: they must not hold each other up for ever.

A range is acked once every shard has committed it, and a spout reads no further than its window past the
first range that is not acked. So a shard that waits for the next record of a partition waits for all shards.
"""

from collections.abc import Mapping, Sequence
from random import Random

import pytest

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition
from fintank.trading.partition_log import Partition, Range, Run

TICKS = [Partition("ticks", number) for number in range(2)]
ORDERS = [Partition("orders", 0)]
PARTITIONS = [*TICKS, *ORDERS]
START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
WINDOW = 200
"""How many records of a partition may be in flight."""
RECORDS = 2_000
EVERY_MS = 10
STEP_MS = 50
STEPS_MAX = 2_000
"""A hundred seconds: each stretch of records from the future may hold up shards for some."""
RESTART_STEPS = 400
"""How often the topology starts anew, in a test with faults: every 20 seconds."""

Logs = Mapping[Partition, Sequence[int]]
"""The append time of each record."""


def log_of(ahead: Mapping[range, int]) -> list[int]:
    """A record every EVERY_MS; those with these numbers have a broker's clock that is ahead by so much."""
    by_number = {number: ahead_ms for numbers, ahead_ms in ahead.items() for number in numbers}
    return [START_MS + EVERY_MS * number + by_number.get(number, 0) for number in range(RECORDS)]


class Shards:
    """Shards that read the same backlog, each from its own positions."""

    def __init__(self, logs: Logs, positions: Sequence[Mapping[Partition, int]]) -> None:
        self.logs = logs
        self.full: dict[Partition, int] = {}
        self.merges = [LogMerge[int](self._start(start), 0) for start in positions]
        self.orders: list[list[tuple[Partition, int]]] = [[] for _ in positions]
        self.delivered = dict.fromkeys(logs, 0)
        self.now_ms = 0

    def _start(self, positions: Mapping[Partition, int]) -> dict[Partition, LogPosition]:
        """Positions of a shard that has taken all before these offsets at their right times."""
        return {
            partition: LogPosition(position, START_MS + EVERY_MS * (position - 1))
            for partition, position in positions.items()
        }

    def run(self, restart_steps: int = STEPS_MAX) -> None:
        for number in range(STEPS_MAX):
            self.step()
            if (number + 1) % restart_steps == 0:
                self.restart()
            if all(merge.positions[place].next == RECORDS for merge in self.merges for place in self.logs):
                return

    def restart(self) -> None:
        """Go on from what was committed, and deliver all after it again."""
        self.merges = [LogMerge[int](merge.positions, merge.now_ms) for merge in self.merges]
        self.delivered = dict.fromkeys(self.logs, 0)

    def step(self) -> None:
        self.now_ms += STEP_MS
        appended = []
        self.full.clear()
        for partition, log in self.logs.items():
            committed = min(merge.positions[partition].next or 0 for merge in self.merges)
            first, end = self.delivered[partition], min(committed + WINDOW, RECORDS)
            first = max(first, committed) if first else committed
            if end > first:
                runs = [Run(number, 1, log[number]) for number in range(first, end)]
                found = Range(first, end, runs, range(first, end), range(first, end))
                for merge in self.merges:
                    merge.offer(partition, found)
                self.delivered[partition] = end
                appended.append(max(log[first:end]))
            if self.delivered[partition] == committed + WINDOW:
                self.full[partition] = self.delivered[partition]
        is_caught_up = all(self.delivered[partition] == RECORDS for partition in self.logs)
        for topic in ("ticks", "orders"):
            ends = {partition: (0, RECORDS) for partition in self.logs if partition.topic == topic}
            told = LogEnds(topic, self.now_ms, max(appended, default=None), is_caught_up, ends, {}, self.full)
            for merge in self.merges:
                merge.on_ends(told, self.now_ms)
        for merge, order in zip(self.merges, self.orders, strict=True):
            for taken in merge.take(self.now_ms):
                order += [(taken.partition, number) for number in taken.records]


def check(logs: Logs, starts: Sequence[int], restart_steps: int = STEPS_MAX) -> None:
    """Run shards that stand at these numbers of all partitions; each takes every record once, in order."""
    shards = Shards(logs, [dict.fromkeys(PARTITIONS, start) for start in starts])
    shards.run(restart_steps)
    for order, start in zip(shards.orders, starts, strict=True):
        for place in PARTITIONS:
            assert [number for of, number in order if of == place] == list(range(start, RECORDS))


@pytest.mark.parametrize("ahead_ms", [5_000, 9_000, 2 * HOUR_MS])
@pytest.mark.parametrize("partition", PARTITIONS, ids=str)
def test_a_shard_before_a_record_from_the_future_does_not_hold_up_one_that_is_past_it(
    partition: Partition, ahead_ms: int
) -> None:
    ahead = range(500, 540)
    logs = {place: log_of({ahead: ahead_ms} if place == partition else {}) for place in PARTITIONS}
    check(logs, [ahead.start, ahead.stop])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("restart_steps", [STEPS_MAX, RESTART_STEPS])
def test_clocks_that_were_ahead_at_any_time_hold_up_nothing_for_long(restart_steps: int, seed: int) -> None:
    random = Random(seed)

    def ahead() -> dict[range, int]:
        firsts = [random.randrange(RECORDS) for _ in range(random.randrange(4))]
        lengths = [random.randrange(1, WINDOW // 2) for _ in firsts]
        ahead_ms = [-HOUR_MS, -3_000, 5_000, 20_000, HOUR_MS, 48 * HOUR_MS]
        return {
            range(first, first + length): random.choice(ahead_ms)
            for first, length in zip(firsts, lengths, strict=True)
        }

    logs = {place: log_of(ahead()) for place in PARTITIONS}
    check(logs, [random.randrange(RECORDS // 2) for _ in range(3)], restart_steps)
