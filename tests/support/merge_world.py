"""A merge of the logs, and the spouts that feed it."""

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition
from fintank.trading.partition_log import Partition, Range, Run

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)


class World:
    """A merge of two partitions, its shard's time at 1,000 ms, whose spouts share a clock."""

    def __init__(self) -> None:
        start = {TICKS: LogPosition(0, 1_000), ORDERS: LogPosition(0, 1_000)}
        self.merge = LogMerge[str](start, now_ms=1_000)
        self.ends = {TICKS: 0, ORDERS: 0}

    def append(self, partition: Partition, append_ms: int) -> None:
        """Deliver the next record of a partition; its text is its append time."""
        offset = self.ends[partition]
        self.ends[partition] += 1
        self.merge.offer(
            partition, Range(offset, offset + 1, [Run(offset, 1, append_ms)], [offset], [str(append_ms)])
        )

    def report_ends(self, asked_ms: int, appended_ms: int | None = None, elapsed_ms: int = 0) -> None:
        self.merge.on_ends(
            LogEnds("jvm", asked_ms, appended_ms, True, {log: (0, end) for log, end in self.ends.items()}),
            elapsed_ms,
        )

    def take(self, elapsed_ms: int = 0) -> list[tuple[str, int, bool]]:
        """Take what can be taken: text, log time, whether it is shifted."""
        return [
            (record, taken.log_ms, taken.is_shifted)
            for taken in self.merge.take(elapsed_ms)
            for record in taken.records
        ]
