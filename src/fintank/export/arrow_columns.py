"""Records of a topic as columns of Arrow: numbers as exact decimals, times as UTC timestamps."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from fintank.trading.decimals import DECIMALS_MAX
from fintank.wire.bolts import owner_ticks
from fintank.wire.bolts.offsets import runs_of, spout_text
from fintank.wire.kafka import executions, fills, ticks
from fintank.wire.kafka.fields import Fields
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.schema import Field, Schema
from fintank.wire.kafka.tick_record import AllowsNegative

NARROW = pa.decimal128(38, 18)
"""Any number below 10^18 with at most 18 decimals; every tool reads it."""
WIDE = pa.decimal256(76, DECIMALS_MAX)
"""Any number that fintank accepts; not every tool reads it."""
_TIME = pa.timestamp("us", tz="UTC")
_PLACE = {"partition": pa.int32(), "offset": pa.int64(), "append_time": pa.timestamp("ms", tz="UTC")}


class Exported(NamedTuple):
    """How a topic is exported: its columns, and the rows of a batch of records of one partition.

    A record that is malformed, and so is in the topic rejects, has no row.
    """

    columns: Mapping[str, pa.DataType]
    rows: Callable[[Sequence[Record], AllowsNegative], list[Sequence[Any]]]

    def selected(
        self, records: Sequence[Record], symbols: Collection[str], allows_negative: AllowsNegative
    ) -> list[Sequence[Any]]:
        """Return the rows of these symbols, of all if none is named."""
        symbol = list(self.columns).index("symbol")
        return [row for row in self.rows(records, allows_negative) if not symbols or row[symbol] in symbols]


def table(exported: Exported, rows: Sequence[Sequence[Any]], decimals: pa.DataType) -> pa.Table:
    """Return rows as a table; pyarrow.ArrowInvalid if a number does not fit into `decimals`."""
    columns = list(zip(*rows, strict=True)) or [()] * len(exported.columns)
    return pa.table(
        {
            name: _column(values, decimals if pa.types.is_decimal(kind) else kind)
            for (name, kind), values in zip(exported.columns.items(), columns, strict=True)
        }
    )


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_decimal(kind):
        return pa.array(values, kind)
    return pa.array([None if value is None else str(value) for value in values], pa.string()).cast(kind)


def _tick_rows(records: Sequence[Record], allows_negative: AllowsNegative) -> list[Sequence[Any]]:
    """Read the ticks of one partition as the tick-deserializer does, but with the times that they carry."""
    texts = {record.offset: text for record in records if (text := _text(record)) is not None}
    if not texts:
        return []
    times_ms = {record.offset: record.time_ms for record in records}
    partition = records[0].partition
    runs = spout_text(runs_of((offset, times_ms[offset]) for offset in texts))
    found = ticks.to_lines("ticks", partition, runs, "\n".join(texts.values()), allows_negative)
    quotes = owner_ticks.quotes(partition, "\n".join(found.quotes))
    return [
        [
            *(quote.symbol, quote.exchange, _time_us(texts[quote.offset])),
            *(quote.bid, quote.ask, quote.bid_size, quote.ask_size),
            *(partition, quote.offset, times_ms[quote.offset]),
        ]
        for quote in quotes
    ]


def _text(record: Record) -> str | None:
    try:
        return record.text
    except UnicodeDecodeError:
        return None


def _time_us(text: str) -> int:
    return int(float(orjson.loads(text)["timestamp"]) * 1e6 + 0.5)


def _of_schema(schema: Schema, from_json: Callable[[str], object]) -> Exported:
    names = [field.attribute for field in schema.fields]

    def rows(records: Sequence[Record], _: AllowsNegative) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        for record in records:
            try:
                message = from_json(record.text)
            except ValueError:
                continue
            values = [_flat(getattr(message, name, None)) for name in names]
            found.append([*values, record.partition, record.offset, record.time_ms])
        return found

    return Exported({field.name: _kind(field) for field in schema.fields} | _PLACE, rows)


def _flat(value: object) -> object:
    return " ".join(value) if isinstance(value, tuple) else value


def _kind(field: Field) -> pa.DataType:
    if field.is_time:
        return _TIME
    if field.read is Fields.number:
        return NARROW
    return pa.int64() if field.read is Fields.whole_number else pa.string()


_NUMBERS = dict.fromkeys(("bid", "ask", "bid_size", "ask_size"), NARROW)
EXPORTED: Mapping[str, Exported] = {
    "ticks": Exported(
        {"symbol": pa.string(), "exchange": pa.string(), "timestamp": _TIME, **_NUMBERS, **_PLACE}, _tick_rows
    ),
    "executions": _of_schema(executions.EXECUTION, executions.from_json),
    "fills": _of_schema(fills.FILL, fills.from_json),
}
"""By topic. A cancel reject is a row of executions, with the fields that it has."""
