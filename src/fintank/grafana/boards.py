"""Dashboards in Grafana's JSON model (schema 42: Grafana 12.4 and 13), for one data source or another.

Series without a color of their own, such as symbols, are shades of one color.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fintank.colors import BLUE, GREEN
from fintank.grafana.data_sources import DataSource, Json
from fintank.grafana.panel_query import VariableQuery
from fintank.grafana.panels import Panel, styled

SCHEMA_VERSION = 42
COLUMNS = 24
INTERVAL_MIN = "1s"
FIRST_ONE: Json = {"refresh": 1, "current": {"text": "", "value": ""}, "options": []}
"""Nothing is chosen: Grafana takes the default data source."""


class Variable(NamedTuple):
    """A variable with the values that the query finds; any number can be chosen, all by default."""

    name: str
    label: str
    query: VariableQuery


@dataclass(frozen=True)
class Dashboard:
    """A dashboard; its panels are placed from left to right, in rows as wide as fit."""

    uid: str
    title: str
    description: str
    variables: Sequence[Variable]
    panels: Sequence[Panel]


def drawn(board: Dashboard, source: DataSource, database: str = "") -> Json:
    """Return a dashboard that reads from a data source; `database` is added to its uid and title."""
    link: Json = {
        "type": "dashboards",
        "tags": ["fintank"],
        "title": "fintank",
        "icon": "dashboard",
        "url": "",
    }
    link |= {"tooltip": "The dashboards of fintank", "targetBlank": False}
    chosen = {"type": "datasource", "name": "datasource", "label": "Data source", "query": source.plugin}
    variables = [_variable(each, source) for each in board.variables]
    return {
        "uid": f"{board.uid}-{database.lower()}" if database else board.uid,
        "title": f"{board.title} ({database})" if database else board.title,
        "description": board.description,
        "tags": ["fintank"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "utc",
        "refresh": "5s",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {"refresh_intervals": ["1s", "5s", "10s", "30s", "1m", "5m"]},
        "annotations": {"list": []},
        "links": [{**link, "asDropdown": False, "includeVars": False, "keepTime": True}],
        "templating": {"list": [{**chosen, **FIRST_ONE}, *variables]},
        "panels": _placed(board.panels, source),
    }


def _variable(variable: Variable, source: DataSource) -> Json:
    return {
        "type": "query",
        "name": variable.name,
        "label": variable.label,
        "datasource": source.reference,
        "query": source.variable(variable.name, source.values(variable.query)),
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": source.all_value,
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def _placed(panels: Sequence[Panel], source: DataSource) -> list[Json]:
    placed = []
    x = y = row_height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append({"id": number, **_panel(panel, source), "gridPos": place})
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


def _panel(panel: Panel, source: DataSource) -> Json:
    made = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": source.reference,
        "interval": INTERVAL_MIN,
        "targets": [
            {"refId": letter, "datasource": source.reference, **source.ask(query, panel.kind)}
            for letter, query in zip("ABCDEFGH", panel.queries, strict=False)
        ],
        "fieldConfig": {
            "defaults": _defaults(panel, source),
            "overrides": [*_colored(panel, source), *panel.overrides],
        },
        "options": panel.options,
        "transformations": list(panel.transformations),
    }
    return made | ({"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": 3} if panel.repeat else {})


def _defaults(panel: Panel, source: DataSource) -> Json:
    base = GREEN if panel.thresholds else BLUE
    steps = [{"color": color, "value": value} for value, color in ((None, base), *panel.thresholds)]
    custom: dict[str, Any] = dict(panel.custom)
    if panel.kind == "timeseries":
        custom |= source.line_options
        custom["thresholdsStyle"] = {"mode": "dashed" if panel.thresholds else "off"}
        color = {"mode": "shades", "fixedColor": BLUE}
    else:
        color = {"mode": "thresholds"}
    return {
        "unit": panel.unit,
        **({} if panel.decimals is None else {"decimals": panel.decimals}),
        "color": color,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": custom,
    }


def _colored(panel: Panel, source: DataSource) -> list[Json]:
    overrides = []
    for name, color in panel.colors.items():
        own_name = {"displayName": name} if source.names_series else {}
        overrides.append(styled(name, color={"mode": "fixed", "fixedColor": color}, **own_name))
    return overrides
