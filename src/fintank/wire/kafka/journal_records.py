"""The topic `journal`: what a shard remembers, as Kafka's key `kind|id` and a JSON value.

The last record of a key counts; one without a value is a tombstone. Decimals are text. A terminal order keeps
its key and few of its fields.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import orjson

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import (
    BlockWindow,
    Change,
    ClosedOrder,
    Entry,
    EntryId,
    EntryKind,
    Forgotten,
    HeldQuote,
    RejectedDuplicate,
    SymbolClock,
    SymbolReference,
    id_of,
)
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.ids import join, split
from fintank.trading.log_positions import LogPosition, Positions, Reached
from fintank.trading.messages import Identity, Order, OrdStatus, Quote, TradingState
from fintank.trading.partition_log import Partition
from fintank.trading.reference_price import ReferenceState
from fintank.trading.working_order import WorkingOrder
from fintank.wire.kafka.schema import ENUMS, decimal_text

SCHEMA_VERSION = 3
SCHEMA_VERSIONS_READ = (2, SCHEMA_VERSION)
"""In version 2 the record of a terminal order had all its fields."""

_ORDER_FIELDS = (
    *("account", "symbol", "cl_ord_id", "list_id", "side", "ord_type", "time_in_force", "priority"),
    *("order_qty", "cash_order_qty", "price", "stop_px", "expire_time_us", "order_time_us"),
    *("content_hash", "input"),
)
_PROGRESS_FIELDS = (
    *("arrival_seq", "accepted_us", "end_us", "is_checked", "is_triggered", "ord_status"),
    *("cum_qty", "cum_cash", "cum_commission", "fill_count", "first_order_id"),
)
_STATE_FIELDS = ("state", "time_us", "offset", "input", "symbol", "account")
_CONVERTERS: Mapping[str, Callable[[str], object]] = {
    **ENUMS,
    **dict.fromkeys(
        ("order_qty", "cash_order_qty", "price", "stop_px", "cum_qty", "cum_cash", "cum_commission"), Decimal
    ),
    **dict.fromkeys((*Sizes._fields, "candidate"), Decimal),
}


def key_of(change: Change) -> str:
    """Return the key of a change's record."""
    kind, names = id_of(change.entry if isinstance(change, Forgotten) else change)
    return f"{kind}|{join(*names)}"


POSITIONS_KEY = key_of(Positions()).encode()


def to_record(change: Change) -> tuple[str, str | None]:
    """Return key and value; a tombstone has the value None."""
    if isinstance(change, Forgotten):
        return key_of(change), None
    value = {"schema_version": SCHEMA_VERSION, **_FIELDS[type(change)](change)}
    return key_of(change), orjson.dumps(value, default=decimal_text).decode()


def from_record(key: str, value: str | None) -> Entry | EntryId:
    """Read a record; of a tombstone return what is forgotten.

    Raise ValueError for an unknown kind, no JSON object, or a schema_version that is not read.
    """
    kind_text, _, names = key.partition("|")
    kind = EntryKind(kind_text)
    if value is None:
        return EntryId(kind, split(names))
    content = orjson.loads(value)
    if not isinstance(content, dict):
        raise ValueError(f"journal: the value of {key!r} is not a JSON object")
    version = content.get("schema_version")
    if version not in SCHEMA_VERSIONS_READ:
        raise ValueError(f"journal: the schema_version of {key!r} is {version} and not {SCHEMA_VERSION}")
    try:
        return _READERS[kind](content)
    except (LookupError, TypeError, ArithmeticError) as error:
        raise ValueError(f"journal: the record {key!r} can't be read: {error!r}") from error


def is_current(value: bytes) -> bool:
    """Whether a record was written in the version that is written now."""
    return value.startswith(_CURRENT)


_CURRENT = b'{"schema_version":%d,' % SCHEMA_VERSION


def _order_fields(working: WorkingOrder) -> Mapping[str, object]:
    order = working.order
    if working.closed_us is not None:
        return _closed_fields(
            ClosedOrder(
                *(working.closed_us, order.order_time_us, order.identity),
                *(order.content_hash, working.ord_status, working.by_log),
            )
        )
    fields = {name: getattr(order, name) for name in _ORDER_FIELDS}
    return fields | {name: getattr(working, name) for name in _PROGRESS_FIELDS}


def _closed_fields(closed: ClosedOrder | RejectedDuplicate) -> dict[str, object]:
    fields = closed._asdict()
    retention = {name: fields.pop(name) for name in ("order_time_us", "closed_us", "by_log")}
    return {**fields.pop("identity")._asdict(), **fields, **retention}


