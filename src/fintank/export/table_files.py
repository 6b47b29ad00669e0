"""Writing a topic to a Parquet or a CSV file, batch by batch."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet

from fintank.adapters.topic_reader import Positions, TopicReader, batches
from fintank.export.arrow_columns import EXPORTED, NARROW, WIDE, Exported, table
from fintank.terminal.screen import progress
from fintank.trading.decimals import plain
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.tick_record import AllowsNegative, only_positive

BATCH_RECORDS = 10_000
_EPOCH = datetime.fromtimestamp(0, UTC)
_TIMES = {"us": (1, "microseconds"), "ms": (1_000, "milliseconds")}
"""By the unit of a time: how many microseconds it is, and which digits are written."""

Write = Callable[[Sequence[Record]], int]


class Selection(NamedTuple):
    """Which records of a topic are exported; `positions` are the first."""

    topic: str
    positions: Positions
    until_ms: int
    symbols: frozenset[str] = frozenset()
    """All, if none is named."""
    allows_negative: AllowsNegative = only_positive
    """Whether 0 and less are prices of a symbol."""

    def rows(self, records: Sequence[Record]) -> list[Sequence[Any]]:
        """Return the rows of records of one partition."""
        return EXPORTED[self.topic].selected(records, self.symbols, self.allows_negative)


def export(reader: TopicReader, selection: Selection, path: Path) -> int:
    """Write the selected records to `path`, .parquet or .csv; return how many rows they are.

    The file is there when it is complete. Where a number needs more than 18 decimals, all are 256 bits wide.
    """
    part = path.with_name(f"{path.name}.{token_hex(4)}.part")  # two at once have a part each
    try:
        try:
            rows = _write(reader, selection, part, path.suffix, NARROW)
        except pa.ArrowInvalid:
            rows = _write(reader, selection, part, path.suffix, WIDE)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _write(reader: TopicReader, selection: Selection, part: Path, suffix: str, decimals: pa.DataType) -> int:
    exported = EXPORTED[selection.topic]
    is_csv = suffix == ".csv"
    opened = _csv(part, exported, selection) if is_csv else _parquet(part, exported, selection, decimals)
    total = reader.ahead(selection.positions)
    rows = 0
    with opened as write, progress(transient=True) as bar:
        task = bar.add_task(f"exporting {selection.topic}", total=total)
        for batch in _batches(reader, selection):
            rows += write(batch)
            bar.advance(task, len(batch))
    return rows


def _batches(reader: TopicReader, selection: Selection) -> Iterator[list[Record]]:
    for partition, position in selection.positions.items():
        records = reader.read({partition: position})
        selected = takewhile(lambda record: record.time_ms <= selection.until_ms, records)
        yield from batches(selected, BATCH_RECORDS)


@contextmanager
def _parquet(path: Path, exported: Exported, selection: Selection, decimals: pa.DataType) -> Iterator[Write]:
    schema = table(exported, [], decimals).schema
    with pa.parquet.ParquetWriter(path, schema, compression="zstd") as writer:

        def write(records: Sequence[Record]) -> int:
            made = table(exported, selection.rows(records), decimals)
            writer.write_table(made)
            return int(made.num_rows)

        yield write


@contextmanager
def _csv(path: Path, exported: Exported, selection: Selection) -> Iterator[Write]:
    kinds = list(exported.columns.values())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(exported.columns)

        def write(records: Sequence[Record]) -> int:
            rows = selection.rows(records)
            writer.writerows([map(_text, kinds, row) for row in rows])
            return len(rows)

        yield write


def _text(kind: pa.DataType, value: Any) -> str:
    if value is None:
        return ""
    if pa.types.is_timestamp(kind):
        factor, digits = _TIMES[kind.unit]
        # Always with all digits: pandas reads no column with times of two forms.
        return (_EPOCH + timedelta(microseconds=value * factor)).isoformat(timespec=digits)
    return plain(value) if isinstance(value, Decimal) else str(value)
