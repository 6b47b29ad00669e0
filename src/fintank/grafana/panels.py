"""Panels, as data of no database's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fintank.colors import VERMILION
from fintank.grafana.data_sources import Json
from fintank.grafana.panel_query import Equals, PanelQuery, value

SEPARATED = "locale"
"""Grafana's unit for numbers such as 110,250.13; `short` would show 110 K."""
PRICE_DECIMALS = 8
"""The most that are shown: sums of doubles have noise in the digits below."""
SUM_DECIMALS = 2

RULE_ENGINE = (Equals("component", "rule-engine"),)
REJECTS = PanelQuery([value("sum", "rejects")], "pipeline")
TEXTS_AS_THEY_ARE = {
    "matcher": {"id": "byType", "options": "string"},
    "properties": [{"id": "unit", "value": "string"}],
}
"""Otherwise Grafana writes a text such as the symbol 7203 as a number."""


@dataclass(frozen=True)
class Panel:
    """A panel, `width` of 24 columns wide.

    unit: Grafana's name for it. decimals: the most digits after the point. thresholds: (from which value,
    color); without any, the base color stays. colors: of series by name. options and custom: Grafana's own,
    for the panel and for its fields. repeat: a variable; each of its values has its own panel.
    """

    kind: str
    title: str
    description: str
    queries: Sequence[PanelQuery]
    unit: str = SEPARATED
    decimals: int | None = None
    width: int = 8
    height: int = 8
    thresholds: Sequence[tuple[float, str]] = ()
    colors: Mapping[str, str] = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    repeat: str = ""


def lines(title: str, description: str, *queries: PanelQuery, **given: Any) -> Panel:
    """Make a panel of lines over time."""
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    custom = {"lineWidth": 1, "fillOpacity": 8, "spanNulls": False, "showPoints": "auto", "pointSize": 4}
    custom |= given.pop("custom", {})
    return Panel("timeseries", title, description, queries, options=options, custom=custom, **given)


def bars(title: str, description: str, *queries: PanelQuery, **given: Any) -> Panel:
    """Make a panel of stacked bars over time."""
    stacking = {"mode": "normal", "group": "A"}
    custom = {"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 0, "stacking": stacking}
    return lines(title, description, *queries, custom=custom, **given)


def stat(title: str, description: str, query: PanelQuery, **given: Any) -> Panel:
    """Make a panel of one number."""
    options = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value",
    }
    return Panel("stat", title, description, [query], width=4, height=4, options=options, **given)


def table(title: str, description: str, query: PanelQuery, **given: Any) -> Panel:
    """Make a table with the columns of the query."""
    options = {"showHeader": True, "cellHeight": "sm"}
    overrides = [TEXTS_AS_THEY_ARE, *given.pop("overrides", [])]
    return Panel("table", title, description, [query], options=options, overrides=overrides, **given)


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
    counts = [value("sum", "rejects", "total"), value("sum", "rejected", "for this reason")]
    return table(
        "Rejects by reason",
        "Records that could not be used in this time range, by the component that rejected them and by "
        "reason. `invoke rejects` shows them.",
        PanelQuery(counts, "pipeline", by=("component", "reason")),
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
