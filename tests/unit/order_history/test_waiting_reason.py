from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import factories as make
import pytest

from fintank.adapters.kafka_topics import partition_for, topics
from fintank.order_history import waiting_reason
from fintank.order_history.waiting_reason import of_symbol
from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, Quote, State, TradingState
from fintank.trading.sessions import Session, Sessions
from fintank.trading.working_order import WorkingOrder
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import Record

NOW_US = 1_700_000_000_000_000
LIMITS = Limits()
AGE_US = LIMITS.max_quote_age_us


def quote(
    exchange: str, bid: str | None, ask: str | None, ask_size: str | None = None, at: float = 0
) -> tuple[Quote, int]:
    """Quote `at` seconds after NOW_US."""
    time_us = NOW_US + int(at * 1_000_000)
    return Quote("IVE", exchange, time_us, 0, 1, bid, ask, None, ask_size), time_us


def of_order(
    order: Order,
    quotes: list[tuple[Quote, int]],
    now_us: int,
    limits: Limits,
    *states: TradingState,
    is_triggered: bool = False,
) -> str | None:
    working = WorkingOrder(order, 0, 0, None, is_checked=True, is_triggered=is_triggered)
    return waiting_reason.of_order(working, quotes, states, now_us, limits)


def limits_of(*edges_us: int) -> Limits:
    sessions = Sessions("XNYS", [Session(edges_us)])
    return Limits(instruments=Instruments(default=Instrument(sessions=sessions)))


def test_without_a_recent_quote_an_order_waits() -> None:
    told = "no quote is younger than 300 s (max_quote_age_ms)"
    assert of_symbol("IVE", [], NOW_US, LIMITS) == told
    assert of_order(make.order("1"), [], NOW_US, LIMITS) == told


def test_with_a_price_an_order_has_no_reason_to_wait() -> None:
    quotes = [quote("NYSE", "94.10", "94.20"), quote("NASDAQ", "94.20", "94.30")]
    assert of_symbol("IVE", quotes, NOW_US, LIMITS) is None
    assert of_order(make.order("1", price="94.20"), quotes, NOW_US, LIMITS) is None


def test_the_venues_that_cross_are_named() -> None:
    crossed = [quote("NYSE", "99.2", None), quote("ARCA", None, "99.1")]
    told = "the NBBO is crossed: NYSE bid 99.2 above ARCA ask 99.1"
    assert of_symbol("IVE", crossed, NOW_US, LIMITS) == told
    itself = [quote("NYSE", "94.20", "94.10")]
    assert (
        of_symbol("IVE", itself, NOW_US, LIMITS) == "the NBBO is crossed: NYSE bid 94.2 above NYSE ask 94.1"
    )


def test_with_stale_quotes_an_order_waits() -> None:
    quotes = [quote("NYSE", "94.10", "94.20")]
    assert of_symbol("IVE", quotes, NOW_US + AGE_US, LIMITS) is None
    told = "no quote is younger than 300 s (max_quote_age_ms)"
    assert of_symbol("IVE", quotes, NOW_US + AGE_US + 1, LIMITS) == told


def test_only_the_orders_own_side_counts() -> None:
    quotes = [quote("NYSE", "94.10", "94.20"), quote("NYSE", None, "94.20", at=1)]
    assert of_order(make.order("1"), quotes, NOW_US + 1_000_000, LIMITS) is None
    told = "no exchange has a bid"
    assert of_order(make.order("1", side="SELL"), quotes, NOW_US + 1_000_000, LIMITS) == told
    assert of_symbol("IVE", [quote("NYSE", "94.10", None)], NOW_US, LIMITS) == "no exchange has an ask"


def test_an_exchange_that_is_too_far_behind_is_named() -> None:
    quotes = [
        quote("ARCA", "94.10", "94.20"),
        quote("BATS", "94", None, at=1),
        quote("NYSE", "94", None, at=7),
    ]
    told = "the newest quotes have no ask; that of ARCA is 7 s behind them (max_quote_lag_ms)"
    assert of_order(make.order("1"), quotes, NOW_US + 7_000_000, LIMITS) == told


def test_a_side_whose_quotes_are_too_old_is_told_from_an_empty_one() -> None:
    quotes = [quote("ARCA", "94.10", "94.20"), quote("NYSE", "94", None, at=3)]
    assert of_order(make.order("1"), quotes, NOW_US + AGE_US, LIMITS) is None
    told = "no quote with an ask is younger than 300 s (max_quote_age_ms)"
    assert of_order(make.order("1"), quotes, NOW_US + AGE_US + 1, LIMITS) == told


