"""Validated orders between the bolts: one JSON object a line.

The names are those of the trading core's messages, with msg_type before them: times are whole microseconds
(`order_time_us`), numbers decimal strings. Nothing is lost on the way, and nothing is checked again but what
the messages check themselves.
"""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson

from fintank.trading.messages import ComponentSpec, Order, OrdType, PortfolioOrder, Refusal, Side, TimeInForce
from fintank.wire.message_json import decimal_text


class MsgType(StrEnum):
    """What a record of the topic `orders` is."""

    PORTFOLIO_ORDER = "portfolio_order"
    ORDER = "order"
    CANCEL = "cancel"
    TRADING_STATE = "trading_state"


_MSG_TYPES = {PortfolioOrder: MsgType.PORTFOLIO_ORDER, Order: MsgType.ORDER}
_NAMES = {kind: [field.name for field in fields(kind)] for kind in _MSG_TYPES}


def to_line(message: Order | PortfolioOrder) -> str:
    """Write an order as one line."""
    kind = type(message)
    values = {"msg_type": _MSG_TYPES[kind], **{name: getattr(message, name) for name in _NAMES[kind]}}
    return orjson.dumps(values, default=decimal_text).decode()


def from_line(line: str) -> Order | PortfolioOrder:
    """Read a line that to_line wrote."""
    values = orjson.loads(line)
    msg_type = MsgType(values.pop("msg_type"))
    values["side"] = Side(values["side"])
    values["time_in_force"] = TimeInForce(values["time_in_force"])
    return _portfolio_order(values) if msg_type is MsgType.PORTFOLIO_ORDER else _order(values)


def orders(lines: str) -> list[Order]:
    """Read the lines of one tuple of the stream by_owner; ValueError when one is no order for a symbol."""
    messages = [from_line(line) for line in lines.split("\n")]
    found = [message for message in messages if isinstance(message, Order)]
    if len(found) != len(messages):
        raise ValueError("a portfolio order came where orders for one symbol are expected")
    return found


def _portfolio_order(values: Mapping[str, Any]) -> PortfolioOrder:
    specs = tuple(ComponentSpec(spec["symbol"], Decimal(spec["weight"])) for spec in values["portfolio"])
    return PortfolioOrder(**{**values, "amount": Decimal(values["amount"]), "portfolio": specs})


def _order(values: dict[str, Any]) -> Order:
    values["ord_type"] = OrdType(values["ord_type"])
    for name in ("order_qty", "cash_order_qty", "price", "stop_px"):
        if values[name] is not None:
            values[name] = Decimal(values[name])
    if values["refusal"] is not None:
        values["refusal"] = Refusal(**values["refusal"])
    return Order(**values)
