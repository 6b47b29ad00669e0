"""The topic `journal`: what a shard remembers, as Kafka's key `kind|id` and a JSON value.

The last record of a key counts; one without a value is a tombstone. Decimals are text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import (
    BlockWindow,
    Change,
    ClosedOrder,
    Entry,
    Forgotten,
    HeldQuote,
    RejectedDuplicate,
    SymbolClock,
)
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.ids import join
from fintank.trading.log_merge import LogPosition, Positions
from fintank.trading.messages import Identity, Order, OrdStatus, Quote, TradingState
from fintank.trading.partition_log import Partition
from fintank.trading.working_order import WorkingOrder
from fintank.wire.kafka.schema import ENUMS, decimal_text

SCHEMA_VERSION = 2

_ORDER_FIELDS = (
    *("account", "symbol", "cl_ord_id", "list_id", "side", "ord_type", "time_in_force", "priority"),
    *("order_qty", "cash_order_qty", "price", "stop_px", "expire_time_us", "order_time_us"),
    *("content_hash", "input"),
)
_PROGRESS_FIELDS = (
    *("arrival_seq", "accepted_us", "end_us", "is_checked", "is_triggered", "ord_status"),
    *("cum_qty", "cum_cash", "fill_count", "closed_us"),
)
_STATE_FIELDS = ("state", "time_us", "offset", "input")
_CONVERTERS: Mapping[str, Callable[[str], object]] = {
    **ENUMS,
    **dict.fromkeys(("order_qty", "cash_order_qty", "price", "stop_px", "cum_qty", "cum_cash"), Decimal),
    **dict.fromkeys(Sizes._fields, Decimal),
}


class RecordKind(StrEnum):
    """What a record holds. REFUSAL: a message that was rejected because its identity was known."""

    ORDER = "order"
    REFUSAL = "refusal"
    CANCEL = "cancel"
    QUOTE = "quote"
    CLOCK = "clock"
    WINDOW = "window"
    TRADING_STATE = "trading_state"
    POSITIONS = "positions"


def key_of(change: Change) -> str:
    """Return the key of a change's record."""
    entry = change.entry if isinstance(change, Forgotten) else change
    form = _FORMS[type(entry)]
    return f"{form.kind}|{join(*form.id_parts(entry))}"


def to_record(change: Change) -> tuple[str, str | None]:
    """Return key and value; a tombstone has the value None."""
    if isinstance(change, Forgotten):
        return key_of(change), None
    value = {"schema_version": SCHEMA_VERSION, **_FORMS[type(change)].fields(change)}
    return key_of(change), orjson.dumps(value, default=decimal_text).decode()


def from_record(key: str, value: str) -> Entry:
    """Read a record; ValueError for an unknown kind, no JSON object, or another schema_version."""
    kind = RecordKind(key.partition("|")[0])
    content = orjson.loads(value)
    if not isinstance(content, dict):
        raise ValueError(f"journal: the value of {key!r} is not a JSON object")
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"journal schema_version {content.get('schema_version')} is not {SCHEMA_VERSION}")
    return _READERS[kind](content)


class _Form(NamedTuple):
    """How an entry is written: the parts of its id, and its fields."""

    kind: RecordKind
    id_parts: Callable[[Any], Iterable[str]]
    fields: Callable[[Any], Mapping[str, object]]


def _order_fields(working: WorkingOrder) -> dict[str, object]:
    fields = {name: getattr(working.order, name) for name in _ORDER_FIELDS}
    return fields | {name: getattr(working, name) for name in _PROGRESS_FIELDS}


def _cancel_id(cancel: RememberedCancel) -> tuple[str, ...]:
    named = cancel.symbol or "", cancel.list_id or ""
    return (cancel.account, *named, cancel.cl_ord_id, cancel.content_hash)


def _duplicate_fields(duplicate: RejectedDuplicate) -> dict[str, object]:
    closed_us, identity, content_hash = duplicate
    return {**identity._asdict(), "content_hash": content_hash, "closed_us": closed_us}


