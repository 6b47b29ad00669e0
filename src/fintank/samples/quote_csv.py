"""Quotes parsed from CSV text.

The header names the columns timestamp,symbol,exchange,bid,ask and, optionally, bid_size,ask_size, in any
order; other columns are ignored. timestamp is in seconds since the epoch. Numbers keep their text. A line is
a quote if its values as a JSON record are a valid tick: the rules are those of `wire.kafka.ticks`.
"""

import csv
import re
from collections.abc import Iterator
from itertools import count, islice
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

_WANTED = {
    "timestamp": "seconds since the epoch, from 1990 until now",
    **dict.fromkeys(("symbol", "exchange"), "1 to 32 of the characters A-Z a-z 0-9 . _ : / -"),
    **dict.fromkeys(("bid", "ask"), "a decimal number above 0"),
    **dict.fromkeys(SIZES, "a decimal number of 0 or more"),
}
_FIELD = re.compile(r'field="(\w+)"')


class BadLine(NamedTuple):
    """A line that is not a quote: its number in the file (the header is 1) and why."""

    number: int
    reason: str


_Candidate = tuple[int, str]
"""A line that may be a quote: its number and its values as a JSON record."""


def read(file: BinaryIO, name: str, now_ms: int) -> Iterator[Quote | BadLine]:
    """Yield the lines after the header; empty ones are skipped. A quote's offset has no meaning.

    `now_ms` takes the place of the record's append time, which no tick may be ahead of. FintankError, which
    calls the file `name`, if the header is invalid.
    """
    lines = _lines(file, _header(file.readline(LINE_BYTES_MAX), name))
    while batch := list(islice(lines, BATCH_LINES)):
        yield from _parsed(batch, now_ms)


def _header(line: bytes, name: str) -> list[str]:
    if _is_cut(line):
        raise FintankError(f"{name}: its first line, the header, is longer than {LINE_BYTES_MAX:,} bytes")
    text = _text(line).removeprefix("\ufeff")
    header = [column.strip() for column in _fields(text)]
    missing = [column for column in REQUIRED if column not in header]
    if missing and {"\0", "\ufffd"} & {*text}:
        raise FintankError(f"{name}: is not UTF-8 text: decompress it, or save it as CSV in UTF-8")
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
    return header


def _lines(file: BinaryIO, header: list[str]) -> Iterator[_Candidate | BadLine]:
    number = 1
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if _is_cut(line):
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES_MAX)
            yield BadLine(number, f"longer than {LINE_BYTES_MAX:,} bytes")
        elif text := _text(line):
            fields = _fields(text)
            if len(fields) == len(header):
                yield number, _json(header, fields)
            else:
                yield BadLine(number, f"columns: {len(fields)} instead of {len(header)}")


def _is_cut(line: bytes) -> bool:
    return len(line) == LINE_BYTES_MAX and not line.endswith(b"\n")


def _text(line: bytes) -> str:
    # Bytes that are not UTF-8 become a character that is valid in no field, so only their own line is bad.
    return line.decode("utf-8", "replace").strip()


def _fields(text: str) -> list[str]:
    # Each line on its own: a stray quotation mark must not swallow the lines after it.
    try:
        return next(csv.reader([text])) if '"' in text else text.split(",")
    except csv.Error:
        return []


def _json(header: list[str], fields: list[str]) -> str:
    values = {name: text.strip() for name, text in zip(header, fields, strict=True) if name in NAMES}
    return orjson.dumps({name: text for name, text in values.items() if text or name not in SIZES}).decode()


def _parsed(batch: list[_Candidate | BadLine], now_ms: int) -> Iterator[Quote | BadLine]:
    """Parse the candidates together, as records whose offset is their index."""
    candidates = [line[1] for line in batch if not isinstance(line, BadLine)]
    results: dict[int, Quote | str] = {}
    if candidates:
        run = f"0,{len(candidates)},{now_ms}"
        found = ticks.to_lines("ticks", 0, run, "\n".join(candidates))
        results.update((reject.offset, _reason(reject)) for reject in found.rejects)
        if found.quotes:
            results.update((q.offset, q) for q in owner_ticks.quotes(0, "\n".join(found.quotes)))
    offsets = count()
    for line in batch:
        if isinstance(line, BadLine):
            yield line
        else:
            result = results[next(offsets)]
            yield result if isinstance(result, Quote) else BadLine(line[0], result)


def _reason(reject: Reject) -> str:
    named = _FIELD.search(reject.detail)  # missing only for a time that is out of range
    field = named[1] if named else "timestamp"
    value = orjson.loads(reject.payload)[field]
    return f"{field} {value!r:.{VALUE_CHARS_MAX}} is not {_WANTED[field]} ({reject.reason})"