def test_an_order_may_wait_for_more_than_the_displayed_size() -> None:
    quotes = [quote("NYSE", "94.10", "94.20", ask_size="5")]
    reason = "the quotes have sizes, and no more than the displayed size is traded"
    assert of_symbol("IVE", quotes, NOW_US, LIMITS) == reason
    assert of_order(make.order("10"), quotes, NOW_US, LIMITS) == reason


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"price": "94"}, "the best ask 94.2 is above its limit 94"),
        ({"price": "95", "side": "SELL"}, "the best bid 94.1 is below its limit 95"),
        ({"stop_px": "95"}, "the best ask 94.2 is below its stop 95"),
        ({"stop_px": "94", "side": "SELL"}, "the best bid 94.1 is above its stop 94"),
    ],
)
def test_a_price_that_is_not_reached_is_told(given: dict[str, Any], told: str) -> None:
    quotes = [quote("NYSE", "94.10", "94.20", ask_size="5")]
    assert of_order(make.order("10", **given), quotes, NOW_US, LIMITS) == told


def test_an_order_waits_for_its_session() -> None:
    opens_us = int(datetime(2023, 11, 15, 14, 30, tzinfo=UTC).timestamp()) * 1_000_000
    later = limits_of(opens_us, opens_us + 1)
    quotes = [quote("NYSE", "94.10", "94.20")]
    told = "the session opens at 2023-11-15T14:30:00.000Z"
    assert of_order(make.order("1"), quotes, NOW_US, later) == told
    assert of_symbol("IVE", [], NOW_US, later) == told
    assert of_symbol("IVE", quotes, NOW_US, limits_of(NOW_US, NOW_US + 1)) is None
    over = "the calendar XNYS knows no later session"
    assert of_symbol("IVE", quotes, NOW_US, limits_of(NOW_US - 1, NOW_US)) == over


def test_the_terms_of_a_stop_that_was_triggered_are_those_of_what_it_became() -> None:
    quotes = [quote("NYSE", "94.10", "94.20")]
    stop = make.order("10", stop_px="95", price="94")
    assert of_order(stop, quotes, NOW_US, LIMITS) == "the best ask 94.2 is below its stop 95"
    told = "the best ask 94.2 is above its limit 94"
    assert of_order(stop, quotes, NOW_US, LIMITS, is_triggered=True) == told
    assert of_order(make.order("10", stop_px="95"), quotes, NOW_US, LIMITS, is_triggered=True) is None


def test_a_price_outside_of_the_collar_is_told() -> None:
    quotes = [quote("NYSE", "94", "96"), quote("NYSE", "0.01", "99999", at=1)]
    bid = (
        "the best bid 0.01 is not within 85.5 to 104.5, the collar of the reference price 95 (market_collar)"
    )
    ask = (
        "the best ask 99999 is not within 85.5 to 104.5, the collar of the reference price 95 (market_collar)"
    )
    now_us = NOW_US + 1_000_000
    assert of_order(make.order("10"), quotes, now_us, LIMITS) == ask
    assert of_order(make.order("10", stop_px="97"), quotes, now_us, LIMITS) == ask
    assert of_order(make.order("10", side="SELL"), quotes, now_us, LIMITS) == bid
    assert of_order(make.order("10", side="SELL", price="0.01"), quotes, now_us, LIMITS) is None
    assert of_symbol("IVE", quotes, now_us, LIMITS) == ask


def test_without_a_reference_price_an_order_without_a_limit_waits() -> None:
    wide = [quote("NYSE", "1", "2")]
    none = "the quotes of the last 600 s give no reference price"
    told = f"{none}: the bid and the ask are too far apart"
    assert of_order(make.order("10"), wide, NOW_US, LIMITS) == told
    assert of_symbol("IVE", wide, NOW_US, LIMITS) == told
    assert of_order(make.order("10", price="2"), wide, NOW_US, LIMITS) is None
    asks, bids = [quote("NYSE", None, "2")], [quote("NYSE", "2", None)]
    assert of_order(make.order("10"), asks, NOW_US, LIMITS) == f"{none}: there is no bid"
    assert of_order(make.order("10", side="SELL"), bids, NOW_US, LIMITS) == f"{none}: there is no ask"


def test_an_exchange_that_is_left_out_is_named_behind_the_price() -> None:
    quotes = [quote("NYSE", "99.5", "100"), quote("ARCA", "101", "102", at=1)]
    told = (
        "the best ask 102 is above its limit 100 "
        "(the NBBO is crossed: ARCA bid 101 above NYSE ask 100; NYSE left out)"
    )
    assert of_order(make.order("10", price="100"), quotes, NOW_US + 1_000_000, LIMITS) == told


