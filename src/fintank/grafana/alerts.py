"""Grafana's alert rules, as data of its provisioning file: lag, rejects, waits, crossed symbols, no ticks."""

from fintank.grafana import panel_influxql
from fintank.grafana.data_sources import Json
from fintank.grafana.operations import BEHIND_RECORDS, LAG, TICK_LOADER
from fintank.grafana.panel_query import PanelQuery, value
from fintank.grafana.panels import REJECTS, RULE_ENGINE

DATA_SOURCE_UID = "fintank-influxdb"
WINDOW_S = 300
WAITED = PanelQuery([value("max", "waited_ms")], "pipeline", RULE_ENGINE)
WAITED_MS_MAX = 10_000
CROSSED = PanelQuery([value("max", "crossed_ms")], "pipeline", RULE_ENGINE)
CROSSED_MS_MAX = 1_000
TICKS = PanelQuery([value("sum", "records")], "pipeline", TICK_LOADER)


def alert_rules() -> Json:
    """Return the content of the provisioning file."""
    lag = "{{ $values.B }} records of the topics are unprocessed."
    rejects = "{{ $values.B }} records of the last 5 minutes could not be used: see invoke rejects."
    waited = "Decisions have waited {{ $values.B }} ms for market data: see invoke status, invoke topics."
    crossed = "A symbol has been crossed for {{ $values.B }} ms: see the dashboard Operations for which."
    ticks = "No tick was stored for 5 minutes: see invoke status, invoke topics and the topology's log."
    rules = [
        _rule("fintank-lag", "Lag", lag, LAG, ("gt", BEHIND_RECORDS)),
        _rule("fintank-rejects", "Rejects", rejects, REJECTS, ("gt", 0)),
        _rule("fintank-waited", "Market data not current", waited, WAITED, ("gt", WAITED_MS_MAX)),
        _rule("fintank-crossed", "Symbol crossed", crossed, CROSSED, ("gt", CROSSED_MS_MAX)) | {"for": "0s"},
        _rule("fintank-no-ticks", "No ticks", ticks, TICKS, ("lt", 1)) | {"noDataState": "Alerting"},
    ]
    group = {"orgId": 1, "name": "fintank", "folder": "fintank", "interval": "30s", "rules": rules}
    return {"apiVersion": 1, "groups": [group]}


def _rule(uid: str, title: str, summary: str, query: PanelQuery, fires_if: tuple[str, int]) -> Json:
    """Make a rule that fires when the last value in the window is `gt` or `lt` a bound for a minute."""
    text = panel_influxql.select(query)
    evaluator = {"type": fires_if[0], "params": [fires_if[1]]}
    threshold = {"type": "threshold", "expression": "B", "conditions": [{"evaluator": evaluator}]}
    return {
        "uid": uid,
        "title": title,
        "condition": "C",
        "for": "1m",
        "noDataState": "OK",
        "execErrState": "Error",
        "annotations": {"summary": summary},
        "labels": {"project": "fintank"},
        "data": [
            _step("A", DATA_SOURCE_UID, {"rawQuery": True, "query": text, "resultFormat": "time_series"}),
            _step("B", "__expr__", {"type": "reduce", "expression": "A", "reducer": "last"}),
            _step("C", "__expr__", threshold),
        ],
    }


def _step(ref_id: str, data_source_uid: str, model: Json) -> Json:
    return {
        "refId": ref_id,
        "relativeTimeRange": {"from": WINDOW_S, "to": 0},
        "datasourceUid": data_source_uid,
        "model": {"refId": ref_id, **model},
    }
