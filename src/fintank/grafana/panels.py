"""Grafana's JSON model (schema 39: Grafana 11 and 12): panels, queries, variables and dashboards.

Series without a color of their own, such as symbols, are shades of one color.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fintank.colors import BLUE, GREEN, VERMILION

SCHEMA_VERSION = 39
COLUMNS = 24
DATA_SOURCE = {"type": "influxdb", "uid": "${datasource}"}
INTERVAL_MIN = "1s"
EVERY = "GROUP BY time($__interval)"

RULE_ENGINE = "\"component\" = 'rule-engine' AND $timeFilter"
REJECTS = 'SELECT sum("rejects") FROM "pipeline" WHERE $timeFilter'

Json = dict[str, Any]


def select(what: str, measurement: str, where: str, then: str = "") -> str:
    """Write an InfluxQL query."""
    return f'SELECT {what} FROM "{measurement}" WHERE {where} {then}'.rstrip()


def chosen(variable: str, tag: str = "") -> str:
    """Write the condition that a tag, by default the variable's namesake, is one of the chosen values.

    The format `regex` escapes any value. By default Grafana leaves one as it is that begins like a number.
    """
    return f'"{tag or variable}" =~ /^${{{variable}:regex}}$/'


def target(query: str, alias: str = "", result_format: str = "time_series") -> Json:
    """Make a query of a panel; alias names its series ($tag_symbol, $col ...)."""
    made = {"datasource": DATA_SOURCE, "rawQuery": True, "query": query, "alias": alias}
    return {**made, "resultFormat": result_format}


def series(what: str, measurement: str, where: str, alias: str = "$col", by: str = "") -> Json:
    """Query one value per interval; with `by`, one series for each value of that tag, named after it."""
    if not by:
        return target(select(what, measurement, where, f"{EVERY} fill(none)"), alias)
    name = f"$tag_{by}" if alias == "$col" else f"$tag_{by}: {alias}"
    return target(select(what, measurement, where, f'{EVERY}, "{by}" fill(none)'), name)


@dataclass(frozen=True)
class Panel:
    """A panel, `width` of COLUMNS wide.

    unit: Grafana's name for it. thresholds: (from which value, color); without any, the base color stays.
    colors: of series by name. options and custom: Grafana's own, for the panel and for its fields. repeat: a
    variable; each of its values has its own panel.
    """

    kind: str
    title: str
    description: str
    targets: Sequence[Json]
    unit: str = "short"
    width: int = 8
    height: int = 8
    thresholds: Sequence[tuple[float, str]] = ()
    colors: Mapping[str, str] = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    repeat: str = ""


def lines(title: str, description: str, *targets: Json, **given: Any) -> Panel:
    """Make a panel of lines over time."""
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    custom = {"lineWidth": 1, "fillOpacity": 8, "spanNulls": False, "showPoints": "auto", "pointSize": 4}
    custom |= given.pop("custom", {})
    return Panel("timeseries", title, description, targets, options=options, custom=custom, **given)


def bars(title: str, description: str, *targets: Json, **given: Any) -> Panel:
    """Make a panel of stacked bars over time."""
    stacking = {"mode": "normal", "group": "A"}
    custom = {"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 0, "stacking": stacking}
    return lines(title, description, *targets, custom=custom, **given)


def stat(title: str, description: str, query: str, **given: Any) -> Panel:
    """Make a panel of one number."""
    options = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value",
    }
    return Panel("stat", title, description, [target(query)], width=4, height=4, options=options, **given)


def table(title: str, description: str, query: str, **given: Any) -> Panel:
    """Make a table with the columns of the query."""
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}
    return Panel(
        "table", title, description, [target(query, result_format="table")], options=options, **given
    )


def rejects_count() -> Panel:
    """Make the panel that counts rejects."""
    return stat(
        "Rejects",
        "Records of all symbols that could not be used in this time range, sent to the topic rejects.",
        REJECTS,
        thresholds=[(1, VERMILION)],
    )


def rejects_by_reason(height: int = 8) -> Panel:
    """Make the table of rejects; without any it has rows of zeros."""
    counts = 'sum("rejects") AS "total", sum("rejected") AS "for this reason"'
    return table(
        "Rejects by reason",
        "Records that could not be used in this time range, by the component that rejected them and by "
        "reason. `invoke rejects` shows them.",
        select(counts, "pipeline", "$timeFilter", 'GROUP BY "component", "reason"'),
        height=height,
        transformations=[without("Time")],
    )


def without(*columns: str) -> Json:
    """Make the transformation that hides columns."""
    return {"id": "organize", "options": {"excludeByName": dict.fromkeys(columns, True)}}


def styled(name: str, **properties: Any) -> Json:
    """Make the override of a series or a column; `custom_x` is Grafana's `custom.x`."""
    named = [{"id": key.replace("_", ".", 1), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": named}


def dashboard(
    uid: str, title: str, description: str, variables: Sequence[Json], panels: Sequence[Panel]
) -> Json:
    """Make a dashboard; its panels are placed from left to right, in rows as wide as fit."""
    link = {"type": "dashboards", "tags": ["fintank"], "title": "fintank"}
    data_source = {"type": "datasource", "name": "datasource", "label": "Data source", "query": "influxdb"}
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
        "links": [{**link, "asDropdown": False, "includeVars": False, "keepTime": True}],
        "templating": {"list": [{**data_source, "refresh": 1, "current": {}, "options": []}, *variables]},
        "panels": _placed(panels),
    }


def variable(name: str, label: str, query: str) -> Json:
    """Make a variable with the values that the query finds; any number can be chosen, all by default."""
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


def _placed(panels: Sequence[Panel]) -> list[Json]:
    placed = []
    x = y = row_height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append({"id": number, **_panel(panel), "gridPos": place})
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


def _panel(panel: Panel) -> Json:
    base = GREEN if panel.thresholds else BLUE
    custom = dict(panel.custom)
    if panel.kind == "timeseries":
        custom["thresholdsStyle"] = {"mode": "dashed" if panel.thresholds else "off"}
        color = {"mode": "shades", "fixedColor": BLUE}
    else:
        color = {"mode": "thresholds"}
    colored = [
        styled(name, color={"mode": "fixed", "fixedColor": color}) for name, color in panel.colors.items()
    ]
    steps = [{"color": color, "value": value} for value, color in ((None, base), *panel.thresholds)]
    made = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATA_SOURCE,
        "interval": INTERVAL_MIN,
        "targets": [
            {"refId": letter, **each} for letter, each in zip("ABCDEFGH", panel.targets, strict=False)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "color": color,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": custom,
            },
            "overrides": [*colored, *panel.overrides],
        },
        "options": panel.options,
        "transformations": list(panel.transformations),
    }
    return made | ({"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": 3} if panel.repeat else {})
