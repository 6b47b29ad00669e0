"""Writing the records of the topic `orders`."""

import json
from decimal import Decimal

from fintank.trading.messages import (
    Cancel,
    ComponentSpec,
    Order,
    PortfolioOrder,
    Side,
    State,
    TradingState,
)
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders

TIME_US = 1_438_539_936_355_217
RUN = f"7,1,{TIME_US // 1000}"


def test_a_portfolio_order_is_read_as_written() -> None:
    portfolio = (ComponentSpec("IVE", Decimal("0.25")), ComponentSpec("CASH", Decimal("0.75")))
    written = orders.to_json(
        MsgType.PORTFOLIO_ORDER,
        order_id="p-1",
        account='A"1',
        side=Side.SELL,
        amount=Decimal("1000.10"),
        portfolio=portfolio,
        priority=2,
        time_us=TIME_US,
    )
    (message,) = orders.read("orders", 0, RUN, written.decode()).messages
    assert isinstance(message, PortfolioOrder)
    assert (message.order_id, message.account, message.side, message.priority) == ("p-1", 'A"1', Side.SELL, 2)
    assert (message.amount, message.portfolio) == (Decimal("1000.10"), portfolio)
    assert message.order_time_us == TIME_US


def test_a_market_order_is_read_as_written() -> None:
    written = orders.to_json(
        MsgType.ORDER,
        cl_ord_id="m-1",
        account="A1",
        symbol="IVE",
        side=Side.BUY,
        order_qty=Decimal(12),
        time_us=TIME_US,
    )
    (message,) = orders.read("orders", 0, RUN, written.decode()).messages
    assert isinstance(message, Order)
    assert (message.cl_ord_id, message.symbol, message.side) == ("m-1", "IVE", Side.BUY)
    assert (message.order_qty, message.cash_order_qty, message.priority) == (Decimal(12), None, 1)
    assert message.order_time_us == TIME_US


def test_numbers_are_decimal_strings_and_the_time_is_a_number() -> None:
    written = orders.to_json(
        MsgType.ORDER,
        cl_ord_id="m",
        account="A",
        symbol="IVE",
        side=Side.BUY,
        order_qty=Decimal("1.50"),
        time_us=TIME_US,
    )
    assert json.loads(written)["order_qty"] == "1.5"
    assert b'"timestamp":1438539936.355217' in written


def test_a_cancel_is_read_as_written_and_has_no_empty_fields() -> None:
    of_list = {"symbol": None, "orig_cl_ord_id": None, "list_id": "p-1"}
    written = orders.to_json(MsgType.CANCEL, cl_ord_id="c-1", account="A1", **of_list, time_us=TIME_US)
    assert list(json.loads(written)) == ["msg_type", "cl_ord_id", "account", "list_id", "timestamp"]
    (message,) = orders.read("orders", 0, RUN, written.decode()).messages
    assert isinstance(message, Cancel)
    assert (message.cl_ord_id, message.symbol, message.list_id) == ("c-1", None, "p-1")


def test_a_trading_state_is_read_as_written() -> None:
    written = orders.to_json(MsgType.TRADING_STATE, state=State.SELL_ONLY, time_us=TIME_US)
    (message,) = orders.read("orders", 0, RUN, written.decode()).messages
    assert message == TradingState(State.SELL_ONLY, TIME_US, 7, "orders-0-7")
