"""Quotes in CSV text, into the quotes of the ticks that they become.

A header names the columns: timestamp,symbol,exchange,bid,ask and, optional, bid_size,ask_size, in any order;
others are ignored. timestamp is seconds since the epoch, UTC. Numbers keep their text. A line is a quote when
the same values in a JSON record are a tick: the rules are those of `ticks` alone.
"""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple

import orjson

from fintank.errors import FintankError
from fintank.trading.messages import Quote
from fintank.wire.bolts import owner_ticks
from fintank.wire.kafka import ticks
from fintank.wire.kafka.rejects import Reject

REQUIRED = ("timestamp", "symbol", "exchange", "bid", "ask")
SIZES = ("bid_size", "ask_size")
NAMES = (*REQUIRED, *SIZES)
LINE_BYTES_MAX = 64 * 1024
BATCH_LINES = 500
VALUE_CHARS_MAX = 80

_NAME = "1 to 32 of the characters A-Z a-z 0-9 . _ : / -"
_PRICE = "a decimal number above 0"
_SIZE = "a decimal number of 0 or more"
_WANTED = {
    "timestamp": "seconds since the epoch, from 1990 until now",
    "symbol": _NAME,
    "exchange": _NAME,
    "bid": _PRICE,
    "ask": _PRICE,
    "bid_size": _SIZE,
    "ask_size": _SIZE,
}
_FIELD = re.compile(r'field="(\w+)"')


class BadLine(NamedTuple):
    """A line that is no quote: its number in the file (the header is 1) and why."""

    number: int
    reason: str


class _Record(NamedTuple):
    """A line that may be a quote: its number and its values as a JSON record."""

    number: int
    text: str


class _Columns(NamedTuple):
    """How many columns the header names, and where those of NAMES that it has stand among them."""

    width: int
    places: dict[str, int]


def read(file: BinaryIO, name: str, now_ms: int) -> Iterator[Quote | BadLine]:
    """Read a file that begins with its header, line by line; empty lines are passed over.

    `now_ms` is what no quote may lie ahead of, as a tick not of its record's time. A quote's offset has no
    meaning. FintankError, which calls the file `name`, when the header is none.
    """
    columns = _columns(file.readline(LINE_BYTES_MAX), name)
    lines = _lines(file, columns)
    while batch := list(islice(lines, BATCH_LINES)):
        yield from _judged(batch, now_ms)


def _columns(line: bytes, name: str) -> _Columns:
    if _is_cut(line):
        raise FintankError(f"{name}: its first line, the header, is longer than {LINE_BYTES_MAX:,} bytes")
    text = _text(line).removeprefix("\ufeff")
    header = [column.strip() for column in _fields(text)]
    missing = [column for column in REQUIRED if column not in header]
    if missing and {"\0", "\ufffd"} & {*text}:
        raise FintankError(f"{name}: is no text in UTF-8: unpack it, or save it as CSV in UTF-8")
    if "\r" in text:
        raise FintankError(f"{name}: its lines end in CR alone: save it with LF or CRLF")
    if missing:
        raise FintankError(
            f"{name}: no column {', '.join(missing)}: its first line must name the columns, "
            f"as in {','.join(NAMES)}"
        )
    doubled = [column for column in NAMES if header.count(column) > 1]
    if doubled:
        raise FintankError(f"{name}: more than one column {', '.join(doubled)}: rename or remove the others")
    return _Columns(len(header), {column: header.index(column) for column in NAMES if column in header})


def _lines(file: BinaryIO, columns: _Columns) -> Iterator[_Record | BadLine]:
    number = 1
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if _is_cut(line):
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES_MAX)
            yield BadLine(number, f"longer than {LINE_BYTES_MAX:,} bytes")
        elif text := _text(line):
            fields = _fields(text)
            if len(fields) == columns.width:
                yield _Record(number, _json(fields, columns))
            else:
                yield BadLine(number, f"columns: {len(fields)} instead of {columns.width}")


def _is_cut(line: bytes) -> bool:
    return len(line) == LINE_BYTES_MAX and not line.endswith(b"\n")


def _text(line: bytes) -> str:
    # What is not UTF-8 becomes a character that no field may hold, so only its own line is bad.
    return line.decode("utf-8", "replace").strip()


def _fields(text: str) -> list[str]:
    # Each line by itself: a stray quotation mark must not swallow the lines after it.
    try:
        return next(csv.reader([text])) if '"' in text else text.split(",")
    except csv.Error:
        return []


def _json(fields: list[str], columns: _Columns) -> str:
    values = {name: fields[place].strip() for name, place in columns.places.items()}
    for name in SIZES:
        if values.get(name) == "":
            del values[name]
    return orjson.dumps(values).decode()


def _judged(batch: list[_Record | BadLine], now_ms: int) -> Iterator[Quote | BadLine]:
    """Yield what the lines are, in their order; a record's offset is its place among the records."""
    records = [line for line in batch if isinstance(line, _Record)]
    quotes: dict[int, Quote] = {}
    reasons: dict[int, str] = {}
    if records:
        run = f"0,{len(records)},{now_ms}"
        found = ticks.to_lines("ticks", 0, run, "\n".join(record.text for record in records))
        reasons = {reject.offset: _why(reject) for reject in found.rejects}
        if found.quotes:
            quotes = {quote.offset: quote for quote in owner_ticks.quotes(0, "\n".join(found.quotes))}
    offset = 0
    for line in batch:
        if isinstance(line, BadLine):
            yield line
            continue
        yield quotes[offset] if offset in quotes else BadLine(line.number, reasons[offset])
        offset += 1


def _why(reject: Reject) -> str:
    named = _FIELD.search(reject.detail)  # only a time that is out of range is without its field
    field = named[1] if named else "timestamp"
    value = orjson.loads(reject.payload)[field]
    return f"{field} {value!r:.{VALUE_CHARS_MAX}} is not {_WANTED[field]} ({reject.reason})"