def test_the_trading_state_that_holds_an_order_up_is_told_first() -> None:
    def state(value: State, symbol: str | None = None, account: str | None = None) -> TradingState:
        return TradingState(value, NOW_US, 7, "orders-0-7", symbol, account)

    halted, other = state(State.HALTED), state(State.HALTED, symbol="VTI")
    assert of_order(make.order("10"), [], NOW_US, LIMITS, other, halted) == "trading is HALTED"
    of_ive = state(State.HALTED, symbol="IVE")
    assert of_order(make.order("10"), [], NOW_US, LIMITS, of_ive) == "trading is HALTED for IVE"
    only = state(State.SELL_ONLY, account="acc")
    quotes = [quote("NYSE", "94.10", "94.20")]
    assert (
        of_order(make.order("1"), quotes, NOW_US, LIMITS, only) == "trading is SELL_ONLY for the account acc"
    )
    assert of_order(make.order("1", side="SELL"), quotes, NOW_US, LIMITS, only) is None


def test_an_order_of_a_block_waits_for_its_window() -> None:
    told = "orders of priority 2 trade as a block, after a window of 1 s (aggregation_window_ms)"
    order = make.order("10", priority=2)
    assert of_order(order, [quote("NYSE", "94.10", "94.20")], NOW_US, LIMITS) == told
    sizes = "the quotes have sizes, and no more than the displayed size is traded"
    assert of_order(order, [quote("NYSE", "94.10", "94.20", "5")], NOW_US, LIMITS) == f"{told}; {sizes}"


def test_an_order_by_cash_waits_for_a_whole_lot() -> None:
    limits = Limits(instruments=Instruments(default=Instrument(lot_size=Decimal(10))))
    told = (
        "an order by cash takes whole lots of 10, and no quote that it can trade on has one; "
        "the quotes have sizes, and no more than the displayed size is traded"
    )
    assert of_order(make.order(cash="5000"), [quote("NYSE", "94.10", "94.20", "5")], NOW_US, limits) == told
    beyond = [quote("NYSE", "94.10", "94.20", "5"), quote("ARCA", "94.10", "94.40", "20")]
    assert of_order(make.order(cash="5000", price="94.30"), beyond, NOW_US, limits) == told
    in_lots = (
        "orders of priority 2 trade as a block, after a window of 1 s (aggregation_window_ms); "
        "a block takes whole lots of 10, and no quote that it can trade on has one; "
        "the quotes have sizes, and no more than the displayed size is traded"
    )
    block = make.order("10", price="94.30", priority=2)
    assert of_order(block, beyond, NOW_US, limits) == in_lots


def test_sizes_hold_nothing_up_where_a_quote_without_a_size_is_in_reach() -> None:
    sizes = "the quotes have sizes, and no more than the displayed size is traded"
    quotes = [quote("NYSE", "94.10", "94.20", "5"), quote("ARCA", "94.10", "94.40")]
    assert of_order(make.order("10", price="94.30"), quotes, NOW_US, LIMITS) == sizes
    assert of_order(make.order("10", price="94.40"), quotes, NOW_US, LIMITS) is None
    assert of_order(make.order("10"), quotes, NOW_US, LIMITS) is None
    assert of_symbol("IVE", quotes, NOW_US, LIMITS) is None
    far = [quote("NYSE", "94.10", "94.20", "5"), quote("ARCA", "94.10", "104.40")]
    assert of_order(make.order("10"), far, NOW_US, LIMITS) == sizes
    assert of_symbol("IVE", far, NOW_US, LIMITS) == sizes


@pytest.mark.parametrize("elsewhere", [False, True])
def test_quotes_are_found_in_whatever_partition_their_producer_put_them(
    monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    usual = partition_for("IVE", topics()["ticks"].partitions)
    place = usual + elsewhere, 7, NOW_US // 1000
    tick = tick_json.tick_of_numbers("IVE", "NYSE", "94.1", "94.2", NOW_US)
    other = tick_json.tick_of_numbers("VTI", "NYSE", "50", "51", NOW_US)
    records = [Record("ticks", *place, b"IVE", tick), Record("ticks", *place, b"VTI", other)]

    class FakeReader:
        def starts(self, partitions: list[int] | None = None, since_ms: int = 0) -> dict[int, int]:
            assert since_ms == (NOW_US - 2 * AGE_US) // 1000
            return dict.fromkeys([usual, usual + 1] if partitions is None else partitions, 0)

        def ahead(self, positions: dict[int, int]) -> int:
            return len(positions)

        def read(self, positions: dict[int, int]) -> list[Record]:
            return [record for record in records if record.partition in positions]

    monkeypatch.setattr(waiting_reason, "now_us", lambda: NOW_US)
    monkeypatch.setattr(waiting_reason, "open_reader", lambda *_: nullcontext(FakeReader()))
    found = waiting_reason.recent_quotes("kafka:9092", "IVE", LIMITS)
    assert [(each.quote_id, arrival_us) for each, arrival_us in found] == [(f"{place[0]}-7", NOW_US)]
