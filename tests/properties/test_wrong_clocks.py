"""A broker's clock that jumps: orders are still decided on the ticks that were appended before them."""

from collections.abc import Callable, Mapping
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

import pytest

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition, Positions
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.timeline import TimelineNotes

TICKS = [Partition("ticks", number) for number in range(2)]
ORDERS = [Partition("orders", number) for number in range(2)]
PARTITIONS = [*TICKS, *ORDERS]
START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
DELIVERY_MS_MAX = 60

Clock = Callable[[int], int]
"""By how many milliseconds a broker's clock is ahead at a real time."""


class Pace(NamedTuple):
    """How often spouts ask for ends and read; fetched ahead: a poll returns what there was at the last."""

    asked_every_ms: int
    read_every_ms: int
    is_fetched_ahead: bool

    @property
    def at_once_ms(self) -> int:
        """Records appended within this time of each other may change places while a clock is wrong."""
        return 2 * self.asked_every_ms + self.is_fetched_ahead * self.read_every_ms


IDLE = Pace(10, 5, False)
BUSY = Pace(100, 100, True)
PACES = pytest.mark.parametrize("pace", [IDLE, BUSY], ids=["idle", "busy"])


class World:
    """Two spouts, in JVMs of their own or in one, read what is appended, and Storm delivers it with delays.

    Times are real milliseconds, except append times, which are those of the partition's broker.
    """

    def __init__(
        self,
        seed: int,
        clocks: Mapping[Partition, Clock],
        silent: frozenset[Partition],
        pace: Pace,
        jvms: int = 2,
    ) -> None:
        self.pace = pace
        self.jvms = jvms
        self.random = Random(seed)
        self.clocks = clocks
        self.silent = silent
        self.merge = LogMerge[tuple[Partition, int]](dict.fromkeys(PARTITIONS, LogPosition(0, 0)), 0)
        self.logs: dict[Partition, list[int]] = {partition: [] for partition in PARTITIONS}
        """The real append times."""
        self.read = dict.fromkeys(PARTITIONS, 0)
        self.fetched = dict.fromkeys(PARTITIONS, 0)
        self.asked = dict.fromkeys(PARTITIONS, 0)
        self.asked_before_read = dict.fromkeys(PARTITIONS, 0)
        self.caught_up: set[Partition] = set()
        self.under_way: list[tuple[int, int, Callable[[], None]]] = []
        self.taken: list[tuple[int, Partition, int]] = []
        """(when, partition, real append time) of each record, in the order of decisions."""
        self.notes = TimelineNotes(Positions())
        self.shifted_ms = 0
        """When a record was last given another time than its topic's."""

    def append_ms(self, partition: Partition, real_ms: int) -> int:
        return START_MS + real_ms + self.clocks[partition](real_ms)

    def run(self, until_ms: int) -> None:
        for now_ms in range(until_ms):
            for partition in PARTITIONS:
                rate = 0.2 if partition in TICKS else 0.02
                if partition not in self.silent and self.random.random() < rate:
                    self.logs[partition].append(now_ms)
            for phase, partitions in ((0, TICKS), (3, ORDERS)):
                if now_ms % self.pace.asked_every_ms == phase:
                    self.ask(now_ms, partitions)
                if now_ms % self.pace.read_every_ms == phase:
                    self.poll(now_ms, partitions)
            while self.under_way and self.under_way[0][0] <= now_ms:
                heappop(self.under_way)[2]()
            for found in self.merge.take(now_ms):
                self.taken += [(now_ms, partition, real_ms) for partition, real_ms in found.records]
                if found.is_shifted or found.behind_ms:
                    self.shifted_ms = now_ms
                self.notes.saw(found, "id")

    def later(self, at_ms: int, event: Callable[[], None]) -> None:
        heappush(self.under_way, (at_ms, len(self.under_way) + self.random.randrange(10**9), event))

    def poll(self, now_ms: int, partitions: list[Partition]) -> None:
        for partition in partitions:
            first, log = self.read[partition], self.logs[partition]
            if self.pace.is_fetched_ahead:
                end = max(self.fetched[partition], min(first + 1, len(log)))
                self.fetched[partition], log = len(log), log[:end]
            if first < len(log):
                self.read[partition] = len(log)
                if len(log) > self.asked_before_read[partition]:
                    self.caught_up.add(partition)
                runs = [Run(first + i, 1, self.append_ms(partition, ms)) for i, ms in enumerate(log[first:])]
                records = [(partition, ms) for ms in log[first:]]
                found = Range(first, len(log), runs, range(first, len(log)), records)
                delay_ms = self.random.randrange(5, DELIVERY_MS_MAX)
                self.later(now_ms + delay_ms, partial(self.merge.offer, partition, found))
            self.asked_before_read[partition] = self.asked[partition]

    def ask(self, now_ms: int, partitions: list[Partition]) -> None:
        ends = {partition: (0, len(self.logs[partition])) for partition in partitions}
        appended = [
            (self.append_ms(partition, self.logs[partition][self.read[partition] - 1]), partition)
            for partition in partitions
            if self.read[partition]
        ]
        is_caught_up = not self.caught_up.isdisjoint(partitions)
        self.caught_up.difference_update(partitions)
        self.asked |= {partition: end for partition, (_, end) in ends.items()}
        jvm = partitions[0].topic if self.jvms == 2 else "jvm"
        read_ms = max(appended)[0] if appended else None
        told = LogEnds(jvm, now_ms + 77_000 * len(jvm), read_ms, is_caught_up, ends)
        self.later(now_ms + self.random.randrange(4), lambda: self.merge.on_ends(told, now_ms))

    def early_by_ms(self, from_ms: int = 0) -> int:
        """By how much the worst order since then was decided before a tick that was appended earlier."""
        worst_ms = latest_ms = 0
        for _, partition, real_ms in self.taken:
            if partition in ORDERS:
                latest_ms = max(latest_ms, real_ms)
            elif real_ms >= from_ms:
                worst_ms = max(worst_ms, latest_ms - real_ms)
        return worst_ms

    def waited_ms(self) -> int:
        return max(now_ms - real_ms for now_ms, _, real_ms in self.taken)


