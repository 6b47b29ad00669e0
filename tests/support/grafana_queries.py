"""Running the queries of panels and alert rules, with the variables filled in as Grafana does."""

import re
import time
from collections.abc import Sequence

from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.grafana.alerts import WINDOW_S, alert_rules
from fintank.grafana.operations import FAULTS_TITLE, operations
from fintank.grafana.order_flow import order_flow
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
    for board in (order_flow(), operations()):
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
    interval_s = next(step for step in ROUND_INTERVALS_S if seconds / step <= PANEL_PIXELS)
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
