"""Quotes in CSV files, plain or gzipped, into ticks.

A header names the columns: timestamp,symbol,exchange,bid,ask and, optional, bid_size,ask_size, in any order;
others are ignored. timestamp is seconds since the epoch, UTC, with at most six decimals. Numbers stay text.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from fintank.errors import FintankError

REQUIRED = ("timestamp", "symbol", "exchange", "bid", "ask")
SIZES = ("bid_size", "ask_size")
LINE_BYTES_MAX = 4096

_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,32}")
_SECONDS = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,6}))?")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")
_ZERO = re.compile(r"[0.]+")


class Quote(NamedTuple):
    """A line of the file: the time in whole microseconds, the rest as its text; no size is empty text."""

    time_us: int
    symbol: str
    exchange: str
    bid: str
    ask: str
    bid_size: str
    ask_size: str


class BadLine(NamedTuple):
    """A line that is no quote: its number in the file (the header is 1) and why."""

    number: int
    reason: str


class _Columns(NamedTuple):
    """How many columns the header names, and where REQUIRED and SIZES stand among them."""

    width: int
    places: list[int | None]


def read(path: Path) -> Iterator[Quote | BadLine]:
    """Read the file line by line; empty lines are passed over. FintankError when it can't be read at all."""
    try:
        with _open(path) as file:
            columns = _columns(path, _fields(_text(file.readline(LINE_BYTES_MAX)).removeprefix("\ufeff")))
            number = 1
            while line := file.readline(LINE_BYTES_MAX):
                number += 1
                if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LINE_BYTES_MAX)
                    yield BadLine(number, f"longer than {LINE_BYTES_MAX:,} bytes")
                elif text := _text(line):
                    quote = _quote(_fields(text), columns)
                    yield BadLine(number, quote) if isinstance(quote, str) else quote
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FintankError(f"{path} is not a whole gzip file ({error}): unpack it or get it anew") from error
    except OSError as error:
        raise FintankError(f"{path}: {error.strerror}: name a CSV or .csv.gz file") from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _text(line: bytes) -> str:
    # What is not UTF-8 becomes a character that no field may hold, so only its own line is bad.
    return line.decode("utf-8", "replace").strip()


def _fields(text: str) -> list[str]:
    # Each line by itself: a stray quotation mark must not swallow the lines after it.
    try:
        return next(csv.reader([text])) if '"' in text else text.split(",")
    except csv.Error:
        return []


def _columns(path: Path, header: list[str]) -> _Columns:
    places = {name.strip(): place for place, name in enumerate(header)}
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        raise FintankError(
            f"{path}: no column {', '.join(missing)}: its first line must name the columns, "
            f"as in {','.join(REQUIRED + SIZES)}"
        )
    return _Columns(len(header), [places.get(name) for name in REQUIRED + SIZES])


def _quote(fields: list[str], columns: _Columns) -> Quote | str:
    """Return the quote, or why the fields are none."""
    if len(fields) != columns.width:
        return f"columns: {len(fields)} instead of {columns.width}"
    timestamp, symbol, exchange, bid, ask, bid_size, ask_size = [
        "" if place is None else fields[place].strip() for place in columns.places
    ]
    seconds = _SECONDS.fullmatch(timestamp)
    if seconds is None:
        return f"timestamp {timestamp!r} is not seconds since the epoch with at most six decimals"
    for column, name in (("symbol", symbol), ("exchange", exchange)):
        if not _NAME.fullmatch(name):
            return f"{column} {name!r} is not 1 to 32 of the characters A-Z a-z 0-9 . _ : / -"
    for column, price in (("bid", bid), ("ask", ask)):
        if not _DECIMAL.fullmatch(price) or _ZERO.fullmatch(price):
            return f"{column} {price!r} is not a decimal number above 0"
    for column, size in (("bid_size", bid_size), ("ask_size", ask_size)):
        if size and not _DECIMAL.fullmatch(size):
            return f"{column} {size!r} is not a decimal number"
    time_us = int(seconds[1]) * 1_000_000 + int((seconds[2] or "").ljust(6, "0"))
    return Quote(time_us, symbol, exchange, bid, ask, bid_size, ask_size)
