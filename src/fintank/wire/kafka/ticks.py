"""Ticks: JSON records of the topic `ticks` in, InfluxDB line protocol out.

    {"symbol": "IVE", "exchange": "NASDAQ", "bid": 93.97388, "ask": 94.190756, "timestamp": 1438539936.355217}
    bid_ask,exchange=NASDAQ,symbol=IVE bid=93.97388,ask=94.190756 1438539936355217042

This is the hot path: whole columns go through C functions and no object of ours is made a tick. A chunk in
which anything is unusual takes the careful path, record by record, which alone decides what is rejected.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import repeat
from operator import itemgetter, le
from typing import Any, NamedTuple

import orjson

from fintank.trading.decimals import NUMBER_LIMIT, is_bounded
from fintank.wire.bolts.offsets import format_runs, parse_runs
from fintank.wire.kafka.rejects import Reason, Reject, describe, unforeseen
from fintank.wire.points.line_protocol import record_time_ns

EARLIEST_US = 631_152_000_000_000
"""1990-01-01T00:00:00Z: a tick before it is rejected."""
AHEAD_US_MAX = 60_000_000
"""How far a tick's time may lie ahead of its record's Kafka append time."""

_CHUNK_RECORDS = 500  # its columns stay in the processor's cache: 15 % faster than 5,000 at once
_PREFIXES_KEPT_MAX = 65_536

_NAMES = ("symbol", "exchange")
_PRICES = ("bid", "ask")
_SIZES = ("bid_size", "ask_size")
_REQUIRED = (*_NAMES, "timestamp", *_PRICES)
_plain_columns = itemgetter(*_REQUIRED)
_sized_columns = itemgetter(*_REQUIRED, *_SIZES)

NO_SIZE = "-"
"""What the rule engine gets for a size that a tick does not have, where another tick may have one."""

_SMALLEST = 1e-12
"""A float of at least this has no more decimals than DECIMALS_MAX: its shortest text has 17 digits."""
_NUMBER_LIMIT = float(NUMBER_LIMIT)

_NUMBER_TYPES = {int, float}
_TAG = re.compile(r"[A-Za-z0-9._:/-]{1,32}")
_PLAIN_DECIMAL = re.compile(r"(?=.{1,40}\Z)(?:0|[1-9][0-9]*)(?:\.[0-9]{1,30})?")
_DECIMAL = re.compile(r"(?=.{1,40}\Z)-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


class Batch(NamedTuple):
    """A batch of records as lines; `offsets` are the runs `first,count` of the lines, in their order."""

    lines: str
    offsets: str
    rejects: list[Reject]


class TickBatch(NamedTuple):
    """A Batch of ticks, with each line's symbol and what the rule engine gets of it (see `owner_ticks`)."""

    lines: str
    offsets: str
    rejects: list[Reject]
    symbols: list[str]
    quotes: list[str]


class _Lines(NamedTuple):
    """The lines of a chunk, and of each its symbol and its text for the rule engine."""

    lines: Sequence[str] = ()
    symbols: Sequence[str] = ()
    quotes: Sequence[str] = ()


class _Line(NamedTuple):
    """One of _Lines."""

    line: str
    symbol: str
    quote: str


class _Numbers(NamedTuple):
    """A column of numbers; `written` is their text where the records had it."""

    values: Sequence[float]
    written: Sequence[str] | None

    def texts(self) -> Sequence[str]:
        """Each number's own or shortest text; orjson writes floats eight times as fast as repr()."""
        return self.written or _texts(self.values)


class Fault(NamedTuple):
    """Why a record is no valid tick."""

    reason: Reason
    detail: str


