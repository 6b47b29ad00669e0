"""Panels' queries in InfluxQL, with Grafana's variables."""

from collections.abc import Iterator

from fintank.grafana.panel_query import Chosen, Condition, PanelQuery, Value, VariableQuery
from fintank.wire.points.point_tables import TABLES

TIME_FILTER = "$timeFilter"


def select(query: PanelQuery) -> str:
    """Write a query."""
    values = ", ".join(_value(each, is_running=query.running) for each in query.values)
    inner = query.source
    source = f'"{inner}"' if isinstance(inner, str) else f"({select(inner)})"
    conditions = [*map(_condition, query.where), *([TIME_FILTER] if query.in_range else [])]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {values} FROM {source}{where}{''.join(_endings(query))}"


def select_values(query: VariableQuery) -> str:
    """Write the query of a variable; a field has no SHOW TAG VALUES."""
    if query.field in TABLES[query.measurement].tags:
        return f'SHOW TAG VALUES FROM "{query.measurement}" WITH KEY = "{query.field}"'
    limit = f" LIMIT {query.limit}" if query.limit else ""
    return f'SELECT DISTINCT("{query.field}") FROM "{query.measurement}" WHERE {TIME_FILTER}{limit}'


def series_name(query: PanelQuery) -> str:
    """Return Grafana's pattern for the names of the series."""
    if query.every and query.by:
        return f"$tag_{query.by[0]}" + (f": {query.name}" if query.name else "")
    return query.name or ("$col" if query.every else "")


def _value(value: Value, *, is_running: bool) -> str:
    calls = [f'{function}("{field}")' if function else f'"{field}"' for function, field in value.calls]
    text = value.text.format(*calls)
    name = f' AS "{value.name}"' if value.name else ""
    return (f"cumulative_sum({text})" if is_running else text) + name


def _condition(condition: Condition) -> str:
    """Write a condition.

    The format `regex` escapes any value. By default Grafana leaves one as it is that begins like a number.
    """
    if isinstance(condition, Chosen):
        return f'"{condition.field}" =~ /^${{{condition.variable}:regex}}$/'
    return f"\"{condition.field}\" = '{condition.value}'"


def _endings(query: PanelQuery) -> Iterator[str]:
    groups = [*(["time($__interval)"] if query.every else []), *(f'"{tag}"' for tag in query.by)]
    if groups:
        yield f" GROUP BY {', '.join(groups)}"
    if query.every:
        yield " fill(0)" if query.running else " fill(none)"
    if query.latest:
        yield f" ORDER BY time DESC LIMIT {query.latest}"