def _positions_fields(positions: Positions) -> dict[str, object]:
    partitions = [
        {"topic": topic, "partition": number, "next": position.next, "log_ms": position.log_ms}
        for (topic, number), position in positions.partitions.items()
        if position.next is not None
    ]
    return {"now_ms": positions.now_ms, "topic_ids": positions.topic_ids, "partitions": partitions}


_FORMS: Mapping[type, _Form] = {
    WorkingOrder: _Form(RecordKind.ORDER, lambda working: working.order.identity, _order_fields),
    # It is only forgotten: as long as an order is remembered, its record is that of its last WorkingOrder.
    ClosedOrder: _Form(RecordKind.ORDER, lambda closed: closed.identity, ClosedOrder._asdict),
    RejectedDuplicate: _Form(
        RecordKind.REFUSAL, lambda found: (*found.identity, found.content_hash), _duplicate_fields
    ),
    RememberedCancel: _Form(RecordKind.CANCEL, _cancel_id, RememberedCancel._asdict),
    HeldQuote: _Form(
        RecordKind.QUOTE,
        lambda held: (held.quote.symbol, held.quote.exchange),
        lambda held: {**held.quote._asdict(), **held.taken._asdict()},
    ),
    SymbolClock: _Form(
        RecordKind.CLOCK,
        lambda clock: (clock.symbol,),
        lambda clock: {"symbol": clock.symbol, **clock.state._asdict()},
    ),
    BlockWindow: _Form(
        RecordKind.WINDOW,
        lambda window: (window.symbol, str(window.priority), window.side),
        BlockWindow._asdict,
    ),
    TradingState: _Form(RecordKind.TRADING_STATE, lambda _: (), asdict),
    Positions: _Form(RecordKind.POSITIONS, lambda _: (), _positions_fields),
}


def _order(value: Mapping[str, Any]) -> WorkingOrder | ClosedOrder:
    if value["closed_us"] is None:
        return WorkingOrder(Order(**_read(value, _ORDER_FIELDS)), **_read(value, _PROGRESS_FIELDS))
    # Little is remembered of a terminal order, and there may be millions: nothing else is read.
    return ClosedOrder(
        value["closed_us"], _identity(value), value["content_hash"], OrdStatus(value["ord_status"])
    )


def _identity(value: Mapping[str, Any]) -> Identity:
    return Identity(value["account"], value["symbol"], value["cl_ord_id"])


def _read(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    found = {name: value[name] for name in names}
    for name in found.keys() & _CONVERTERS.keys():
        if found[name] is not None:
            found[name] = _CONVERTERS[name](found[name])
    return found


_READERS: Mapping[RecordKind, Callable[[Mapping[str, Any]], Entry]] = {
    RecordKind.ORDER: _order,
    RecordKind.REFUSAL: lambda value: RejectedDuplicate(
        value["closed_us"], _identity(value), value["content_hash"]
    ),
    RecordKind.CANCEL: lambda value: RememberedCancel(**_read(value, RememberedCancel._fields)),
    RecordKind.QUOTE: lambda value: HeldQuote(
        Quote(**_read(value, Quote._fields)), Sizes(**_read(value, Sizes._fields))
    ),
    RecordKind.CLOCK: lambda value: SymbolClock(
        value["symbol"], ClockState(**_read(value, ClockState._fields))
    ),
    RecordKind.WINDOW: lambda value: BlockWindow(**_read(value, BlockWindow._fields)),
    RecordKind.TRADING_STATE: lambda value: TradingState(**_read(value, _STATE_FIELDS)),
    RecordKind.POSITIONS: lambda value: Positions(
        value["now_ms"],
        value["topic_ids"],
        {
            Partition(place["topic"], place["partition"]): LogPosition(place["next"], place["log_ms"])
            for place in value["partitions"]
        },
    ),
}
