"""JSON records of the topic `orders` to validated messages of the trading core.

What is no such message is a Reject. An order that breaks a rule (its weights, its price ...) is a message
like any other: the rule engine answers it with a REJECTED report.
"""

import hashlib
from typing import Any, NamedTuple

import orjson

from fintank.trading.messages import (
    Cancel,
    ComponentSpec,
    Order,
    OrdType,
    PortfolioOrder,
    Side,
    State,
    TimeInForce,
    TradingState,
)
from fintank.wire.bolts.order_stream import MsgType, OrderMessage
from fintank.wire.kafka.fields import Fields, MalformedError, parsed
from fintank.wire.kafka.message_json import decimal_text
from fintank.wire.kafka.records import Place, Record, read_each
from fintank.wire.kafka.rejects import Reason, Reject
from fintank.wire.kafka.ticks import EARLIEST_US

PRIORITY = 1
"""The priority of an order that has none."""
TRADING_STATE_PARTITION = 0
"""Where all trading_state messages stand, so that their offsets order them."""


class Orders(NamedTuple):
    """The messages of a batch of records, in their order, and what is none."""

    messages: list[OrderMessage]
    rejects: list[Reject]


def read(topic: str, partition: int, offsets: str, records: str) -> Orders:
    """Read the records of one spout tuple.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines; ValueError when they do not
    go together. Unknown fields are ignored, of two equal names the last one counts.
    """
    return Orders(*read_each(topic, partition, offsets, records, _message))


def from_record(record: Record) -> OrderMessage | Reject:
    """Read one record as the spout and the order-deserializer do; without payload if it is not UTF-8."""
    try:
        text = record.text
    except UnicodeDecodeError:
        return Reject(record.topic, record.partition, record.offset, Reason.NOT_UTF8, "", "")
    runs = f"{record.offset},1,{record.time_ms}"
    messages, rejects = read(record.topic, record.partition, runs, text)
    return (*messages, *rejects)[0]


def _message(text: str, place: Place) -> OrderMessage:
    fields = parsed(text)
    msg_type = fields.choice(MsgType, "msg_type")
    if msg_type is MsgType.TRADING_STATE:
        return _trading_state(fields, place)
    content: dict[str, Any] = {"account": fields.text("account")}
    if msg_type is MsgType.CANCEL:
        content |= _cancel_content(fields) | {"order_time_us": _time_us(fields, place)}
        return Cancel(**content, content_hash=content_hash(msg_type, content), input=place.input)
    content |= {
        "side": fields.choice(Side, "side"),
        "priority": fields.whole_number("priority") if fields.has("priority") else PRIORITY,
        "time_in_force": fields.choice(TimeInForce, "time_in_force", TimeInForce.GTC),
        "expire_time_us": fields.optional(fields.time_us, "expire_time"),
        "order_time_us": _time_us(fields, place),
    }
    if msg_type is MsgType.PORTFOLIO_ORDER:
        content |= _portfolio_content(fields)
        return PortfolioOrder(**content, content_hash=content_hash(msg_type, content), input=place.input)
    content |= _order_content(fields)
    return Order(**content, content_hash=content_hash(msg_type, content), input=place.input, list_id=None)


def content_hash(msg_type: MsgType, content: dict[str, Any]) -> str:
    """Return the sha256 of a message's content, the same for each way to write the same message.

    Numbers count by value, a default as if it were written, a portfolio as a set; what is None does not
    count, so that a field which orders get one day leaves the hashes of those without it as they are.
    """
    canonical = {name: value for name, value in content.items() if value is not None}
    if "portfolio" in canonical:
        canonical["portfolio"] = sorted(canonical["portfolio"], key=lambda spec: (spec.symbol, spec.weight))
    text = orjson.dumps(
        {**canonical, "msg_type": msg_type}, default=decimal_text, option=orjson.OPT_SORT_KEYS
    )
    return hashlib.sha256(text).hexdigest()


def _portfolio_content(fields: Fields) -> dict[str, Any]:
    specs = [
        ComponentSpec(symbol=line.symbol("symbol"), weight=line.number("weight"))
        for line in fields.objects("portfolio")
    ]
    return {
        "order_id": fields.text("order_id"),
        "amount": fields.number("amount"),
        "portfolio": tuple(specs),
    }


def _order_content(fields: Fields) -> dict[str, Any]:
    return {
        "cl_ord_id": fields.text("cl_ord_id"),
        "symbol": fields.symbol("symbol"),
        "order_qty": fields.optional(fields.number, "order_qty"),
        "cash_order_qty": fields.optional(fields.number, "cash_order_qty"),
        "ord_type": fields.choice(OrdType, "ord_type", OrdType.MARKET),
        "price": fields.optional(fields.number, "price"),
        "stop_px": fields.optional(fields.number, "stop_px"),
    }


def _cancel_content(fields: Fields) -> dict[str, Any]:
    return {
        "cl_ord_id": fields.text("cl_ord_id"),
        "symbol": fields.optional(fields.symbol, "symbol"),
        "orig_cl_ord_id": fields.optional(fields.text, "orig_cl_ord_id"),
        "list_id": fields.optional(fields.text, "list_id"),
    }


def _trading_state(fields: Fields, place: Place) -> TradingState:
    state = fields.choice(State, "state")
    if place.partition != TRADING_STATE_PARTITION:
        raise MalformedError(
            Reason.WRONG_PARTITION, partition=place.partition, expected=TRADING_STATE_PARTITION
        )
    return TradingState(state, _time_us(fields, place), place.offset, place.input)


def _time_us(fields: Fields, place: Place) -> int:
    return fields.time_us("timestamp", EARLIEST_US, place.latest_us)
