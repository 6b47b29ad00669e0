"""What the rule engine reports each second: open orders, reference prices, crossed symbols, silent exchanges.

However many symbols there are, a second makes a bounded number of points.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain

from fintank.bolts.shard_feed import ShardFeed
from fintank.trading.ages import OpenAges
from fintank.trading.limits import SECOND_US
from fintank.trading.quote_faults import FaultySymbol, QuoteFaults
from fintank.wire.points.market_points import fault_lines, reference_line

WORST_MAX = 5
REFERENCES_MAX = 20
"""The most reference prices that a task writes in a second; symbols take turns."""
REMEMBERED_MAX = 10_000
"""For how many symbols it is remembered that their latest reference price is written."""
OPEN_AGES = {
    "open_over_1s": SECOND_US,
    "open_over_1m": 60 * SECOND_US,
    "open_over_1h": 3600 * SECOND_US,
}
"""The figures of the open orders' ages: each counts the orders of that age, in microseconds, and older."""


class MarketReport:
    """The open orders and the market of a task's shards."""

    def __init__(self, task: int, feeds: Sequence[ShardFeed], market_collar: Decimal) -> None:
        self._task = task
        self._market_collar = market_collar
        ages_us = tuple(OPEN_AGES.values())
        self._ages = [(feed, OpenAges(feed.owned.core.state, ages_us)) for feed in feeds]
        self._faults = [(feed, QuoteFaults(feed.owned.core.state)) for feed in feeds]
        self._due: dict[str, ShardFeed] = {}
        """The symbols whose reference price may be written, those that have waited longest first."""
        self._written: dict[str, int] = {}
        """By symbol, the time of the tick at which its reference price was written last."""

    def look(self) -> None:
        """Look at the next symbols."""
        for feed, faults in self._faults:
            self._due |= dict.fromkeys(faults.look(feed.merge.frontier_ms * 1000), feed)

    def levels(self) -> dict[str, int]:
        """Return the gauges: open orders by age, faulty symbols, how long one has been crossed."""
        open_orders = sum(feed.owned.core.state.registry.open_count for feed, _ in self._ages)
        by_age = [ages.count(feed.merge.frontier_ms * 1000) for feed, ages in self._ages]
        counts = [sum(of_shard[index] for of_shard in by_age) for index in range(len(OPEN_AGES))]
        crossed = list(_all(faults.crossed for _, faults in self._faults))
        silent = sum(len(faults.silent) for _, faults in self._faults)
        crossed_us = max((found.lasted_us for found in crossed), default=0)
        return {
            "open_orders": open_orders,
            **dict(zip(OPEN_AGES, counts, strict=True)),
            "crossed_symbols": len(crossed),
            "crossed_ms": crossed_us // 1000,
            "silent_symbols": silent,
        }

    def points(self, second: int) -> Iterator[str]:
        """Write the worst symbols, and the next reference prices of symbols that have ticked."""
        crossed = _worst(faults.crossed for _, faults in self._faults)
        silent = _worst(faults.silent for _, faults in self._faults)
        yield from fault_lines("crossed", self._task, second, crossed)
        yield from fault_lines("silent", self._task, second, silent)
        yield from self._references()

    def _references(self) -> Iterator[str]:
        left = REFERENCES_MAX
        for symbol, feed in list(self._due.items()):
            if not left:
                return
            del self._due[symbol]
            book = feed.owned.core.state.books.get(symbol)
            # As its latest tick left it: to let time pass here would change what is decided later.
            price = None if book is None else book.reference.state.price
            if book is None or price is None or book.clock.tick_time_us == self._written.get(symbol):
                continue
            left -= 1
            self._written.pop(symbol, None)
            self._written[symbol] = book.clock.tick_time_us
            if len(self._written) > REMEMBERED_MAX:
                del self._written[next(iter(self._written))]
            yield reference_line(symbol, price, self._market_collar, book.clock.tick_time_us)


def _all(found: Iterator[Mapping[str, FaultySymbol]]) -> Iterator[FaultySymbol]:
    return chain.from_iterable(by_symbol.values() for by_symbol in found)


def _worst(found: Iterator[Mapping[str, FaultySymbol]]) -> list[FaultySymbol]:
    return heapq.nlargest(WORST_MAX, _all(found), key=lambda faulty: faulty.lasted_us)