def to_lines(topic: str, partition: int, offsets: str, records: str) -> TickBatch:
    """Turn the records of one spout tuple into line protocol; what is no valid tick is a Reject.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines. Every record becomes a line
    or a Reject, in order. ValueError when offsets and records do not go together: that is the spout's fault.
    """
    texts = records.split("\n")
    runs = parse_runs(offsets)
    numbers: list[int] = []
    latest_us: list[int] = []
    for run in runs:
        numbers.extend(range(run.first, run.first + run.records))
        latest_us.extend([run.append_ms * 1000 + AHEAD_US_MAX] * run.records)
    if len(numbers) != len(texts):
        raise ValueError(f"{topic}-{partition}: {len(numbers)} offsets for {len(texts)} records")

    lines: list[str] = []
    symbols: list[str] = []
    quotes: list[str] = []
    faults: dict[int, Fault] = {}
    for start in range(0, len(texts), _CHUNK_RECORDS):
        chunk = slice(start, start + _CHUNK_RECORDS)
        columns = (texts[chunk], numbers[chunk], latest_us[chunk])
        try:
            found = _fast_lines(*columns)
        except Exception:  # the careful path finds out which record it is
            found = _careful_lines(*columns, faults)
        lines += found.lines
        symbols += found.symbols
        quotes += found.quotes
    if not faults:
        return TickBatch("\n".join(lines), format_runs(run[:2] for run in runs), [], symbols, quotes)
    rejects = [
        Reject(topic, partition, number, *faults[number], payload=text)
        for number, text in zip(numbers, texts, strict=True)
        if number in faults
    ]
    good = format_runs((number, 1) for number in numbers if number not in faults)
    return TickBatch("\n".join(lines), good, rejects, symbols, quotes)


def _fast_lines(texts: list[str], numbers: list[int], latest_us: list[int]) -> _Lines:
    """Lines of a chunk that holds nothing but plain ticks; raises whenever one may be anything else."""
    ticks = list(map(orjson.loads, texts))
    columns = _plain_columns if len(ticks[0]) == len(_REQUIRED) else _sized_columns
    symbols, exchanges, *numeric = zip(*map(columns, ticks), strict=True)
    prefixes = list(map(_prefix, symbols, exchanges))
    times, bids, asks, *sizes = map(_numbers, numeric)
    if {*map(len, ticks)} != {len(_REQUIRED) + len(sizes)}:
        raise ValueError
    times_us = [int(seconds * 1e6 + 0.5) for seconds in times.values]
    if min(times_us) < EARLIEST_US or not all(map(le, times_us, latest_us)):
        raise ValueError
    bid_texts, ask_texts, *size_texts = (column.texts() for column in (bids, asks, *sizes))
    parts: list[Iterable[str]] = [prefixes, bid_texts, repeat(",ask="), ask_texts]
    for name, texts_of_size in zip(_SIZES, size_texts, strict=False):
        parts += [repeat(f",{name}="), texts_of_size]
    parts += [repeat(" "), _texts(list(map(record_time_ns, times_us, numbers)))]
    lines = list(map("".join, zip(*parts, strict=False)))
    columns_of_quotes = (symbols, exchanges, _texts(times_us), _texts(numbers), bid_texts, ask_texts)
    quotes = list(map(" ".join, zip(*columns_of_quotes, *size_texts, strict=True)))
    return _Lines(lines, symbols, quotes)


def _texts(numbers: Sequence[float]) -> list[str]:
    return orjson.dumps(numbers).decode()[1:-1].split(",")


def _numbers(column: Sequence[Any]) -> _Numbers:
    """Read a column of JSON numbers, or of decimal text; ValueError when it is neither, or one is unusual."""
    types = {*map(type, column)}
    if types <= _NUMBER_TYPES:
        numbers = _Numbers(column, None)
    elif types == {str} and all(map(_PLAIN_DECIMAL.fullmatch, column)):
        numbers = _Numbers(list(map(float, column)), column)
    else:
        raise ValueError
    if min(numbers.values) < _SMALLEST or max(numbers.values) >= _NUMBER_LIMIT:
        raise ValueError
    return numbers


def _careful_lines(
    texts: list[str], numbers: list[int], latest_us: list[int], faults: dict[int, Fault]
) -> _Lines:
    """Lines of the valid ticks of a chunk; the faults of the other records go into `faults`, by offset."""
    found = []
    for text, number, latest in zip(texts, numbers, latest_us, strict=True):
        verdict = _verdict(text, number, latest)
        if isinstance(verdict, Fault):
            faults[number] = verdict
        else:
            found.append(verdict)
    return _Lines(*zip(*found, strict=True))


def _verdict(text: str, offset: int, latest_us: int) -> _Line | Fault:
    """The line of a record or why it has none: whatever it raises is its own fault, not its neighbours'."""
    try:
        tick = _parsed(text)
        return tick if isinstance(tick, Fault) else _line(tick, offset, latest_us)
    except Exception as error:
        return Fault(*unforeseen(error))


