"""Running the queries of panels and alert rules, with variables and macros filled in as Grafana does."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fintank.adapters.sinks import open_sink
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.grafana.alerts import WINDOW_S, alert_rules
from fintank.grafana.files import OPERATIONS, ORDER_FLOW, dashboards
from fintank.grafana.operations import FAULTS_TITLE
from fintank.grafana.panel_sql import ALL
from fintank.settings import Settings

HOUR_S = 3600
PANEL_PIXELS = 600
ROUND_INTERVALS_S = (1, 2, 5, 10, 15, 20, 30, 60)


def empty_panels(settings: Settings) -> list[str]:
    """Return the panels, variables and alert rules that find no rows, with `All` or every value chosen.

    The table of faulty quotes is empty where there are none.
    """
    influx = InfluxDB(settings.sink)
    empty = []
    boards = dashboards()
    for board in (boards[ORDER_FLOW["influxdb"]], boards[OPERATIONS]):
        variables = board["templating"]["list"][1:]
        values = {variable["name"]: _values(influx, variable["query"]["query"]) for variable in variables}
        empty += [f"variable {name}" for name, found in values.items() if not found]
        everything = dict.fromkeys(values, ".*")
        some = {name: regex(found) for name, found in values.items()}
        for chosen in (everything, some):
            for panel in board["panels"]:
                if panel["title"] == FAULTS_TITLE:
                    continue
                for target in panel["targets"]:
                    if not influx.rows(filled(target["query"], chosen, HOUR_S)):
                        empty.append(f"{board['title']}: {panel['title']} {target['refId']} of {chosen}")
    (group,) = alert_rules()["groups"]
    for rule in group["rules"]:
        if not influx.rows(filled(rule["data"][0]["model"]["query"], {}, WINDOW_S)):
            empty.append(f"alert rule {rule['title']}")
    return empty


def filled(query: str, chosen: dict[str, str], seconds: int) -> str:
    """Fill in the variables of a query over the last seconds."""
    now_ms = time.time_ns() // 1_000_000
    interval_s = _interval_s(seconds)
    query = query.replace("$timeFilter", f"time >= {now_ms - seconds * 1000}ms and time <= {now_ms}ms")
    query = query.replace("$__interval_ms", str(interval_s * 1000)).replace("$__interval", f"{interval_s}s")
    for name, value in chosen.items():
        query = query.replace(f"${{{name}:regex}}", value)
    assert "$" not in query.replace("$/", ""), query
    return query


def regex(values: Sequence[str]) -> str:
    """Write the chosen values as Grafana does inside a regular expression."""
    escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", lambda found: "\\" + found[0], value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _values(influx: InfluxDB, query: str) -> list[str]:
    return [value for _, value in influx.rows(filled(query, {}, HOUR_S))]


class SqlBoard:
    """The dashboard Order Flow of QuestDB or PostgreSQL, over the last hour."""

    def __init__(self, settings: Settings) -> None:
        self._scheme = settings.sink.scheme
        self._client: Any = open_sink(settings.sink)
        self._board = dashboards()[ORDER_FLOW[self._scheme]]
        self.values = {
            variable["name"]: [row[0] for row in self._rows(variable["query"], {})]
            for variable in self._board["templating"]["list"][1:]
        }

    def all(self) -> dict[str, str]:
        """Return what is filled in for All."""
        return dict.fromkeys(self.values, ALL)

    def every_value(self) -> dict[str, str]:
        """Return what is filled in with every value chosen."""
        return {name: sqlstring(found) for name, found in self.values.items()}

    def rows(self, chosen: Mapping[str, str]) -> dict[str, list[Any]]:
        """Return the rows of each query, by the panel's kind and title and the query's letter."""
        return {
            f"{panel['type']} {panel['title']} {target['refId']}": self._rows(target["rawSql"], chosen)
            for panel in self._board["panels"]
            for target in panel["targets"]
        }

    def _rows(self, query: str, chosen: Mapping[str, str]) -> list[Any]:
        rows: list[Any] = self._client._rows(sql_filled(self._scheme, query, chosen, HOUR_S))
        return rows


def sql_filled(scheme: str, query: str, chosen: Mapping[str, str], seconds: int) -> str:
    """Fill in the variables and macros of a query over the last seconds."""
    until = datetime.now(UTC)
    since, step = until - timedelta(seconds=seconds), _interval_s(seconds)
    if scheme == "postgresql":
        macros = {
            "$__timeFilter(time)": f"time BETWEEN '{since.isoformat()}' AND '{until.isoformat()}'",
            "$__timeGroup(time, $__interval)": f"floor(extract(epoch from time)/{step})*{step}",
        }
    else:
        first, last = (f"cast({int(at.timestamp() * 1e6)} as timestamp)" for at in (since, until))
        macros = {
            "$__timeFilter(time)": f"time >= {first} AND time <= {last}",
            "$__sampleByInterval": f"{step}s",
        }
    for name, text in macros.items():
        query = query.replace(name, text)
    assert set(re.findall(r"\$\{?(\w+)", query)) <= set(chosen), query
    for name, text in chosen.items():
        query = query.replace(f"${{{name}:sqlstring}}", text)
    return query


def sqlstring(values: Sequence[str]) -> str:
    """Write the chosen values as Grafana's format `sqlstring` does."""
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)


def _interval_s(seconds: int) -> int:
    return next(step for step in ROUND_INTERVALS_S if seconds / step <= PANEL_PIXELS)
