from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.instruments import Instrument
from fintank.trading.sweep import Sweep, after_trade, plan, wanted
from fintank.trading.working_order import Closing, WorkingOrder

NOW = Closing(0, by_log=False)
Make = Callable[..., Any]
WHOLE_SHARES = Instrument(lot_size=Decimal(1))


def working(order: Any) -> WorkingOrder:
    return WorkingOrder(order, arrival_seq=0, accepted_us=0, end_us=None, is_checked=True)


@pytest.fixture
def sweep(order: Make, market: Make) -> Callable[..., Sweep]:
    """sweep([quotes], instrument, qty=..., side=...): what such an order would do there."""

    def make(quotes: list[Any], instrument: Instrument = WHOLE_SHARES, **given: Any) -> Sweep:
        made = order(**given)
        return plan(working(made), market(*quotes).levels(made.side), instrument, NOW)

    return make


def trades(found: Sweep) -> list[str]:
    """Each trade as `quantity @ price exchange status`."""
    return [
        f"{trade.quantity} @ {trade.level.price} {trade.level.quote.exchange} {trade.working.ord_status}"
        for trade in found.trades
    ]


def sizes(size: str) -> dict[str, str]:
    return {"bid_size": size, "ask_size": size}


@pytest.mark.parametrize(("side", "trade"), [("BUY", "10.5 @ 94 A FILLED"), ("SELL", "10.5 @ 93.5 B FILLED")])
def test_buy_takes_the_lowest_ask_and_sell_the_highest_bid(sweep: Make, side: str, trade: str) -> None:
    found = sweep([("93", "94"), ("93.5", "95")], qty="10.5", side=side)
    assert trades(found) == [trade]
    assert found.fills
    assert found.short_of_lot is None


def test_it_takes_level_after_level_until_it_is_filled(sweep: Make) -> None:
    quotes = [("93", "95", sizes("4")), ("92", "94", sizes("3")), ("91", "96", sizes("9"))]
    assert trades(sweep(quotes, qty="8")) == [
        "3 @ 94 B PARTIALLY_FILLED",
        "4 @ 95 A PARTIALLY_FILLED",
        "1 @ 96 C FILLED",
    ]
    sold = sweep(quotes, qty="8", side="SELL")
    assert trades(sold) == ["4 @ 93 A PARTIALLY_FILLED", "3 @ 92 B PARTIALLY_FILLED", "1 @ 91 C FILLED"]


def test_where_no_level_is_left_it_stays_open(sweep: Make) -> None:
    found = sweep([("93", "94", sizes("3"))], qty="8")
    assert trades(found) == ["3 @ 94 A PARTIALLY_FILLED"]
    assert not found.fills
    assert not sweep([], qty="8").fills


@pytest.mark.parametrize(("side", "price", "venues"), [("BUY", "95", "BA"), ("SELL", "92", "AB")])
def test_a_limit_ends_it_before_a_worse_level(sweep: Make, side: str, price: str, venues: str) -> None:
    quotes = [("93", "95", sizes("1")), ("92", "94", sizes("1")), ("91", "96", sizes("9"))]
    found = sweep(quotes, qty="8", side=side, price=price)
    assert "".join(trade.level.quote.exchange for trade in found.trades) == venues


def test_an_empty_level_is_passed_over(sweep: Make) -> None:
    assert trades(sweep([("93", "94", sizes("0")), ("92", "95")], qty="2")) == ["2 @ 95 B FILLED"]


@pytest.mark.parametrize(
    ("side", "cash", "quantity"),
    [
        ("BUY", "1000", "10.638297"),  # 1000 / 94 = 10.6382978...
        ("SELL", "1000", "10.752689"),  # 1000 / 93 = 10.7526881...
        ("BUY", "188", "2"),
        ("SELL", "186", "2"),
    ],
)
def test_cash_buys_rounded_down_and_sells_rounded_up_to_the_lot(
    sweep: Make, side: str, cash: str, quantity: str
) -> None:
    found = sweep([("93", "94")], Instrument(), cash=cash, side=side)
    assert [trade.quantity for trade in found.trades] == [Decimal(quantity)]
    assert found.fills


