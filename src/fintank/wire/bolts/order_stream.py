"""Validated messages of the topic `orders` between the bolts: one JSON object a line.

The names are those of the trading core's messages, with msg_type before them: times are whole microseconds
(`order_time_us`), numbers decimal strings. Nothing is lost on the way, and nothing is checked again but what
the messages check themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from sys import intern
from typing import Any

import orjson

from fintank.trading.messages import (
    Cancel,
    CodedReason,
    ComponentSpec,
    Order,
    OrdType,
    PortfolioOrder,
    Side,
    State,
    TimeInForce,
    TradingState,
)
from fintank.wire.kafka.message_json import decimal_text


class MsgType(StrEnum):
    """What a record of the topic `orders` is."""

    PORTFOLIO_ORDER = "portfolio_order"
    ORDER = "order"
    CANCEL = "cancel"
    TRADING_STATE = "trading_state"


OwnedMessage = Order | Cancel | TradingState
"""What the rule engine takes in of the topic `orders`."""
OrderMessage = OwnedMessage | PortfolioOrder

_MSG_TYPES: Mapping[type[OrderMessage], MsgType] = {
    PortfolioOrder: MsgType.PORTFOLIO_ORDER,
    Order: MsgType.ORDER,
    Cancel: MsgType.CANCEL,
    TradingState: MsgType.TRADING_STATE,
}
_NAMES = {kind: [field.name for field in fields(kind)] for kind in _MSG_TYPES}


def to_line(message: OrderMessage) -> str:
    """Write a message as one line."""
    kind = type(message)
    values = {"msg_type": _MSG_TYPES[kind], **{name: getattr(message, name) for name in _NAMES[kind]}}
    return orjson.dumps(values, default=decimal_text).decode()


def from_line(line: str) -> OrderMessage:
    """Read a line that to_line wrote."""
    values = orjson.loads(line)
    return _READ[MsgType(values.pop("msg_type"))](values)


def owned_messages(lines: str) -> list[OwnedMessage]:
    """Read the lines of one tuple of the stream by_owner; ValueError when one is a portfolio order."""
    messages = [from_line(line) for line in lines.split("\n")]
    found = [message for message in messages if not isinstance(message, PortfolioOrder)]
    if len(found) != len(messages):
        raise ValueError("a portfolio order came where its components are expected")
    return found


def _portfolio_order(values: dict[str, Any]) -> PortfolioOrder:
    values["side"] = Side(values["side"])
    values["time_in_force"] = TimeInForce(values["time_in_force"])
    values["amount"] = Decimal(values["amount"])
    values["portfolio"] = tuple(
        ComponentSpec(spec["symbol"], Decimal(spec["weight"])) for spec in values["portfolio"]
    )
    return PortfolioOrder(**values)


def _order(values: dict[str, Any]) -> Order:
    for name in ("account", "symbol"):  # remembered with each order, and the same in many
        values[name] = intern(values[name])
    values["side"] = Side(values["side"])
    values["time_in_force"] = TimeInForce(values["time_in_force"])
    values["ord_type"] = OrdType(values["ord_type"])
    for name in ("order_qty", "cash_order_qty", "price", "stop_px"):
        if values[name] is not None:
            values[name] = Decimal(values[name])
    if values["refusal"] is not None:
        values["refusal"] = CodedReason(**values["refusal"])
    return Order(**values)


def _cancel(values: dict[str, Any]) -> Cancel:
    return Cancel(**values)


def _trading_state(values: dict[str, Any]) -> TradingState:
    values["state"] = State(values["state"])
    return TradingState(**values)


_READ: Mapping[MsgType, Callable[[dict[str, Any]], OrderMessage]] = {
    MsgType.PORTFOLIO_ORDER: _portfolio_order,
    MsgType.ORDER: _order,
    MsgType.CANCEL: _cancel,
    MsgType.TRADING_STATE: _trading_state,
}
