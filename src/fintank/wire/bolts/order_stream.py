"""Validated messages of the topic `orders` on their way between bolts: one JSON object per line.

Fields are named as in the trading core's messages, msg_type comes first: times are whole microseconds
(`order_time_us`), numbers decimal strings. A message comes back exactly as it was; only the checks of the
messages themselves are made again.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from sys import intern
from typing import Any

import orjson

from fintank.trading.messages import Cancel, CodedReason, ComponentSpec, Order, PortfolioOrder, TradingState
from fintank.trading.requests import CancelRequest, MassCancel, Replace
from fintank.wire.kafka.schema import ENUMS, decimal_text


class MsgType(StrEnum):
    """What a record of the topic `orders` is."""

    PORTFOLIO_ORDER = "portfolio_order"
    ORDER = "order"
    CANCEL = "cancel"
    REPLACE = "replace"
    MASS_CANCEL = "mass_cancel"
    TRADING_STATE = "trading_state"


OwnedMessage = Order | CancelRequest | TradingState
"""What the rule engine processes."""
OrderMessage = OwnedMessage | PortfolioOrder

_MSG_TYPES: Mapping[type[OrderMessage], MsgType] = {
    PortfolioOrder: MsgType.PORTFOLIO_ORDER,
    Order: MsgType.ORDER,
    Cancel: MsgType.CANCEL,
    Replace: MsgType.REPLACE,
    MassCancel: MsgType.MASS_CANCEL,
    TradingState: MsgType.TRADING_STATE,
}
_KINDS = {msg_type: kind for kind, msg_type in _MSG_TYPES.items()}
_NAMES = {kind: [field.name for field in fields(kind)] for kind in _MSG_TYPES}


def to_line(message: OrderMessage) -> str:
    """Write a message as one line."""
    kind = type(message)
    values = {"msg_type": _MSG_TYPES[kind], **{name: getattr(message, name) for name in _NAMES[kind]}}
    return orjson.dumps(values, default=decimal_text).decode()


def from_line(line: str) -> OrderMessage:
    """Read a line that to_line wrote."""
    values: dict[str, Any] = orjson.loads(line)
    kind = _KINDS[MsgType(values.pop("msg_type"))]
    for name, convert in _CONVERTED[kind]:
        value = values[name]
        if value is not None:
            values[name] = convert(value)
    return kind(**values)


def owned_messages(lines: str) -> list[OwnedMessage]:
    """Read the lines of one tuple of the stream by_owner; ValueError when one is a portfolio order."""
    messages = [from_line(line) for line in lines.split("\n")] if lines else []
    found = [message for message in messages if not isinstance(message, PortfolioOrder)]
    if len(found) != len(messages):
        raise ValueError("got a portfolio order where its components are expected")
    return found


def _portfolio(specs: list[dict[str, str]]) -> tuple[ComponentSpec, ...]:
    return tuple(ComponentSpec(spec["symbol"], Decimal(spec["weight"])) for spec in specs)


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("order_qty", "cash_order_qty", "price", "stop_px", "amount"), Decimal),
    **dict.fromkeys(("account", "symbol"), intern),  # kept with every order, and the same in many
    **ENUMS,
    "portfolio": _portfolio,
    "refusal": lambda reason: CodedReason(**reason),
}
"""Converters from JSON, by field; None stays None."""
_CONVERTED = {kind: [(name, _CONVERT[name]) for name in _NAMES[kind] if name in _CONVERT] for kind in _NAMES}
