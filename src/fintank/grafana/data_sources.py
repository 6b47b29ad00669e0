"""Grafana's data sources for the databases: how a panel and a variable ask each of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fintank.grafana import panel_influxql, panel_sql
from fintank.grafana.panel_query import PanelQuery, VariableQuery

Json = dict[str, Any]


@dataclass(frozen=True)
class DataSource:
    """A kind of data source: `plugin` is Grafana's name for it, `all_value` what it writes for All.

    `ask` makes the query of a panel of a kind, `variable` that of a variable by name, of the text that
    `values` writes. `line_options` are Grafana's own for lines. With `names_series`, a panel gives its
    colored series their names: where it has several queries, Grafana puts the letter of each before them.
    """

    plugin: str
    all_value: str
    ask: Callable[[PanelQuery, str], Json]
    values: Callable[[VariableQuery], str]
    variable: Callable[[str, str], Json | str]
    line_options: Mapping[str, Any] = field(default_factory=dict)
    names_series: bool = False

    @property
    def reference(self) -> Json:
        """The data source as panels name it: the one that is chosen above them."""
        return {"type": self.plugin, "uid": "${datasource}"}


def _ask_influxdb(query: PanelQuery, panel_kind: str) -> Json:
    return {
        "rawQuery": True,
        "query": panel_influxql.select(query),
        "alias": panel_influxql.series_name(query),
        "resultFormat": "table" if panel_kind == "table" else "time_series",
    }


def _ask_questdb(query: PanelQuery, panel_kind: str) -> Json:
    text = panel_sql.select(query, panel_sql.QUESTDB)
    table = 0 if panel_kind == "timeseries" else 1
    return {"queryType": "sql", "rawSql": text, "format": table, "selectedFormat": table, "meta": {}}


def _ask_postgresql(query: PanelQuery, panel_kind: str) -> Json:
    text = panel_sql.select(query, panel_sql.POSTGRESQL)
    result = "time_series" if panel_kind == "timeseries" else "table"
    return {"rawQuery": True, "editorMode": "code", "rawSql": text, "format": result}


def _text(_: str, query: str) -> str:
    return query


INFLUXDB = DataSource(
    plugin="influxdb",
    all_value=".*",
    ask=_ask_influxdb,
    values=panel_influxql.select_values,
    variable=lambda name, query: {"query": query, "refId": f"variable-{name}"},
)
_SQL_LINES = {"spanNulls": True}
"""A row of several series has nulls for those without a value then."""
QUESTDB = DataSource(
    plugin="questdb-questdb-datasource",
    all_value=panel_sql.ALL,
    ask=_ask_questdb,
    values=panel_sql.select_values,
    variable=_text,
    line_options=_SQL_LINES,
    names_series=True,
)
POSTGRESQL = DataSource(
    plugin="grafana-postgresql-datasource",
    all_value=panel_sql.ALL,
    ask=_ask_postgresql,
    values=panel_sql.select_values,
    variable=_text,
    line_options=_SQL_LINES,
)