def set_by(jumps: Mapping[int, int]) -> Clock:
    """A clock that is ahead by so much from each time on."""
    return lambda real_ms: [ahead for at_ms, ahead in jumps.items() if at_ms <= real_ms][-1]


SET_BACK = {
    "two hours": {0: 0, 3_000: -2 * HOUR_MS},
    "two seconds": {0: 0, 3_000: -2_000},
    "an hour, and set right": {0: 0, 3_000: -HOUR_MS, 8_000: 0},
}
SILENT = {"busy": frozenset[Partition](), "half silent": frozenset([TICKS[1], ORDERS[0]])}


@PACES
@pytest.mark.parametrize("jumps", SET_BACK.values(), ids=SET_BACK)
@pytest.mark.parametrize("silent", SILENT.values(), ids=SILENT)
def test_an_order_is_decided_after_the_ticks_before_it_when_the_clock_was_set_back(
    jumps: dict[int, int], silent: frozenset[Partition], pace: Pace
) -> None:
    world = World(1, dict.fromkeys(PARTITIONS, set_by(jumps)), silent, pace)
    world.run(12_000)
    assert world.early_by_ms() <= pace.at_once_ms
    assert world.waited_ms() < 2_000


@PACES
@pytest.mark.parametrize(
    "jumps", [{0: 0, 3_000: -2_000}, {0: 0, 3_000: 10_000, 8_000: 0}], ids=["back", "on"]
)
def test_times_are_those_of_the_topics_again_after_a_while(jumps: dict[int, int], pace: Pace) -> None:
    world = World(2, dict.fromkeys(PARTITIONS, set_by(jumps)), frozenset(), pace)
    world.run(35_000)
    assert world.shifted_ms < 30_000
    assert world.early_by_ms(30_000) == 0


@PACES
def test_a_broker_that_is_behind_another_delays_nothing(pace: Pace) -> None:
    clocks = {partition: set_by({0: -5_000 * (partition in ORDERS)}) for partition in PARTITIONS}
    world = World(3, clocks, frozenset(), pace, jvms=1)
    world.run(10_000)
    assert world.early_by_ms() <= pace.at_once_ms
    assert world.waited_ms() < 500
    assert world.merge.disagreements == 0


@PACES
@pytest.mark.parametrize("jvms", [1, 2])
@pytest.mark.parametrize("behind_ms", [50, 5_000])
def test_a_broker_that_is_behind_another_is_noted_once_and_not_with_each_record(
    behind_ms: int, jvms: int, pace: Pace
) -> None:
    clocks = {partition: set_by({0: -behind_ms * (partition == TICKS[1])}) for partition in PARTITIONS}
    world = World(3, clocks, frozenset(), pace, jvms)
    world.run(10_000)
    assert len(world.taken) > 4_000
    assert len(world.notes.taken()) < 30
