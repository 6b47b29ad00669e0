"""Queries in SQL, for the databases that speak it; a dialect says how they differ."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

from fintank.adapters.sinks import Series
from fintank.adapters.sinks.query import Function, Query
from fintank.errors import FintankError

PART_ROWS = 10_000


class Dialect(NamedTuple):
    """`order` are the columns that sort points by time, `time_ns` is the expression for the nanoseconds.

    `edges` are the expressions for the first and the last of these, `compared` writes the condition for an
    operator and nanoseconds, `functions` has the text of each function, {0} being the field.
    """

    order: Sequence[str]
    time_ns: str
    edges: tuple[str, str]
    compared: Callable[[str, int], str]
    functions: Mapping[Function, str]


def select(query: Query, dialect: Dialect) -> str:
    """Write a query as a SELECT of the tag `by` (if any), the time and the values."""
    if not query.function:
        direction = " DESC" if query.latest else ""
        order = f" ORDER BY {', '.join(f'{name}{direction}' for name in dialect.order)}"
        order += f" LIMIT {query.latest}" if query.latest else ""
        what = ", ".join([dialect.time_ns, *map(quoted_name, query.fields)])
        return f"SELECT {what} FROM {quoted_name(query.measurement)}{_where(query, dialect)}{order}"
    interval_ns = query.interval_s * 1_000_000_000
    interval = f"{dialect.time_ns} - {dialect.time_ns} % {interval_ns}" if interval_ns else "0"
    keys = [quoted_name(query.by)] if query.by else []
    values = [dialect.functions[query.function].format(quoted_name(name)) for name in query.fields]
    what = ", ".join([*keys, f"{interval} AS interval_ns", *values])
    groups = [*keys, "interval_ns"] if interval_ns else keys
    text = f"SELECT {what} FROM {quoted_name(query.measurement)}{_where(query, dialect)}"
    return text + (f" GROUP BY {', '.join(groups)} ORDER BY {', '.join(groups)}" if groups else "")


def select_edges(query: Query, dialect: Dialect) -> str:
    """Write the query for the times of the first and the last point of a field."""
    return f"SELECT {', '.join(dialect.edges)} FROM {quoted_name(query.measurement)}{_where(query, dialect)}"


def series_of(query: Query, rows: Iterable[Sequence[Any]]) -> Iterator[Series]:
    """Divide the rows of `select` into series."""
    if not query.by:
        left = map(list, rows)
        while part := list(islice(left, PART_ROWS)):
            yield {}, part
        return
    for value, found in groupby(rows, lambda row: row[0]):
        yield {query.by: value or ""}, [list(row[1:]) for row in found]


def quoted_name(name: str) -> str:
    """Write the name of a table or column."""
    return f'"{name}"'


def quoted_names(names: Iterable[str]) -> str:
    """Write the names of columns, separated by commas."""
    return ", ".join(map(quoted_name, names))


def quoted(text: str) -> str:
    """Write a text: O'Hare as 'O''Hare'."""
    return "'" + text.replace("'", "''") + "'"


def other_form(sink: str, table: str, column: str) -> FintankError:
    """Return the error for a table that is there with a column of another type or role."""
    return FintankError(
        f"{sink} has a table {table} of another form (its column {column}): rename or drop it there, as in "
        f"`DROP TABLE {table}`, and `invoke rebuild` fills a new one"
    )


def _where(query: Query, dialect: Dialect) -> str:
    return " WHERE " + " AND ".join(_conditions(query, dialect))


def _conditions(query: Query, dialect: Dialect) -> Iterator[str]:
    yield f"({' OR '.join(f'{quoted_name(name)} IS NOT NULL' for name in query.fields)})"
    for tag, values in query.tags.items():
        yield f"{quoted_name(tag)} IN ({', '.join(map(quoted, values))})"
    if query.since_ns is not None:
        yield dialect.compared(">=", query.since_ns)
    if query.until_ns is not None:
        yield dialect.compared("<=", query.until_ns)