def test_the_lot_is_configurable(sweep: Make) -> None:
    assert trades(sweep([("93", "94")], cash="1000")) == ["10 @ 94 A FILLED"]
    assert trades(sweep([("93", "94")], cash="1000", side="SELL")) == ["11 @ 93 A FILLED"]


def test_a_cash_order_takes_whole_lots_of_what_is_offered(sweep: Make) -> None:
    quotes = [("93", "94", sizes("2.9")), ("92", "95", sizes("1")), ("91", "96")]
    assert trades(sweep(quotes, cash="500")) == [
        "2 @ 94 A PARTIALLY_FILLED",
        "1 @ 95 B PARTIALLY_FILLED",
        "2 @ 96 C FILLED",
    ]


def test_a_cash_order_passes_over_less_than_a_lot_and_does_not_end_there(sweep: Make) -> None:
    found = sweep([("93", "94", sizes("0.99"))], cash="50")
    assert (trades(found), found.short_of_lot) == ([], None)
    assert trades(sweep([("93", "94", sizes("0.99")), ("92", "95")], cash="500")) == ["5 @ 95 B FILLED"]


def test_cash_that_buys_no_lot_at_the_first_level_is_short_of_a_lot(sweep: Make) -> None:
    found = sweep([("93", "94"), ("92", "95")], cash="93.99")
    assert (trades(found), found.short_of_lot, found.fills) == ([], 94, False)


def test_cash_that_buys_no_lot_at_a_later_level_is_filled_by_the_earlier_trades(sweep: Make) -> None:
    found = sweep([("93", "94", sizes("2")), ("92", "100")], cash="287")
    assert (trades(found), found.short_of_lot) == (["2 @ 94 A PARTIALLY_FILLED"], 100)
    assert found.fills


def test_what_is_left_and_buys_no_lot_at_the_price_of_the_trade_fills_it(sweep: Make) -> None:
    assert trades(sweep([("93", "94", sizes("2"))], cash="281.99")) == ["2 @ 94 A FILLED"]
    assert trades(sweep([("93", "94", sizes("2"))], cash="282")) == ["2 @ 94 A PARTIALLY_FILLED"]


def test_a_cash_limit_ends_before_it_asks_for_a_lot(sweep: Make) -> None:
    found = sweep([("93", "94")], cash="50", price="93.99")
    assert (trades(found), found.short_of_lot) == ([], None)


def test_a_sell_below_one_lot_still_raises_its_cash(sweep: Make) -> None:
    assert trades(sweep([("93", "94")], cash="0.01", side="SELL")) == ["1 @ 93 A FILLED"]


def test_a_cash_sell_is_filled_when_no_cash_is_left_to_raise(sweep: Make) -> None:
    quotes = [("93", "94", sizes("2")), ("92", "95")]
    assert trades(sweep(quotes, cash="186", side="SELL")) == ["2 @ 93 A FILLED"]
    assert trades(sweep(quotes, cash="186.01", side="SELL")) == [
        "2 @ 93 A PARTIALLY_FILLED",
        "1 @ 92 B FILLED",
    ]


def test_what_has_traded_already_is_not_wanted_again(order: Make) -> None:
    shares = working(order("10")).traded(Decimal(4), Decimal(94), Instrument())
    money = working(order(cash="1000")).traded(Decimal(4), Decimal(94), Instrument())
    assert [wanted(each, Decimal(94), WHOLE_SHARES) for each in (shares, money)] == [6, 6]


def test_an_order_is_filled_at_the_clock(order: Make) -> None:
    made = working(order("10"))
    now_us = made.order.order_time_us + 5
    closing = Closing(now_us, by_log=False)
    assert after_trade(made, Decimal(10), Decimal(94), WHOLE_SHARES, closing).closed_us == now_us
    assert after_trade(made, Decimal(9), Decimal(94), WHOLE_SHARES, closing).closed_us is None
