"""Queries in InfluxQL, InfluxDB's query language."""

from collections.abc import Iterator

from fintank.adapters.sinks.query import Query

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})


def select(query: Query) -> str:
    """Write a query as a SELECT."""
    what = ", ".join(
        f'{query.function}("{name}")' if query.function else f'"{name}"' for name in query.fields
    )
    text = f'SELECT {what} FROM "{query.measurement}"{_where(query)}'
    groups = [f"time({query.interval_s}s)"] if query.interval_s else []
    groups += [f'"{query.by}"'] if query.by else []
    if groups:
        text += f" GROUP BY {', '.join(groups)}"
    if query.interval_s:
        text += " fill(none)"
    return text + (f" ORDER BY time DESC LIMIT {query.latest}" if query.latest else "")


def select_edges(query: Query) -> list[str]:
    """Write the queries for the first and the last point of a field."""
    (name,) = query.fields
    where = _where(query)
    return [f'SELECT {edge}("{name}") FROM "{query.measurement}"{where}' for edge in ("first", "last")]


def quoted(text: str) -> str:
    """Write a printable text as a string of InfluxQL: O'Hare as 'O\\'Hare'."""
    return f"'{text.translate(_ESCAPES)}'"


def _where(query: Query) -> str:
    conditions = list(_conditions(query))
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _conditions(query: Query) -> Iterator[str]:
    for tag, values in query.tags.items():
        either = (f'"{tag}" = {quoted(value)}' for value in values)
        yield f"({' OR '.join(either)})"
    if query.since_ns is not None:
        yield f"time >= {query.since_ns}"
    if query.until_ns is not None:
        yield f"time <= {query.until_ns}"
