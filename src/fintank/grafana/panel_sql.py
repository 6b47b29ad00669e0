"""Panels' queries in SQL, with Grafana's variables and macros; a dialect says in what databases differ."""

from typing import NamedTuple

from fintank.adapters.sinks import postgresql_tables, questdb
from fintank.adapters.sinks.sql import Dialect, quoted, quoted_name, quoted_names
from fintank.grafana.panel_query import Chosen, Condition, PanelQuery, Value, VariableQuery

ALL = "''"
"""What stands for All: the empty text, which is no value. Grafana writes it as it is."""
TIME_FILTER = "$__timeFilter(time)"
SERIES = "metric"
LABELED = "Value"
"""Grafana names a series of a column `Value` after its label alone, which is the column SERIES."""


class PanelDialect(NamedTuple):
    """`interval` is the expression for a row's interval; `sampled` groups by it, if GROUP BY does not."""

    database: Dialect
    interval: str
    sampled: str = ""


QUESTDB = PanelDialect(questdb.DIALECT, "time", " SAMPLE BY $__sampleByInterval")
POSTGRESQL = PanelDialect(postgresql_tables.DIALECT, '$__timeGroup(time, $__interval) AS "time"')


def select(query: PanelQuery, dialect: PanelDialect) -> str:
    """Write a query of a panel: the time, the label of the series, and the values, ordered by time."""
    text = _rows(query, dialect, SERIES)
    if query.running:
        (name,) = (_name(each, query) for each in query.values)
        total = f"sum({name}) OVER (PARTITION BY {SERIES} ORDER BY time ROWS UNBOUNDED PRECEDING)"
        text = f"SELECT time, {SERIES}, {total} AS {name} FROM ({text}) AS sums"
    return text + _order(query, dialect)


def select_values(query: VariableQuery) -> str:
    """Write the query of a variable: the values in the time range."""
    field, limit = quoted_name(query.field), f" LIMIT {query.limit}" if query.limit else ""
    source = quoted_name(query.measurement)
    return f"SELECT DISTINCT {field} FROM {source} WHERE {field} IS NOT NULL AND {TIME_FILTER}{limit}"


def _rows(query: PanelQuery, dialect: PanelDialect, label: str = "") -> str:
    """Write a query without its order; the tag of a series is named `label`."""
    is_nested = isinstance(query.source, PanelQuery)
    time = "time" if is_nested or not query.every else dialect.interval
    label = label if query.every else ""
    keys = [_named(quoted_name(tag), label or quoted_name(tag)) for tag in query.by]
    keys = [time, *keys] if _has_time(query) else keys
    values = [_named(_value(each, dialect.database), _name(each, query)) for each in query.values]
    if isinstance(query.source, PanelQuery):
        source, where = f"({_rows(query.source, dialect)}) AS inside", ""
    else:
        source = quoted_name(query.source)
        conditions = [*map(_condition, query.where), *([TIME_FILTER] if query.in_range else [])]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    text = f"SELECT {', '.join([*keys, *values])} FROM {source}{where}"
    if query.every and dialect.sampled and not is_nested:
        return text + dialect.sampled
    # By place: in PostgreSQL, `time` would be the column and not its interval.
    places = [str(place) for place, _ in enumerate(keys, 1)] if query.every or query.by else []
    return text + (f" GROUP BY {', '.join(places)}" if places else "")


def _has_time(query: PanelQuery) -> bool:
    return query.every or not any(call.function for each in query.values for call in each.calls)


def _named(expression: str, name: str) -> str:
    return name if expression == name else f"{expression} AS {name}"


def _value(value: Value, database: Dialect) -> str:
    calls = [
        database.functions[function].format(quoted_name(field)) if function else quoted_name(field)
        for function, field in value.calls
    ]
    return value.text.format(*calls)


def _name(value: Value, query: PanelQuery) -> str:
    if query.every and query.by and isinstance(query.source, str) and len(query.values) == 1:
        return quoted_name(LABELED)
    return quoted_name(value.name or query.name or value.calls[0].field)


def _condition(condition: Condition) -> str:
    """Write a condition; the format `sqlstring` quotes any value."""
    field = quoted_name(condition.field)
    if isinstance(condition, Chosen):
        values = f"(${{{condition.variable}:sqlstring}})"
        return f"({ALL} IN {values} OR {field} IN {values})"
    return f"{field} = {quoted(condition.value)}"


def _order(query: PanelQuery, dialect: PanelDialect) -> str:
    if query.every:
        return " ORDER BY time"
    if not _has_time(query):
        return f" ORDER BY {quoted_names(query.by)}" if query.by else ""
    direction = " DESC" if query.latest else ""
    columns = ", ".join(f"{name}{direction}" for name in dialect.database.order)
    return f" ORDER BY {columns}" + (f" LIMIT {query.latest}" if query.latest else "")
