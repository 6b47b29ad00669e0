"""The measurements as tables, for databases that want their columns named before the first point."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka.executions import EXECUTION, ORDER_CANCEL_REJECT
from fintank.wire.kafka.fills import FILL
from fintank.wire.kafka.orders import SCHEMAS
from fintank.wire.kafka.schema import Schema

_WHOLE = {"priority", "integer", "seconds", "time"}
_NUMBERS = {"number", "decimal"}


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"


class Table(NamedTuple):
    """A measurement: its tags, which with the time identify a point, and the kinds of its fields."""

    name: str
    tags: tuple[str, ...]
    fields: Mapping[str, Kind]


def _fields(kind: Kind, *names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, kind)


def _of_schemas(*schemas: Schema, without: Iterable[str] = (), **more: Kind) -> Table:
    """Return the table of messages with the same measurement, the one with the most tags first."""
    fields = {
        field.attribute: _kind(field.kind)
        for schema in schemas
        for field in schema.fields
        if field.attribute in schema.point_fields and field.attribute not in without
    }
    return Table(schemas[0].measurement, tuple(schemas[0].tags), {**fields, **more})


def _kind(kind: str) -> Kind:
    return Kind.INTEGER if kind in _WHOLE else Kind.NUMBER if kind in _NUMBERS else Kind.TEXT


PIPELINE_FIELDS = (
    *("tuples", "records", "ticks", "orders", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms"),
    *("rejects", "rejected", "failed", "not_newer", "stale", "crossed", "crossed_symbols", "silent_symbols"),
    *("crossed_ms", "duplicates", "waited_ms", "clock_waits", "lost_offsets", "open_orders"),
    *("open_over_1s", "open_over_1m", "open_over_1h", "lag", "in_flight", "failed_tuples"),
)
"""The fields of docs/pipeline.md."""

_PRICES_AND_SIZES = _fields(Kind.NUMBER, "bid", "ask", "bid_size", "ask_size")
_FAULTS = _fields(Kind.TEXT, "symbol", "exchanges") | _fields(Kind.INTEGER, "exchange_count", "lasted_ms")
_ORDER = SCHEMAS[MsgType.ORDER]
_PORTFOLIO_ORDER = SCHEMAS[MsgType.PORTFOLIO_ORDER]
_RECORD = _fields(Kind.INTEGER, "order_time_us", "offset")

TABLES = {
    table.name: table
    for table in (
        Table("bid_ask", ("exchange", "symbol"), _PRICES_AND_SIZES | {"withdrawn": Kind.INTEGER}),
        _of_schemas(EXECUTION, ORDER_CANCEL_REJECT),
        _of_schemas(FILL),
        _of_schemas(_ORDER, without=("msg_type",), list_id=Kind.TEXT, text=Kind.TEXT, **_RECORD),
        _of_schemas(_PORTFOLIO_ORDER, without=("msg_type", "portfolio"), symbols=Kind.TEXT, **_RECORD),
        Table("pipeline", ("component", "reason", "task"), _fields(Kind.INTEGER, *PIPELINE_FIELDS)),
        Table("reference_price", ("symbol",), _fields(Kind.NUMBER, "collar_high", "collar_low", "price")),
        Table("quote_faults", ("fault", "rank", "task"), _FAULTS),
    )
}
"""All measurements, by name."""
