"""The dashboard files match the code, and Grafana's JSON model."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from ruamel.yaml import YAML
from support.grafana_queries import filled, regex, sql_filled, sqlstring

from fintank.grafana import panel_influxql
from fintank.grafana.alerts import DATA_SOURCE_UID, alert_rules
from fintank.grafana.files import FOLDER, ORDER_FLOW, dashboards, generated
from fintank.grafana.order_flow import SYMBOL
from fintank.grafana.panel_query import PanelQuery, value

DASHBOARDS = list(dashboards().values())
INFLUXDB = [dashboards()[name] for name in ("order-flow.json", "operations.json")]
SQL = [dashboards()[ORDER_FLOW[scheme]] for scheme in ("questdb", "postgresql")]
PANELS = [
    pytest.param(panel, id=f"{board['title']}: {panel['title']}")
    for board in DASHBOARDS
    for panel in board["panels"]
]
PLUGINS = ["influxdb", "questdb-questdb-datasource", "grafana-postgresql-datasource", "influxdb"]
BUILT_IN = {"timeFilter", "__interval", "__interval_ms", "tag_symbol", "col"}
BUILT_IN |= {"__timeFilter", "__timeGroup", "__sampleByInterval"}
PRICES = {"last_px", "bid", "ask", "last_qty", "delta_shares"}


@pytest.mark.parametrize("path", generated(), ids=str)
def test_a_file_is_what_the_code_generates(path: Any) -> None:
    assert path.read_text() == generated()[path], "run scripts/dashboards.py"


def test_the_folder_holds_only_generated_files_and_five_handwritten_provisioning_files() -> None:
    handwritten = {FOLDER / "provisioning" / kind / "fintank.yaml" for kind in ("datasources", "dashboards")}
    handwritten |= {FOLDER / "data-sources" / f"{scheme}.yaml" for scheme in ("questdb", "postgresql")}
    handwritten |= {FOLDER / "contact-points" / "webhook.yaml"}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == {*generated(), *handwritten}


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["title"])
def test_a_dashboard_refreshes_itself_and_can_be_imported(board: dict[str, Any]) -> None:
    assert (board["refresh"], board["time"]["from"], board["time"]["to"]) == ("5s", "now-1h", "now")
    assert board["schemaVersion"] == 42
    variables = board["templating"]["list"]
    assert variables[0]["type"] == "datasource"
    assert variables[0]["query"] == PLUGINS[DASHBOARDS.index(board)]
    assert DATA_SOURCE_UID not in json.dumps(board), "the data source is a variable"
    names = {variable["name"] for variable in variables}
    for panel in board["panels"]:
        for target in panel["targets"]:
            used = set(re.findall(r"\$\{?(\w+)", text_of(target)))
            assert used - BUILT_IN <= names


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield what is in a JSON value before and not, or another, after; what is new there is a default."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from lost(one, other, f"{path}[]")
    elif before != after:
        yield f"{path}: {before} -> {after}"


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["title"])
def test_grafanas_own_builder_reads_a_dashboard_and_writes_the_same(board: dict[str, Any]) -> None:
    register_default_plugins()
    written = json.dumps(Dashboard.from_json(json.loads(json.dumps(board))), cls=JSONEncoder)
    assert list(lost(board, json.loads(written))) == []


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["title"])
def test_panels_do_not_overlap(board: dict[str, Any]) -> None:
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for one, other in combinations((panel["gridPos"] for panel in board["panels"]), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_a_description_a_unit_and_a_query(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["datasource"]["type"] in PLUGINS
    assert panel["datasource"]["uid"] == "${datasource}"
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    assert panel["targets"]
    if panel["type"] == "timeseries":
        assert panel["options"]["legend"]["showLegend"]


@pytest.mark.parametrize("panel", PANELS)
def test_color_blind_people_can_tell_the_colors_apart(panel: dict[str, Any]) -> None:
    okabe_ito = {"#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442"}
    greys = {"#8A8F98", "#C7CBD1"}
    text = json.dumps(panel["fieldConfig"])
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", text)) <= okabe_ito | greys
    assert set(re.findall(r'"color": \{"mode": "(\w+)"', text)) <= {"fixed", "shades", "thresholds"}


@pytest.mark.parametrize(
    "chosen",
    [["^GSPC"], ["ES=F"], ["M&M.NS"], ["AAPL  261218C00150000", "EUR/USD"], ["7203.T"], [r"A\B", "1+1"]],
)
def test_a_chosen_symbol_of_any_form_selects_itself_alone(chosen: list[str]) -> None:
    symbols = ["^GSPC", "GSPC", "ES=F", "M&M.NS", "M&MXNS", "AAPL  261218C00150000", "AAPL", "EUR/USD"]
    symbols += ["7203.T", "7203XT", r"A\B", "1+1", "11", "111"]
    query = panel_influxql.select(PanelQuery([value("", "bid")], "bid_ask", [SYMBOL], in_range=False))
    pattern = filled(query, {"symbol": regex(chosen)}, 60).partition("=~ /")[2].removesuffix("/")
    assert [symbol for symbol in symbols if re.search(pattern, symbol)] == chosen
    assert "/" not in re.sub(r"\\.", "", pattern), "a slash would end the expression"


def test_every_variable_is_escaped_by_its_format_and_not_by_grafanas_guess() -> None:
    queries = [t["query"] for board in INFLUXDB for panel in board["panels"] for t in panel["targets"]]
    names = [name for query in queries for name in re.findall(r"=~ /\^(.*?)\$/", query)]
    assert set(names) == {f"${{{name}:regex}}" for name in ("symbol", "exchange", "account", "component")}


@pytest.mark.parametrize("board", SQL, ids=lambda board: board["title"])
def test_every_variable_in_sql_is_quoted_and_all_is_no_value(board: dict[str, Any]) -> None:
    variables = board["templating"]["list"][1:]
    assert {variable["allValue"] for variable in variables} == {"''"}
    for panel in board["panels"]:
        for target in panel["targets"]:
            names = re.findall(r"\$\{(.*?)\}", target["rawSql"])
            assert set(names) <= {f"{variable['name']}:sqlstring" for variable in variables}
            assert names[::2] == names[1::2], "compared with All, then with the column"


@pytest.mark.parametrize("scheme", ["questdb", "postgresql"])
def test_a_chosen_name_ends_no_text_of_a_query(scheme: str) -> None:
    names = ["O'Hare, Inc.", "a''b", "BRK.B", "'"]
    for panel in dashboards()[ORDER_FLOW[scheme]]["panels"]:
        for target in panel["targets"]:
            chosen = dict.fromkeys(("symbol", "exchange", "account"), sqlstring(names))
            text = re.sub(r"'(?:[^']|'')*'", "", sql_filled(scheme, target["rawSql"], chosen, 60))
            assert "'" not in text
            assert "Hare" not in text


def test_both_sql_dashboards_have_the_panels_of_the_one_in_influxql() -> None:
    flow = dashboards()[ORDER_FLOW["influxdb"]]
    own = {"datasource", "targets", "fieldConfig"}
    for board in SQL:
        for ours, theirs in zip(board["panels"], flow["panels"], strict=True):
            assert {k: v for k, v in ours.items() if k not in own} == {
                k: v for k, v in theirs.items() if k not in own
            }
            assert len(ours["targets"]) == len(theirs["targets"])
    uids = {board["uid"] for board in DASHBOARDS}
    assert len(uids) == len({board["title"] for board in DASHBOARDS}) == len(DASHBOARDS)


@pytest.mark.parametrize("board", SQL, ids=lambda board: board["title"])
def test_a_series_of_a_tag_is_named_after_its_value_alone(board: dict[str, Any]) -> None:
    labeled = {
        panel["title"]: target["rawSql"]
        for panel in board["panels"]
        for target in panel["targets"]
        if "metric" in target["rawSql"]
    }
    assert set(labeled) == {"Spread", "Executions by type", "Shares", "Cash"}
    assert all(' AS "Value" FROM' in text for text in labeled.values())


@pytest.mark.parametrize("panel", PANELS)
def test_numbers_keep_their_digits_and_large_ones_are_separated(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    texts = [
        override for override in panel["fieldConfig"]["overrides"] if override["matcher"]["id"] == "byType"
    ]
    assert defaults["unit"] in {"locale", "ms", "suffix:bp"}
    assert (panel["type"] == "table") == bool(texts), "symbols such as 7203 are no numbers"
    queries = " ".join(map(text_of, panel["targets"]))
    named = set(re.findall(r'"(\w+)"', queries))
    if defaults["unit"] == "locale" and panel["type"] != "stat" and named & PRICES:
        assert defaults["decimals"] == 8
    if panel["title"] in {"Turnover", "Cash", "Deposits and withdrawals"}:
        assert defaults["decimals"] == 2


def test_the_alert_rules_watch_lag_rejects_waits_crossed_symbols_and_ticks() -> None:
    (group,) = alert_rules()["groups"]
    titles = [rule["title"] for rule in group["rules"]]
    assert titles == ["Lag", "Rejects", "Market data not current", "Symbol crossed", "No ticks"]
    for rule in group["rules"]:
        steps = {step["refId"]: step for step in rule["data"]}
        assert rule["condition"] in steps
        assert steps["A"]["datasourceUid"] == DATA_SOURCE_UID
        assert steps["B"]["model"]["expression"] == "A"
        assert steps["C"]["model"]["expression"] == "B"
    assert [rule["noDataState"] for rule in group["rules"]] == ["OK", "OK", "OK", "OK", "Alerting"]


def test_a_symbol_that_is_crossed_for_over_a_second_alerts_at_once() -> None:
    (rule,) = [rule for rule in alert_rules()["groups"][0]["rules"] if rule["title"] == "Symbol crossed"]
    assert rule["for"] == "0s"
    assert 'max("crossed_ms")' in rule["data"][0]["model"]["query"]
    assert rule["data"][2]["model"]["conditions"][0]["evaluator"] == {"type": "gt", "params": [1_000]}


def text_of(target: dict[str, Any]) -> str:
    text: str = target.get("rawSql") or target["query"]
    return text


def test_the_provisioning_files_name_the_data_source_and_the_folder() -> None:
    yaml = YAML(typ="safe")
    source = yaml.load(FOLDER / "provisioning" / "datasources" / "fintank.yaml")["datasources"][0]
    assert source["uid"] == DATA_SOURCE_UID
    assert source["jsonData"]["dbName"] == "prices_development"
    provider = yaml.load(FOLDER / "provisioning" / "dashboards" / "fintank.yaml")["providers"][0]
    assert provider["options"]["path"] == "$FINTANK_DASHBOARDS"
