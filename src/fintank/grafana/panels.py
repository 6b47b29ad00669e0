"""What Grafana's dashboards are made of, as plain data in its JSON model (schema 39: Grafana 11 and 12).

The colours are Okabe and Ito's, which colour-blind people tell apart. Lines whose names are not known here,
by symbol, are shades of one colour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 39
COLUMNS = 24
DATA_SOURCE = {"type": "influxdb", "uid": "${datasource}"}
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#8A8F98"
INTERVAL_MIN = "1s"

Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """An InfluxQL query; alias names its series ($tag_symbol, $col ...), is_table asks for plain rows."""

    text: str
    alias: str = ""
    is_table: bool = False


def select(what: str, measurement: str, where: str, then: str = "") -> str:
    """Write a query of InfluxQL."""
    return f'SELECT {what} FROM "{measurement}" WHERE {where} {then}'.rstrip()


@dataclass(frozen=True)
class Panel:
    """A panel of a dashboard, `width` of COLUMNS wide.

    unit: Grafana's name of it. thresholds: (from which value, colour), for a value that is good or bad;
    without any the base colour stays. colors: of series by name, else shades. options and custom: Grafana's
    own, of the panel and of its fields.
    """

    kind: str
    title: str
    description: str
    queries: Sequence[Query]
    unit: str
    width: int
    height: int = 8
    thresholds: Sequence[tuple[float, str]] = ()
    colors: Mapping[str, str] = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    repeat: str = ""


def lines(title: str, description: str, *queries: Query, unit: str, **given: Any) -> Panel:
    """Make a panel of lines over time."""
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    custom = {"lineWidth": 1, "fillOpacity": 8, "spanNulls": False, "showPoints": "auto", "pointSize": 4}
    custom |= given.pop("custom", {})
    return Panel("timeseries", title, description, queries, unit, options=options, custom=custom, **given)


def bars(title: str, description: str, *queries: Query, unit: str, **given: Any) -> Panel:
    """Make a panel of stacked bars over time."""
    stacking = {"mode": "normal", "group": "A"}
    custom = {"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 0, "stacking": stacking}
    return lines(title, description, *queries, unit=unit, custom=custom, **given)


def stat(title: str, description: str, query: Query, unit: str, **given: Any) -> Panel:
    """Make a panel of one number."""
    options = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value",
    }
    return Panel("stat", title, description, [query], unit, width=4, height=4, options=options, **given)


def table(title: str, description: str, query: Query, unit: str, **given: Any) -> Panel:
    """Make a table; the query's columns are its own."""
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}
    return Panel("table", title, description, [query], unit, options=options, **given)


def rejects_count() -> Panel:
    """Make the number of records that could not be used; it counts all, whatever is chosen above."""
    return stat(
        "Rejects",
        "Records that could not be used and went to the topic rejects in the shown time; not by symbol.",
        Query(select('sum("rejects")', "pipeline", "$timeFilter")),
        "short",
        thresholds=[(1, VERMILION)],
    )


def rejects_by_reason(height: int = 8) -> Panel:
    """Make the table of what could not be used; it has rows of zeros when all could."""
    counts = 'sum("rejects") AS "all", sum("rejected") AS "of the reason"'
    return table(
        "Rejects by reason",
        "Records that could not be used in the shown time, by the component that found them and the reason; "
        "`invoke show rejects` shows them.",
        Query(select(counts, "pipeline", "$timeFilter", 'GROUP BY "component", "reason"'), is_table=True),
        "short",
        width=8,
        height=height,
        transformations=[without("Time")],
    )


def without(*columns: str) -> Json:
    """Make the transformation that leaves columns out."""
    return {"id": "organize", "options": {"excludeByName": dict.fromkeys(columns, True)}}


def styled(name: str, **properties: Any) -> Json:
    """Make the override of a series or a column; `custom_x` is Grafana's `custom.x`."""
    named = [{"id": key.replace("_", ".", 1), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": named}


def dashboard(
    uid: str, title: str, description: str, variables: Sequence[Json], panels: Sequence[Panel]
) -> Json:
    """Make a dashboard; panels stand from left to right, in rows as wide as fit."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
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
        "links": [
            {
                "type": "dashboards",
                "tags": ["fintank"],
                "title": "fintank",
                "asDropdown": False,
                "includeVars": False,
                "keepTime": True,
            }
        ],
        "templating": {"list": [_data_source_variable(), *variables]},
        "panels": _placed(panels),
    }


def variable(name: str, label: str, query: str) -> Json:
    """Make a variable of what the query finds: any number of its values, all at first."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATA_SOURCE,
        "query": {"query": query, "refId": f"variable-{name}"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def _data_source_variable() -> Json:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "influxdb",
        "refresh": 1,
        "current": {},
        "options": [],
    }


def _placed(panels: Sequence[Panel]) -> list[Json]:
    placed = []
    x = y = row_height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        placed.append({"id": number, **_panel(panel), "gridPos": _grid(panel, x, y)})
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


def _grid(panel: Panel, x: int, y: int) -> Json:
    return {"x": x, "y": y, "w": panel.width, "h": panel.height}


def _panel(panel: Panel) -> Json:
    steps: list[Json] = [{"color": GREEN if panel.thresholds else BLUE, "value": None}]
    steps += [{"color": color, "value": value} for value, color in panel.thresholds]
    colored = [
        styled(name, color={"mode": "fixed", "fixedColor": color}) for name, color in panel.colors.items()
    ]
    is_judged = panel.kind in ("stat", "table")
    made = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATA_SOURCE,
        "interval": INTERVAL_MIN,
        "targets": [_target(query, letter) for query, letter in zip(panel.queries, "ABCDEFGH", strict=False)],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "color": {"mode": "thresholds"} if is_judged else {"mode": "shades", "fixedColor": BLUE},
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {**panel.custom, **_threshold_style(panel)},
            },
            "overrides": [*colored, *panel.overrides],
        },
        "options": panel.options,
        "transformations": list(panel.transformations),
    }
    return made | ({"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": 3} if panel.repeat else {})


def _threshold_style(panel: Panel) -> Json:
    """Draw the thresholds of lines as dashed lines."""
    if panel.kind != "timeseries":
        return {}
    return {"thresholdsStyle": {"mode": "dashed" if panel.thresholds else "off"}}


def _target(query: Query, letter: str) -> Json:
    return {
        "refId": letter,
        "datasource": DATA_SOURCE,
        "rawQuery": True,
        "query": query.text,
        "alias": query.alias,
        "resultFormat": "table" if query.is_table else "time_series",
    }
