"""When a shard's progress is written decides nothing."""

import factories
from factories import SECOND, START
from support.audited_shard import WrittenLog

from fintank.bolts.owned_shard import OwnedShard
from fintank.bolts.shard_feed import ShardFeed
from fintank.trading.limits import Limits
from fintank.trading.log_positions import LogEnds, Positions
from fintank.trading.messages import Order
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.recovery import restore

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)
START_MS = START // 1000
LIMITS = Limits(retention_us=10 * SECOND)


class Life:
    """A shard that goes on from its journal, and is told that its logs end at its start."""

    def __init__(self, log: WrittenLog, end: int) -> None:
        entries = log.entries()
        start = next(entry for entry in entries if isinstance(entry, Positions))
        self.feed = ShardFeed(OwnedShard(restore(LIMITS, entries), log), start, [TICKS, ORDERS])
        self.tell(0, end, START_MS)

    def tell(self, asked_ms: int, end: int, appended_ms: int | None = None) -> None:
        for partition, its_end in {TICKS: 0, ORDERS: end}.items():
            ends = LogEnds("jvm", asked_ms, appended_ms, True, {partition: (0, its_end)})
            self.feed.reached(partition.topic, partition.topic, ends, asked_ms)

    def decide(self, order: Order, offset: int, append_ms: int, until_ms: int) -> None:
        found = Range(offset, offset + 1, [Run(offset, 1, append_ms)], [offset], [order])
        self.feed.offer(ORDERS, ORDERS.topic, found)
        self.tell(until_ms, offset + 1)
        self.feed.decide(until_ms)
        self.feed.commit()


def test_a_commit_forgets_nothing_that_the_next_record_could_ask_for() -> None:
    """The broker's clock is set back while the shard is away."""
    log = WrittenLog()
    order = factories.order("1", tif="IOC")
    Life(log, end=0).decide(order, 0, START_MS, until_ms=20_000)
    reports = [*log.reports]
    assert reports[-1].cl_ord_id == "o-1"
    Life(log, end=1).decide(order, 1, START_MS + 5_000, until_ms=6_000)
    assert log.reports == reports, "it is the same order again, within the retention"
