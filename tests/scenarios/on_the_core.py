"""Play every scenario on the trading core without pytest: the first and fastest test of `make mutants`."""

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import factories
from scenarios.core_world import CoreWorld
from scenarios.playing import play
from scenarios.table import scenarios

from fintank.trading.ages import OpenAges
from fintank.trading.clock import Clock, ClockState
from fintank.trading.depth import Depth
from fintank.trading.limits import DAY_US, SECOND_US, UTC, Limits
from fintank.trading.messages import Order, OrdType, Quote
from fintank.trading.portfolio import split
from fintank.trading.quote_book import NOTHING_TAKEN, Counts, QuoteBook
from fintank.trading.quote_faults import QuoteFaults
from fintank.trading.reference_price import ReferencePrice, ReferenceState
from fintank.trading.shard import Shard
from fintank.trading.sorting import SortedItems
from fintank.trading.working_order import end_of_day_us

SMALL = Limits(max_quote_age_us=4, aggregation_window_us=2, retention_us=3)


def main() -> None:
    """Play all; stop at the first that differs."""
    with_small_numbers()
    for scenario in scenarios():
        play(scenario, CoreWorld(scenario.rules))


def with_small_numbers() -> None:
    """Compute each sum of times with small numbers first: a mutant that raises a real time in microseconds
    to a power would compute forever, and only the timeout would kill it; likewise a loop that never ends."""
    try_values()
    try_quotes()
    try_trading()
    try_forgetting()


def try_values() -> None:
    """Try clocks, prices, and what else needs no shard."""
    clock = Clock(ClockState(tick_time_us=50, arrival_us=3))
    assert (clock.now(5), clock.when(52), clock.on_tick(49, 5)) == (52, 5, 52)
    price = ReferencePrice(ReferenceState(Decimal(1), Decimal(2), 0))
    assert price.due_us == SECOND_US
    price.advance(SECOND_US, lambda _: None)
    assert price.state.price == 2
    older, newer = quote(4)._replace(bid="10.1", ask="10.2"), quote(6)
    crossed = Depth((quoted, NOTHING_TAKEN) for quoted in (older, newer))
    assert ([level.quote for level in crossed.asks], crossed.crossing) == ([newer], [older])
    items: SortedItems[tuple[int]] = SortedItems()
    for key in range(3):
        items.add((key,))
    assert items._parts == [[(0,), (1,), (2,)]]
    assert end_of_day_us(3, UTC) == DAY_US
    parts = split(Decimal("0.01"), {"A": Decimal("0.3"), "B": Decimal("0.7")})
    assert parts == {"A": 0, "B": Decimal("0.01")}


def try_quotes() -> None:
    """Try how old quotes are."""
    counts = Counts()
    book = QuoteBook("IVE", Clock(ClockState(5, 5)), SMALL, counts)
    book.accept(quote(5), 5)
    assert counts.stale == 0
    assert [len(book.market(now_us).asks) for now_us in (9, 10)] == [1, 0]
    assert [book.next_stale_us(now_us) for now_us in (9, 10)] == [10, None]

    faulty = Shard(replace(SMALL, max_quote_lag_us=2, max_quote_age_us=90))
    for quoted in (
        quote(3),
        quote(9)._replace(exchange="ARCA"),
        quote(9)._replace(symbol="VTI", ask=Decimal(1)),
    ):
        faulty.on_quote(quoted, 9)
    faults = QuoteFaults(faulty.state)
    for time_us in (9, 20):
        faults.look(time_us)
    assert (faults.silent["IVE"].lasted_us, faults.crossed["VTI"].lasted_us) == (6, 11)


def try_trading() -> None:
    """Try windows and stops."""
    shard = Shard(SMALL)
    shard.on_quote(quote(5), 5)
    assert [report.exec_type for report in shard.on_order(order(5, "o-1"), 5).reports] == ["NEW"]
    assert OpenAges(shard.state, [1, 2]).count(6) == [1, 0]
    assert [traded(shard, time_us) for time_us in (6, 7, 8, 9)] == [0, 1, 0, 1]  # a window of 2, another one

    stopped = Shard(SMALL)
    stopped.on_quote(quote(5), 5)
    stopped.on_order(replace(order(5, "o-1"), ord_type=OrdType.STOP, stop_px=Decimal(10)), 5)
    assert [traded(stopped, time_us) for time_us in (6, 7)] == [0, 1]


def try_forgetting() -> None:
    """Try what is forgotten when."""
    shard = Shard(SMALL)
    shard.on_quote(quote(5), 5)
    shard.on_order(order(5, "o-1"), 5)
    assert sum(traded(shard, time_us) for time_us in (6, 7, 8, 9)) == 2
    refused = shard.on_order(order(5, "o-2"), 9).reports
    assert [report.text for report in refused] == ["code=STALE_ORDER age_us=4 retention_us=3"]
    shard.on_cancel(factories.cancel(list_id="p", order_time_us=6), 9)
    gone = [forgotten(shard, time_us) for time_us in (12, 13, 14)]
    assert gone == [0, 3, 3]  # a cancel and two orders; the quote, the clock and the reference price

    quiet = Shard(SMALL)
    for symbol in ("IVE", "VTI"):
        quiet.on_quote(quote(5)._replace(symbol=symbol), 5)
    quiet.on_order(replace(order(5, "o-1"), ord_type=OrdType.LIMIT, price=Decimal(1)), 5)
    quiet.changed_quotes()
    gone = [forgotten(quiet, time_us) for time_us in (9, 10)]
    quiet.on_cancel(factories.cancel("o-1", order_time_us=11), 11)
    quiet.changed_quotes()
    gone += [forgotten(quiet, time_us) for time_us in (14, 15)]
    assert gone == [0, 3, 0, 5]  # VTI; an order, a cancel and IVE


def traded(shard: Shard, time_us: int) -> int:
    """Let the time pass and give the shard a quote; return how many reports came."""
    count = 0
    while (effects := shard.next_timer(time_us)) is not None:
        count += len(effects.reports)
    found = shard.on_quote(quote(time_us), time_us)
    return count + (len(found.reports) if found else 0)


def forgotten(shard: Shard, time_us: int) -> int:
    """Let a shard sweep; return how many entries it forgot."""
    shard.sweep(time_us)
    return len(list(shard.forgotten()))


def quote(time_us: int) -> Quote:
    """Quote one share, each time at another price."""
    return factories.quote(
        "9.9", ("10", "10.1")[time_us % 2], time_us=time_us, offset=time_us, bid_size="1", ask_size="1"
    )


def order(time_us: int, cl_ord_id: str) -> Order:
    """Buy two shares in a block."""
    return factories.order("2", cl_ord_id=cl_ord_id, priority=2, order_time_us=time_us)


if __name__ == "__main__":
    main()
