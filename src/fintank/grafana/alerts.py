"""Grafana's alert rules, as data of its provisioning files: lag, rejects, no ticks."""

from fintank.grafana.panels import Json

DATA_SOURCE_UID = "fintank-influxdb"
FOLDER = "fintank"
WINDOW_S = 300
BEHIND_RECORDS = 100_000

LAST_LAGS = 'SELECT last("lag") AS "lag" FROM "pipeline" WHERE $timeFilter GROUP BY "component", "task"'
LAG = f'SELECT sum("lag") FROM ({LAST_LAGS})'
REJECTS = 'SELECT sum("rejects") FROM "pipeline" WHERE $timeFilter'
TICKS = 'SELECT sum("records") FROM "pipeline" WHERE "component" = \'tick-influxdb-loader\' AND $timeFilter'


def alert_rules() -> Json:
    """Return the content of the provisioning file."""
    rules = [
        _rule(
            "fintank-lag",
            "Lag",
            "More than {{ $values.B }} records of the topics are not done yet.",
            LAG,
            ("gt", BEHIND_RECORDS),
            is_alarming_without_data=False,
        ),
        _rule(
            "fintank-rejects",
            "Rejects",
            "{{ $values.B }} records of the last 5 minutes could not be used: see invoke show rejects.",
            REJECTS,
            ("gt", 0),
            is_alarming_without_data=False,
        ),
        _rule(
            "fintank-no-ticks",
            "No ticks",
            "No tick was stored for 5 minutes: see invoke status, invoke topics and the topology's log.",
            TICKS,
            ("lt", 1),
            is_alarming_without_data=True,
        ),
    ]
    group = {"orgId": 1, "name": "fintank", "folder": FOLDER, "interval": "30s", "rules": rules}
    return {"apiVersion": 1, "groups": [group]}


def _rule(
    uid: str,
    title: str,
    summary: str,
    query: str,
    condition: tuple[str, float],
    *,
    is_alarming_without_data: bool,
) -> Json:
    """Make a rule: the query's last value of the window, compared, for a minute."""
    comparison, value = condition
    evaluator = {"type": comparison, "params": [value]}
    return {
        "uid": uid,
        "title": title,
        "condition": "C",
        "for": "1m",
        "noDataState": "Alerting" if is_alarming_without_data else "OK",
        "execErrState": "Error",
        "annotations": {"summary": summary},
        "labels": {"project": "fintank"},
        "data": [
            _step("A", DATA_SOURCE_UID, {"rawQuery": True, "query": query, "resultFormat": "time_series"}),
            _step("B", "__expr__", {"type": "reduce", "expression": "A", "reducer": "last"}),
            _step(
                "C",
                "__expr__",
                {"type": "threshold", "expression": "B", "conditions": [{"evaluator": evaluator}]},
            ),
        ],
    }


def _step(ref_id: str, data_source_uid: str, model: Json) -> Json:
    return {
        "refId": ref_id,
        "relativeTimeRange": {"from": WINDOW_S, "to": 0},
        "datasourceUid": data_source_uid,
        "model": {"refId": ref_id, **model},
    }
