from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.limits import Limits
from fintank.trading.matching import Cancel, Trade, Wait, WaitReason, can_trade, decide
from fintank.trading.messages import OrdStatus
from fintank.trading.orders import WorkingOrder
from fintank.trading.quotes import Level, Nbbo

Make = Callable[..., Any]
WHOLE_SHARES = Limits(lot_size=Decimal(1))


@pytest.fixture(scope="session")
def market(quote: Make) -> Callable[..., Nbbo]:
    """An NBBO whose bid is of NYSE and whose ask is of NASDAQ."""

    def make(bid: str | None, ask: str | None) -> Nbbo:
        def level(price: str | None, exchange: str) -> Level | None:
            return None if price is None else Level(Decimal(price), quote(exchange=exchange))

        return Nbbo(level(bid, "NYSE"), level(ask, "NASDAQ"))

    return make


def working(order: Any) -> WorkingOrder:
    return WorkingOrder(order, arrival_seq=0)


@pytest.mark.parametrize(("side", "price", "exchange"), [("BUY", "94", "NASDAQ"), ("SELL", "93", "NYSE")])
def test_buy_trades_at_the_ask_and_sell_at_the_bid(
    order: Make, market: Make, side: str, price: str, exchange: str
) -> None:
    decision = decide(working(order("10.5", side=side)), market("93", "94"), Limits())
    assert isinstance(decision, Trade)
    assert (decision.last_qty, decision.last_px) == (Decimal("10.5"), Decimal(price))
    assert decision.quote.exchange == exchange


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_bid_equal_to_ask_trades(order: Make, market: Make, side: str) -> None:
    assert isinstance(decide(working(order("1", side=side)), market("94", "94.0"), Limits()), Trade)
    assert can_trade(market("94", "94.0"))


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_while_the_nbbo_is_crossed_nothing_trades(order: Make, market: Make, side: str) -> None:
    assert decide(working(order("1", side=side)), market("94.1", "94"), Limits()) == Wait(WaitReason.CROSSED)
    assert not can_trade(market("94.1", "94"))


def test_an_order_waits_while_its_side_has_no_price(order: Make, market: Make) -> None:
    no_quote = Wait(WaitReason.NO_QUOTE)
    assert decide(working(order("1")), market("93", None), Limits()) == no_quote
    assert decide(working(order("1", side="SELL")), market(None, "94"), Limits()) == no_quote
    assert not can_trade(market(None, None))


def test_one_side_is_enough_for_the_orders_that_want_it(order: Make, market: Make) -> None:
    assert isinstance(decide(working(order("1")), market(None, "94"), Limits()), Trade)
    assert isinstance(decide(working(order("1", side="SELL")), market("93", None), Limits()), Trade)
    assert can_trade(market(None, "94"))
    assert can_trade(market("93", None))


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
    order: Make, market: Make, side: str, cash: str, quantity: str
) -> None:
    decision = decide(working(order(cash=cash, side=side)), market("93", "94"), Limits())
    assert isinstance(decision, Trade)
    assert decision.last_qty == Decimal(quantity)


def test_the_lot_is_configurable(order: Make, market: Make) -> None:
    bought = decide(working(order(cash="1000")), market("93", "94"), WHOLE_SHARES)
    sold = decide(working(order(cash="1000", side="SELL")), market("93", "94"), WHOLE_SHARES)
    assert isinstance(bought, Trade)
    assert isinstance(sold, Trade)
    assert (bought.last_qty, sold.last_qty) == (10, 11)


def test_cash_that_buys_no_lot_cancels_the_order(order: Make, market: Make) -> None:
    decision = decide(working(order(cash="93.99")), market("93", "94"), WHOLE_SHARES)
    assert isinstance(decision, Cancel)
    assert decision.refusal.text == "code=BELOW_MIN_QTY leaves_cash=93.99 price=94 lot_size=1"


def test_a_sell_below_one_lot_still_raises_its_cash(order: Make, market: Make) -> None:
    decision = decide(working(order(cash="0.01", side="SELL")), market("93", "94"), WHOLE_SHARES)
    assert isinstance(decision, Trade)
    assert decision.last_qty == 1


def test_what_has_traded_already_is_not_traded_again(order: Make, market: Make) -> None:
    partly = OrdStatus.PARTIALLY_FILLED
    shares = working(order("10")).traded(Decimal(4), Decimal(94), partly, None)
    money = working(order(cash="1000")).traded(Decimal(4), Decimal(94), partly, None)
    first, second = (decide(state, market("93", "94"), WHOLE_SHARES) for state in (shares, money))
    assert isinstance(first, Trade)
    assert isinstance(second, Trade)
    assert (first.last_qty, second.last_qty) == (6, 6)
