"""Points as values: those of the lines that InfluxDB was given, and those that it answers with.

Both become the same tuples when InfluxDB holds what it was given: numbers are floats, as it stores them, and
the integers that were written are all small enough to be exact as such.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from fintank.trading.messages import Quote
from fintank.wire.points.line_protocol import series

Point = tuple[str, int, tuple[float | str | None, ...]]
"""Measurement and tags as in line protocol, the time in nanoseconds, and the values of the wanted fields."""

_LINE = re.compile(r"(.*?)(?<!\\) (.*) (-?[0-9]+)")
_FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")


class Measurement(NamedTuple):
    """A measurement and its fields, in the order of a Point's values."""

    name: str
    fields: tuple[str, ...]


BID_ASK = Measurement("bid_ask", ("bid", "ask", "bid_size", "ask_size"))
EXECUTIONS = Measurement(
    "executions",
    (
        *("exec_id", "cl_ord_id", "list_id", "account", "ord_type", "time_in_force", "priority"),
        *("order_qty", "cash_order_qty", "price", "stop_px", "last_qty", "last_px", "last_mkt", "cum_qty"),
        *("leaves_qty", "leaves_cash", "avg_px", "residual_cash", "bid", "ask", "quote_ids", "input"),
        *("ord_rej_reason", "text", "order_time_us", "transact_time_us"),
        *("orig_cl_ord_id", "cxl_rej_reason"),
    ),
)
FILLS = Measurement(
    "fills",
    (
        *("exec_id", "cl_ord_id", "list_id", "account", "last_qty", "last_px", "last_mkt"),
        *("delta_shares", "delta_cash", "transact_time_us"),
    ),
)

_SIZES = BID_ASK.fields[2:]


def of_lines(measurement: Measurement, lines: str) -> list[Point]:
    """Read line protocol, joined by newlines; lines of ticks by columns, in C functions."""
    if not lines:
        return []
    texts = lines.split("\n")
    if measurement is not BID_ASK:
        return [_point(measurement, line) for line in texts]
    size_counts = {lines.count(f",{name}=") for name in _SIZES}
    if size_counts == {0}:
        return _ticks(lines, len(texts), BID_ASK.fields[:2])
    if size_counts == {len(texts)}:
        return _ticks(lines, len(texts), BID_ASK.fields)
    return [_point(measurement, line) for line in texts]


def quote_of(line: str, partition: int, offset: int) -> Quote:
    """Read a line of bid_ask back as the quote of its record; the numbers keep their text."""
    prefix, fields, time_ns = _parts(BID_ASK, line)
    tags = dict(tag.split("=") for tag in prefix.split(",")[1:])
    texts = dict(_FIELD.findall(fields))
    return Quote(
        symbol=tags["symbol"],
        exchange=tags["exchange"],
        time_us=int(time_ns) // 1000,
        partition=partition,
        offset=offset,
        bid=texts["bid"],
        ask=texts["ask"],
        bid_size=texts.get("bid_size"),
        ask_size=texts.get("ask_size"),
    )


def of_answer(measurement: str, tags: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> list[Point]:
    """Read rows of one series as InfluxDB answers them: the time in nanoseconds, then the wanted fields."""
    if not rows:
        return []
    prefix = series(measurement, {name: tags[name] or None for name in sorted(tags)})
    times, *columns = zip(*rows, strict=True)
    return list(zip(repeat(prefix), times, zip(*map(_floats, columns), strict=True), strict=False))


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


def _parts(measurement: Measurement, line: str) -> tuple[str, str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"no line of {measurement.name}: {line[:200]!r}")
    prefix, fields, time_ns = match.groups()
    return prefix, fields, time_ns


def _point(measurement: Measurement, line: str) -> Point:
    prefix, fields, time_ns = _parts(measurement, line)
    values = {name: _value(text) for name, text in _FIELD.findall(fields)}
    return prefix, int(time_ns), tuple(map(values.get, measurement.fields))


def _value(text: str) -> float | str:
    if text.startswith('"'):
        return _ESCAPE.sub(r"\1", text[1:-1])
    return float(text.removesuffix("i"))


def _floats(column: Sequence[Any]) -> Sequence[Any]:
    # JSON has one kind of number: 100.0 comes as 100, an int.
    if int not in {*map(type, column)}:
        return column
    return [float(value) if type(value) is int else value for value in column]
