"""Line protocol as rows for PostgreSQL's COPY: tab-separated text, \\N being null."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from fintank.wire.points.point_tables import TABLES
from fintank.wire.points.point_values import texts_of

NULL = "\\N"
_TICK = "bid_ask"
_TICK_START = "bid_ask,exchange="
_TICK_FIELDS = (("bid", "ask"), ("bid", "ask", "bid_size", "ask_size"))
_NUMBER_SIGNS = b"0123456789.-"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"})


class Rows(NamedTuple):
    """Rows of one table, each ending with a newline, and their columns in order."""

    table: str
    columns: tuple[str, ...]
    text: str


def rows_by_table(lines: str) -> list[Rows]:
    """Return the rows of each measurement in a batch; ValueError for a line that can't be a row."""
    return [found] if (found := _usual_ticks(lines)) else _any_rows(lines)


def _usual_ticks(lines: str) -> Rows | None:
    """Return the rows of ticks that all have the same fields, None if they may be anything else.

    Most batches are such ticks: a few replacements of their whole text make them rows, ten times as fast as
    reading each line.
    """
    if "\\" in lines or "\t" in lines:
        return None
    count = lines.count("\n") + 1
    # Without its numbers, the end of each line shows which fields it has, in which order.
    shapes = f"\n{lines}\n".encode().translate(None, _NUMBER_SIGNS)
    for fields in _TICK_FIELDS:
        end = f" {','.join(f'{name}=' for name in fields)} \n"
        if shapes.count(end.encode()) == count:
            break
    else:
        return None
    if (
        shapes.count(f"\n{_TICK_START}".encode()) != count
        or lines.count(",symbol=") != count
        or lines.count("=") != count * (2 + len(fields))
        or lines.count(" ") != count * 2
    ):
        return None
    text = lines.replace(_TICK_START, "").replace(",symbol=", "\t").replace(f" {fields[0]}=", "\t")
    for name in fields[1:]:
        text = text.replace(f",{name}=", "\t")
    rows = text.replace(" ", "\t").split("\n")
    if {len(row) - row.rindex("\t") for row in rows} != {20}:
        return None
    # Each time has 10 digits of seconds and 9 below.
    text = "\n".join([f"{row[:-19]}{_second(row[-19:-9])}.{row[-9:-3]}Z\t{row[-3:]}" for row in rows])
    return Rows(_TICK, ("exchange", "symbol", *fields, "time", "nanoseconds"), f"{text}\n")


def _any_rows(lines: str) -> list[Rows]:
    found: dict[str, list[str]] = {}
    for line in lines.split("\n"):
        name, row = _row(line)
        found.setdefault(name, []).append(row)
    return [
        Rows(name, ("time", "nanoseconds", *TABLES[name].tags, *TABLES[name].fields), "".join(rows))
        for name, rows in found.items()
    ]


def _row(line: str) -> tuple[str, str]:
    name, tags, fields, time_ns = texts_of(line)
    table = TABLES.get(name)
    if table is None:
        raise ValueError(f"there is no table {name}")
    unknown = [*(set(tags) - {*table.tags}), *(set(fields) - {*table.fields})]
    if unknown:
        raise ValueError(f"the table {name} has no column {unknown[0]}")
    second, below = divmod(int(time_ns), 1_000_000_000)
    values = [f"{_second(str(second))}.{below // 1000:06}Z", str(below % 1000)]
    values += [tags.get(tag, "").translate(_ESCAPES) for tag in table.tags]
    values += [_value(fields[field]) if field in fields else NULL for field in table.fields]
    return name, "\t".join(values) + "\n"


@lru_cache(maxsize=8192)
def _second(text: str) -> str:
    """Write a second since the epoch as date and time in UTC; ValueError outside the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None).isoformat(" ")
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"not a time: {text[:20]} seconds") from None


def _value(text: str) -> str:
    if text.startswith('"'):
        # COPY reads \" and \\ as line protocol does.
        return text[1:-1].replace("\t", "\\t").replace("\r", "\\r")
    return text.removesuffix("i")
