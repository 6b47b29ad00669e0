"""Points as values, from the lines written to InfluxDB and from its answers to queries.

Both give equal tuples when InfluxDB holds what was written. Numbers are floats, as it stores them; all
integers that we write are small enough to be exact as floats.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from fintank.trading.messages import Quote
from fintank.wire.kafka.executions import EXECUTION, ORDER_CANCEL_REJECT
from fintank.wire.kafka.fills import FILL
from fintank.wire.points.line_protocol import series

Point = tuple[str, int, tuple[float | str | None, ...]]
"""Measurement and tags as in line protocol, nanoseconds, and the values of the requested fields."""

_LINE = re.compile(r"(.*?)(?<!\\) (.*) (-?[0-9]+)")
_FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)(?:,|$)')
_TAG = re.compile(r",(\w+)=((?:\\[ ,=]|[^,])*)")
_TAG_ESCAPE = re.compile(r"\\([ ,=])")
_ESCAPE = re.compile(r"\\(.)")


class Measurement(NamedTuple):
    """A measurement and its fields, in the order of a Point's values."""

    name: str
    fields: tuple[str, ...]


BID_ASK = Measurement("bid_ask", ("bid", "ask", "bid_size", "ask_size", "withdrawn"))
FILLS = Measurement("fills", tuple(FILL.point_fields))
EXECUTIONS = Measurement(
    "executions", tuple(dict.fromkeys(EXECUTION.point_fields + ORDER_CANCEL_REJECT.point_fields))
)

_PRICES, _SIZES = BID_ASK.fields[:2], BID_ASK.fields[2:4]


def of_lines(measurement: Measurement, lines: str) -> list[Point]:
    """Read lines joined by newlines; ticks in whole columns, by C functions."""
    if not lines:
        return []
    texts = lines.split("\n")
    if measurement is not BID_ASK:
        return [_point(measurement, line) for line in texts]
    size_counts = {lines.count(f",{name}=") for name in _SIZES}
    is_usual = lines.count(" bid=") == lines.count(",ask=") == len(texts) and "\\" not in lines
    if is_usual and size_counts == {0}:
        return _ticks(lines, len(texts), _PRICES)
    if is_usual and size_counts == {len(texts)}:
        return _ticks(lines, len(texts), (*_PRICES, *_SIZES))
    return [_point(measurement, line) for line in texts]


def quote_of(line: str, partition: int, offset: int) -> Quote:
    """Read a line of bid_ask as the quote it was made from; numbers keep their text.

    Its time is the tick's own: that it may count as an earlier one is not in the line.
    """
    _, tags, texts, time_ns = texts_of(line)
    return Quote(
        symbol=tags["symbol"],
        exchange=tags["exchange"],
        time_us=int(time_ns) // 1000,
        partition=partition,
        offset=offset,
        bid=texts.get("bid"),
        ask=texts.get("ask"),
        bid_size=texts.get("bid_size"),
        ask_size=texts.get("ask_size"),
    )


def texts_of(line: str) -> tuple[str, dict[str, str], dict[str, str], str]:
    """Divide a line into its measurement, its tags, its fields as they are written, and its time.

    ValueError if it is no line.
    """
    prefix, fields, time_ns = _parts(line)
    tags = {name: _TAG_ESCAPE.sub(r"\1", value) for name, value in _TAG.findall(prefix)}
    return prefix.partition(",")[0], tags, fields, time_ns


def of_answer(measurement: str, tags: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> list[Point]:
    """Read the rows of one series in InfluxDB's answer: nanoseconds, then the requested fields."""
    if not rows:
        return []
    prefix = series(measurement, {name: tags[name] or None for name in sorted(tags)})
    times, *columns = zip(*rows, strict=True)
    return list(zip(repeat(prefix), times, zip(*map(_floats, columns), strict=True), strict=False))


def of_rows(measurement: str, tags: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Point]:
    """Read rows of a table: nanoseconds, the tags in their order (sorted), then the requested fields."""
    if not rows:
        return []
    times, *columns = zip(*rows, strict=True)
    found = list(zip(*columns[: len(tags)], strict=True))
    prefixes = {
        values: series(measurement, {tag: value or None for tag, value in zip(tags, values, strict=True)})
        for values in set(found)
    }
    fields = zip(*map(_floats, columns[len(tags) :]), strict=True)
    return list(zip(map(prefixes.__getitem__, found), times, fields, strict=True))


def _ticks(lines: str, line_count: int, names: Sequence[str]) -> list[Point]:
    text = lines.replace("\n", " ")
    for name in names:
        text = text.replace(f",{name}=" if name != "bid" else " bid=", " ")
    parts = text.split(" ")
    width = len(names) + 2
    if len(parts) != width * line_count:
        raise ValueError(f"ticks with {', '.join(names)} expected, not {lines[:200]!r}")
    prefixes, *numbers, times = (parts[column::width] for column in range(width))
    columns: list[Iterable[float | None]] = [map(float, column) for column in numbers]
    columns += [repeat(None)] * (len(BID_ASK.fields) - len(names))
    return list(zip(prefixes, map(int, times), zip(*columns, strict=False), strict=True))


def _parts(line: str) -> tuple[str, dict[str, str], str]:
    match = _LINE.fullmatch(line)
    fields = dict(_FIELD.findall(match[2])) if match else {}
    if match is None or not fields:
        raise ValueError(f"not a line: {line[:200]!r}")
    return match[1], fields, match[3]


def _point(measurement: Measurement, line: str) -> Point:
    prefix, fields, time_ns = _parts(line)
    values = {name: _value(text) for name, text in fields.items()}
    return prefix, int(time_ns), tuple(map(values.get, measurement.fields))


def _value(text: str) -> float | str:
    if text.startswith('"'):
        return _ESCAPE.sub(r"\1", text[1:-1])
    return float(text.removesuffix("i"))


def _floats(column: Sequence[Any]) -> Sequence[Any]:
    # JSON has one type of number: InfluxDB writes 100.0 as 100, which is an int here.
    if int not in {*map(type, column)}:
        return column
    return [float(value) if type(value) is int else value for value in column]
