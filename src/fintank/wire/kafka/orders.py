"""The records of the topic `orders`: validated messages of the trading core, and writing such records.

What is no such message is a Reject. An order that breaks a rule (its weights, its price ...) is a message
like any other: the rule engine answers it with a REJECTED report.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from fintank.trading.decimals import seconds_text
from fintank.trading.messages import Cancel, Order, PortfolioOrder, State, TradingState
from fintank.trading.requests import MassCancel, Replace
from fintank.wire.bolts.order_stream import MsgType, OrderMessage
from fintank.wire.kafka.fields import Fields, MalformedError, parsed
from fintank.wire.kafka.records import EARLIEST_US, Record, read_each, read_one
from fintank.wire.kafka.rejects import Reason, Reject
from fintank.wire.kafka.schema import Field, Schema, decimal_text

TRADING_STATE_PARTITION = 0
"""All trading_state messages are in this partition, so that their offsets order them."""

_KINDS: Mapping[MsgType, type[PortfolioOrder | Cancel | Replace | MassCancel]] = {
    MsgType.PORTFOLIO_ORDER: PortfolioOrder,
    MsgType.CANCEL: Cancel,
    MsgType.REPLACE: Replace,
    MsgType.MASS_CANCEL: MassCancel,
}
SCHEMAS = {msg_type: Schema(msg_type) for msg_type in MsgType}
_ORDER_FIRST = ("account", "side", "priority", "time_in_force", "expire_time", "timestamp")
_READ_FIRST: Mapping[MsgType, tuple[str, ...]] = {
    MsgType.PORTFOLIO_ORDER: (*_ORDER_FIRST, "portfolio"),
    MsgType.ORDER: _ORDER_FIRST,
    MsgType.CANCEL: ("account",),
    MsgType.REPLACE: ("account",),
    MsgType.MASS_CANCEL: ("scope",),
}
"""A record with several faults is rejected for the first one: these fields are read before the others."""


class Orders(NamedTuple):
    """The messages of a batch of records, in order, and the rejects."""

    messages: list[OrderMessage]
    rejects: list[Reject]


def read(topic: str, partition: int, offsets: str, records: str) -> Orders:
    """Read the records of one spout tuple.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines; ValueError when their counts
    differ. Unknown fields are ignored; of two fields with one name the last one counts.
    """
    return Orders(*read_each(topic, partition, offsets, records, _message))


def from_record(record: Record) -> OrderMessage | Reject:
    """Read one record as the spout and the order-deserializer do; without payload if it is not UTF-8."""
    try:
        return read_one(record.text, record, _message)
    except UnicodeDecodeError:
        return Reject(record.topic, record.partition, record.offset, Reason.NOT_UTF8, "", "")


def destination(message: OrderMessage) -> tuple[str, int | None]:
    """Return a message's key, and its partition if that is not the key's."""
    if isinstance(message, TradingState):
        return MsgType.TRADING_STATE.value, TRADING_STATE_PARTITION
    if isinstance(message, MassCancel):
        return message.account or message.symbol or MsgType.MASS_CANCEL.value, None
    return message.account, None


def to_json(msg_type: MsgType, *, time_us: int, **values: object) -> bytes:
    """Write a record with these fields, defaults where a field has one; `time_us` is its timestamp.

    Numbers are decimal strings. None is left out.
    """
    message: dict[str, object] = {"msg_type": msg_type}
    for field in SCHEMAS[msg_type].fields:
        value = values.get(field.name, field.default)
        if value is not None:
            message[field.name] = value
    message["timestamp"] = orjson.Fragment(seconds_text(time_us))
    return orjson.dumps(message, default=decimal_text)


def content_hash(msg_type: MsgType, content: Mapping[str, Any]) -> str:
    """Return the sha256 of a message's content, equal for all ways to write the same message.

    Numbers are compared by value, a default equals the same value written out, a portfolio is a set. None is
    left out, so that a new optional field does not change the hashes of messages without it.
    """
    canonical = {name: value for name, value in content.items() if value is not None}
    if "portfolio" in canonical:
        canonical["portfolio"] = sorted(canonical["portfolio"], key=lambda spec: (spec.symbol, spec.weight))
    text = orjson.dumps(
        {**canonical, "msg_type": msg_type}, default=decimal_text, option=orjson.OPT_SORT_KEYS
    )
    return hashlib.sha256(text).hexdigest()


def _message(text: str, record: Record) -> OrderMessage:
    fields = parsed(text)
    msg_type = fields.choice(MsgType, "msg_type")
    if msg_type is MsgType.TRADING_STATE:
        return _trading_state(fields, record)
    content: dict[str, Any] = {
        field.attribute: _time_us(fields, record) if field.name == "timestamp" else field.value(fields)
        for field in _READING_ORDER[msg_type]
    }
    content |= {"content_hash": content_hash(msg_type, content), "input": record.place}
    return Order(**content, list_id=None) if msg_type is MsgType.ORDER else _KINDS[msg_type](**content)


def _reading_order(msg_type: MsgType) -> list[Field]:
    fields = {field.name: field for field in SCHEMAS[msg_type].fields if field.name != "msg_type"}
    return [*(fields.pop(name) for name in _READ_FIRST[msg_type]), *fields.values()]


def _trading_state(fields: Fields, record: Record) -> TradingState:
    state = fields.choice(State, "state")
    if record.partition != TRADING_STATE_PARTITION:
        raise MalformedError(
            Reason.WRONG_PARTITION, partition=record.partition, expected=TRADING_STATE_PARTITION
        )
    symbol = fields.symbol("symbol") if fields.has("symbol") else None
    account = fields.text("account") if fields.has("account") else None
    return TradingState(state, _time_us(fields, record), record.offset, record.place, symbol, account)


def _time_us(fields: Fields, record: Record) -> int:
    return fields.time_us("timestamp", EARLIEST_US, record.latest_us)


_READING_ORDER = {msg_type: _reading_order(msg_type) for msg_type in _READ_FIRST}