@lru_cache(_PREFIXES_KEPT_MAX)
def _prefix(symbol: str, exchange: str) -> str:
    """Measurement and tags; ValueError or TypeError when one can't be a tag."""
    for name in (symbol, exchange):
        if not _TAG.fullmatch(name):
            raise ValueError
    return f"bid_ask,exchange={exchange},symbol={symbol} bid="


def _line(tick: dict[str, Any], offset: int, latest_us: int) -> _Line | Fault:
    """The line of a parsed record, or its first fault in the order of the checks."""
    numbers = [*_PRICES, *(name for name in _SIZES if tick.get(name) is not None)]
    for name in _REQUIRED:
        if name not in tick:
            return Fault(Reason.MISSING_FIELD, describe(field=name))
    for name in (*_NAMES, "timestamp", *numbers):
        reason = _name_fault(tick[name]) if name in _NAMES else _number_fault(name, tick[name])
        if reason:
            return Fault(reason, describe(field=name, value=tick[name]))
    texts = {name: _text(tick[name]) for name in numbers}
    for name, text in texts.items():
        if not is_bounded(Decimal(text)):
            return Fault(Reason.BAD_VALUE, describe(field=name, value=tick[name], error="out of range"))
    seconds = float(tick["timestamp"])
    if abs(seconds) >= _NUMBER_LIMIT:
        return Fault(
            Reason.TIMESTAMP_OUT_OF_RANGE, describe(timestamp=tick["timestamp"], latest_us=latest_us)
        )
    time_us = int(seconds * 1e6 + 0.5)
    if not EARLIEST_US <= time_us <= latest_us:
        detail = describe(time_us=time_us, earliest_us=EARLIEST_US, latest_us=latest_us)
        return Fault(Reason.TIMESTAMP_OUT_OF_RANGE, detail)
    prefix = _prefix(tick["symbol"], tick["exchange"])
    fields = ",".join([f"{name}={text}" for name, text in texts.items()])
    line = f"{prefix}{fields.removeprefix('bid=')} {record_time_ns(time_us, offset)}"
    columns = [texts.get(name, NO_SIZE) for name in (*_PRICES, *_SIZES)]
    quote = " ".join([tick["symbol"], tick["exchange"], str(time_us), str(offset), *columns])
    return _Line(line, tick["symbol"], quote)


def _text(number: float | str) -> str:
    """Its own or shortest text; 0 for each way to write nothing, as -0.0 or 0e5."""
    if not float(number):
        return "0"
    return number if isinstance(number, str) else orjson.dumps(number).decode()


def _parsed(text: str) -> dict[str, Any] | Fault:
    if not text.strip():
        return Fault(Reason.EMPTY, describe(chars=len(text)))
    try:
        tick = orjson.loads(text)
    except ValueError as error:
        return _unparsable(text, str(error))
    if not isinstance(tick, dict):
        return Fault(Reason.NOT_AN_OBJECT, describe(type=type(tick).__name__))
    return tick


def _unparsable(text: str, error: str) -> Fault:
    """Tell NaN, Infinity and 1e999, which Python's own parser reads, from text that is no JSON at all."""
    try:
        tick = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        tick = None
    if isinstance(tick, dict):
        for name in ("timestamp", *_PRICES, *_SIZES):
            value = tick.get(name)
            if isinstance(value, float) and not math.isfinite(value):
                return Fault(Reason.NOT_FINITE, describe(field=name, value=value))
    return Fault(Reason.NOT_JSON, describe(error=error))


def _name_fault(value: object) -> Reason | None:
    if not isinstance(value, str):
        return Reason.BAD_TYPE
    return None if _TAG.fullmatch(value) else Reason.BAD_SYMBOL


def _number_fault(name: str, value: Any) -> Reason | None:
    if isinstance(value, str):
        if _NOT_FINITE.fullmatch(value):
            return Reason.NOT_FINITE
        if not _DECIMAL.fullmatch(value):
            return Reason.BAD_TYPE
    elif type(value) not in _NUMBER_TYPES:  # a bool is an int to isinstance
        return Reason.BAD_TYPE
    number = float(value)
    if not math.isfinite(number):
        return Reason.NOT_FINITE
    if name in _PRICES and number <= 0:
        return Reason.NOT_POSITIVE
    return Reason.NEGATIVE if name in _SIZES and number < 0 else None