def _positions_fields(positions: Positions) -> dict[str, object]:
    partitions = [
        {"topic": topic, "partition": number, "next": position.next, "log_ms": position.log_ms}
        for (topic, number), position in positions.partitions.items()
        if position.next is not None
    ]
    return {
        "now_ms": positions.now_ms,
        "reached_us": positions.reached.us,
        "reached_symbol": positions.reached.symbol,
        "forgotten_us": positions.reached.forgotten_us,
        "topic_ids": positions.topic_ids,
        "partitions": partitions,
        "left_ids": positions.left_ids,
    }


_FIELDS: Mapping[type, Callable[[Any], Mapping[str, object]]] = {
    WorkingOrder: _order_fields,
    ClosedOrder: _closed_fields,
    RejectedDuplicate: _closed_fields,
    RememberedCancel: RememberedCancel._asdict,
    HeldQuote: lambda held: {**held.quote._asdict(), **held.taken._asdict()},
    SymbolClock: lambda clock: {
        "symbol": clock.symbol,
        **clock.state._asdict(),
        "forgotten_us": clock.forgotten_us,
    },
    SymbolReference: lambda reference: {"symbol": reference.symbol, **reference.state._asdict()},
    BlockWindow: BlockWindow._asdict,
    TradingState: asdict,
    Positions: _positions_fields,
}


def _order(value: Mapping[str, Any]) -> WorkingOrder | ClosedOrder:
    closed_us = value.get("closed_us")
    if closed_us is None:
        return WorkingOrder(Order(**_read(value, _ORDER_FIELDS)), **_read(value, _PROGRESS_FIELDS))
    ord_status, by_log = OrdStatus(value["ord_status"]), value.get("by_log", False)
    times = closed_us, value["order_time_us"]
    return ClosedOrder(*times, _identity(value), value["content_hash"], ord_status, by_log)


def _refusal(value: Mapping[str, Any]) -> RejectedDuplicate:
    # Version 2 knew the time of its closing only.
    times = value["closed_us"], value.get("order_time_us", value["closed_us"])
    return RejectedDuplicate(*times, _identity(value), value["content_hash"], value.get("by_log", False))


def _identity(value: Mapping[str, Any]) -> Identity:
    return Identity(value["account"], value["symbol"], value["cl_ord_id"])


def _read(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    # What an older journal does not hold has a default.
    found = {name: value[name] for name in names if name in value}
    for name in found.keys() & _CONVERTERS.keys():
        if found[name] is not None:
            found[name] = _CONVERTERS[name](found[name])
    return found


def _clock(value: Mapping[str, Any]) -> SymbolClock:
    # Version 2 did not know what was forgotten.
    forgotten_us = value.get("forgotten_us", 0)
    return SymbolClock(value["symbol"], ClockState(**_read(value, ClockState._fields)), forgotten_us)


def _positions(value: Mapping[str, Any]) -> Positions:
    partitions = {
        Partition(place["topic"], place["partition"]): LogPosition(place["next"], place["log_ms"])
        for place in value["partitions"]
    }
    # Version 2 knew the time of the last record only.
    reached = Reached(
        value.get("reached_us", value["now_ms"] * 1000),
        value.get("reached_symbol"),
        value.get("forgotten_us", 0),
    )
    left_ids = tuple(value.get("left_ids", ()))
    return Positions(value["now_ms"], value["topic_ids"], partitions, reached, left_ids)


_READERS: Mapping[EntryKind, Callable[[Mapping[str, Any]], Entry]] = {
    EntryKind.ORDER: _order,
    EntryKind.REFUSAL: _refusal,
    # In version 2 only list cancels had no clock.
    EntryKind.CANCEL: lambda value: RememberedCancel(
        **_read({"by_log": value["symbol"] is None, **value}, RememberedCancel._fields)
    ),
    EntryKind.QUOTE: lambda value: HeldQuote(
        Quote(**_read(value, Quote._fields)), Sizes(**_read(value, Sizes._fields))
    ),
    EntryKind.REFERENCE: lambda value: SymbolReference(
        value["symbol"], ReferenceState(**_read(value, ReferenceState._fields))
    ),
    EntryKind.CLOCK: _clock,
    EntryKind.WINDOW: lambda value: BlockWindow(**_read(value, BlockWindow._fields)),
    EntryKind.TRADING_STATE: lambda value: TradingState(**_read(value, _STATE_FIELDS)),
    EntryKind.POSITIONS: _positions,
}
