"""Whatever order ranges are delivered in, a shard takes the records in the order of the logs, each once."""

from bisect import bisect_left
from itertools import accumulate, pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition
from fintank.trading.partition_log import Partition, Range, Run

TICKS, ORDERS = [[Partition(topic, number) for number in range(2)] for topic in ("ticks", "orders")]
PARTITIONS = [*TICKS, *ORDERS]


class Log:
    """A partition's records: their append times, ascending or not; offsets with gaps."""

    def __init__(self, random: Random, partition: Partition) -> None:
        self.partition = partition
        count = random.randrange(0, 12)
        self.offsets = list(accumulate(random.choice([1, 1, 1, 2, 5]) for _ in range(count)))
        self.times_ms = list(accumulate(random.choice([0, 0, 1, 3]) for _ in range(count)))
        self.end = (self.offsets[-1] + random.choice([1, 2])) if count else 0

    def ranges(self, random: Random) -> list[Range[tuple[Partition, int]]]:
        """The log, cut anywhere."""
        cuts = sorted({0, self.end, *(random.randrange(self.end + 1) for _ in range(random.randrange(6)))})
        return [self.range(first, end) for first, end in pairwise(cuts)]

    def range(self, first: int, end: int) -> Range[tuple[Partition, int]]:
        inside = slice(bisect_left(self.offsets, first), bisect_left(self.offsets, end))
        offsets = self.offsets[inside]
        runs = [Run(offset, 1, ms) for offset, ms in zip(offsets, self.times_ms[inside], strict=True)]
        return Range(first, end, runs, offsets, [(self.partition, offset) for offset in offsets])

    def end_at(self, asked_ms: int) -> int:
        """Where the log ended when all with an earlier append time stood in it."""
        behind = bisect_left(self.times_ms, asked_ms)
        return self.offsets[behind] if behind < len(self.offsets) else self.end


def delivered(seed: int, logs: list[Log]) -> list[tuple[int, Partition, int]]:
    """Deliver ranges doubled, cut twice and in any order, with true ends between them, over several lives of
    the shard, each of which begins where the one before was; return what was taken."""
    random = Random(seed)
    positions = {log.partition: LogPosition(random.choice([None, 0]), 0) for log in logs}
    now_ms = 0
    taken: list[tuple[int, Partition, int]] = []
    for life in reversed(range(random.randrange(1, 4))):
        merge = LogMerge[tuple[Partition, int]](positions, now_ms)
        deliver(random, merge, logs, taken, is_last=life == 0)
        positions, now_ms = merge.positions, merge.now_ms
    assert positions == {
        log.partition: LogPosition(log.end, log.times_ms[-1] if log.times_ms else 0) for log in logs
    }
    return taken


def random_events(random: Random, logs: list[Log]) -> list[tuple[Log, Range[tuple[Partition, int]] | int]]:
    """Cut the logs twice, double some ranges, and put them and the times of true ends in any order."""
    events: list[tuple[Log, Range[tuple[Partition, int]] | int]] = []
    for log in logs:
        for cut in (log.ranges(random), log.ranges(random)):
            events += [(log, found) for found in cut for _ in range(random.choice([1, 1, 2]))]
        events += [(log, random.randrange(40)) for _ in range(random.randrange(8))]
    random.shuffle(events)
    return events


def deliver(
    random: Random,
    merge: LogMerge[tuple[Partition, int]],
    logs: list[Log],
    taken: list[tuple[int, Partition, int]],
    *,
    is_last: bool,
) -> None:
    events = random_events(random, logs)
    if not is_last:
        del events[random.randrange(len(events)) :]

    def take() -> None:
        for found in merge.take(0):
            assert not found.is_shifted
            taken.extend((found.log_ms, *record) for record in found.records)
            if random.random() < 0.1:
                return

    merge.on_ends(LogEnds("clock", merge.now_ms, merge.now_ms, True, {}), 0)
    for log, event in events:
        if isinstance(event, Range):
            merge.offer(log.partition, event)
        else:
            merge.on_ends(LogEnds("clock", event, None, False, {log.partition: (0, log.end_at(event))}), 0)
        if random.random() < 0.5:
            take()
    if is_last:
        merge.on_ends(LogEnds("clock", 1_000, None, False, {log.partition: (0, log.end) for log in logs}), 0)
        for found in merge.take(0):
            taken.extend((found.log_ms, *record) for record in found.records)


@given(st.integers(0, 2**32))
def test_records_are_taken_in_the_order_of_the_logs(seed: int) -> None:
    random = Random(seed)
    logs = [Log(random, partition) for partition in PARTITIONS]
    expected = sorted(
        (ms, PARTITIONS.index(log.partition), offset)
        for log in logs
        for offset, ms in zip(log.offsets, log.times_ms, strict=True)
    )
    wanted = [(ms, PARTITIONS[index], offset) for ms, index, offset in expected]
    for delivery in range(3):
        assert delivered(seed + delivery, logs) == wanted


@given(st.integers(0, 2**32))
def test_whatever_the_clocks_say_each_record_is_taken_once_in_its_partitions_order_and_none_waits_for_ever(
    seed: int,
) -> None:
    random = Random(seed)
    logs = [Log(random, partition) for partition in PARTITIONS]
    for log in logs:
        log.times_ms = [max(0, ms + random.choice([0, 0, -50, 900, 5_000, 7_200_000])) for ms in log.times_ms]
    merge = LogMerge[tuple[Partition, int]]({log.partition: LogPosition(0, 0) for log in logs}, 0)
    ranges = [(log, found) for log in logs for found in log.ranges(random)]
    random.shuffle(ranges)
    clocks = {"a": 5_000, "b": random.choice([0, 10**9])}
    of_clock = {partition: random.choice("ab") for partition in PARTITIONS}
    silent_until_ms = dict.fromkeys("ab", 0)
    taken: list[tuple[Partition, int]] = []
    elapsed_ms = now_ms = 0
    while elapsed_ms < 200_000:
        elapsed_ms += random.choice([1, 50, 300])
        if ranges and random.random() < 0.1:
            log, found = ranges.pop()
            merge.offer(log.partition, found)
        for clock, zero_ms in clocks.items():
            if random.random() < 0.02:
                silent_until_ms[clock] = elapsed_ms + 3_000
            if elapsed_ms > silent_until_ms[clock]:
                ends = {log.partition: (0, log.end) for log in logs if of_clock[log.partition] == clock}
                appended = [log.times_ms[-1] for log in logs if log.times_ms and log.partition in ends]
                read_ms = random.choice([None, *appended])
                merge.on_ends(LogEnds(clock, zero_ms + elapsed_ms, read_ms, True, ends), elapsed_ms)
        for some in merge.take(elapsed_ms):
            assert some.log_ms >= now_ms
            now_ms = some.log_ms
            taken += some.records
    for log in logs:
        of_log = [offset for partition, offset in taken if partition == log.partition]
        assert of_log == log.offsets
