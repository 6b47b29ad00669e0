"""Writing orders as JSON records of the topic `orders`; numbers are decimal strings."""

from collections.abc import Sequence
from decimal import Decimal

import orjson

from fintank.trading.decimals import seconds_text
from fintank.trading.messages import ComponentSpec, OrdType, Side, State, TimeInForce
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka.message_json import decimal_text


def portfolio_order_json(
    *,
    order_id: str,
    account: str,
    side: Side,
    amount: Decimal,
    portfolio: Sequence[ComponentSpec],
    priority: int,
    time_us: int,
) -> bytes:
    """Write a portfolio order, good till canceled; `time_us` is since the epoch."""
    message = {
        "msg_type": MsgType.PORTFOLIO_ORDER,
        "order_id": order_id,
        "account": account,
        "side": side,
        "amount": amount,
        "portfolio": [{"symbol": spec.symbol, "weight": spec.weight} for spec in portfolio],
        "priority": priority,
        "time_in_force": TimeInForce.GTC,
        "timestamp": orjson.Fragment(seconds_text(time_us)),
    }
    return orjson.dumps(message, default=decimal_text)


def market_order_json(
    *, cl_ord_id: str, account: str, symbol: str, side: Side, order_qty: Decimal, time_us: int
) -> bytes:
    """Write a MARKET order for a quantity, priority 1, good till canceled; `time_us` is since the epoch."""
    message = {
        "msg_type": MsgType.ORDER,
        "cl_ord_id": cl_ord_id,
        "account": account,
        "symbol": symbol,
        "side": side,
        "order_qty": order_qty,
        "ord_type": OrdType.MARKET,
        "priority": 1,
        "time_in_force": TimeInForce.GTC,
        "timestamp": orjson.Fragment(seconds_text(time_us)),
    }
    return orjson.dumps(message, default=decimal_text)


def cancel_json(
    *,
    cl_ord_id: str,
    account: str,
    symbol: str | None,
    orig_cl_ord_id: str | None,
    list_id: str | None,
    time_us: int,
) -> bytes:
    """Write a cancel of one order, or, with a list_id, of a portfolio order; `time_us` is since the epoch."""
    names = {"symbol": symbol, "orig_cl_ord_id": orig_cl_ord_id} if list_id is None else {"list_id": list_id}
    message = {
        "msg_type": MsgType.CANCEL,
        "cl_ord_id": cl_ord_id,
        "account": account,
        **names,
        "timestamp": orjson.Fragment(seconds_text(time_us)),
    }
    return orjson.dumps(message)


def trading_state_json(state: State, time_us: int) -> bytes:
    """Write a trading state; `time_us` is since the epoch."""
    timestamp = orjson.Fragment(seconds_text(time_us))
    return orjson.dumps({"msg_type": MsgType.TRADING_STATE, "state": state, "timestamp": timestamp})
