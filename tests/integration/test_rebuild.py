"""A database that lost everything is filled again from the topics."""

import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from support.grafana_queries import SqlBoard, sqlstring
from support.manual_topology import ManualTopology
from support.order_traffic import market_order, portfolio_orders, tick
from support.stack import Stack, query, run_fintank, running_stack, start_fintank

from fintank.adapters.sinks import count, open_sink, open_store, rows
from fintank.adapters.sinks.postgresql import PostgreSQL
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.questdb import QuestDB
from fintank.sink_url import DATABASE
from fintank.wire.points.line_protocol import point
from fintank.wire.points.point_tables import TABLES

SYMBOLS = ("IVE", "VTI", "IWS", "GLD", "QQQ")
FIELDS = {
    "bid_ask": "bid",
    "executions": "exec_id",
    "fills": "exec_id",
    "portfolio_orders": "order_id",
    "portfolio_component_orders": "cl_ord_id",
}
ODD_NAMES = ["O'Hare, Inc.", "BRK.B", "a''b"]
AGES = ("open_orders", "open_over_1s", "open_over_1m", "open_over_1h")
REFERENCE = {name: Decimal(text) for name, text in (("price", "100.25"), ("collar_low", "90.5"))}


@pytest.fixture(scope="module", params=["influxdb", "questdb", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[ManualTopology]:
    """Ticks and orders, decided and stored."""
    with running_stack(sink=request.param) as stack:
        made = ManualTopology(stack)
        made.send("ticks", "symbol", *(tick(SYMBOLS[number % 5]) for number in range(600)))
        made.write("ticks", "no tick", "IVE")
        made.send("orders", "account", *portfolio_orders("p", SYMBOLS, 10), market_order("one", "IVE"))
        made.work()
        yield made


def lose_all(world: ManualTopology) -> None:
    """Drop what the database holds."""
    url = world.settings.sink
    if url.scheme == "influxdb":
        query(world.settings, f'DROP DATABASE "{DATABASE}"')
    for name in TABLES:
        if url.scheme == "questdb":
            QuestDB(url)._rows(f"DROP TABLE {name}")
        elif url.scheme == "postgresql":
            PostgreSQL(url).execute(f"DROP TABLE {name}")


def counts(world: ManualTopology) -> dict[str, int]:
    store = open_store(world.settings.sink)
    return {name: count(store, Query(name, (field,), function="count")) for name, field in FIELDS.items()}


def rebuild(stack: Stack, *options: str) -> subprocess.CompletedProcess[str]:
    return run_fintank(stack, "rebuild", *options, program="invoke")


def test_a_lost_database_is_filled_again_and_is_reconciled(world: ManualTopology) -> None:
    lose_all(world)
    open_sink(world.settings.sink).prepare()
    assert world.breaks()
    for _ in range(2):
        done = rebuild(world.stack)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"ticks: 600 points into {world.settings.sink.shown}\n" in done.stdout
        assert world.breaks() == set()
        found = counts(world)
        assert (found["bid_ask"], found["portfolio_orders"]) == (600, 10)
        assert found["portfolio_component_orders"] > 20
        assert found["executions"] > found["fills"] > 20


def test_the_dashboard_in_sql_shows_what_is_stored(world: ManualTopology) -> None:
    settings = world.settings
    if settings.sink.scheme == "influxdb":
        return  # test_orders_flow.py runs its queries
    world.send("ticks", "symbol", *(tick(name, exchange="N'Y, A") for name in ODD_NAMES))
    world.work()
    now_ns = time.time_ns()
    made = {"component": "rule-engine", "task": "1"}
    lines = [
        *(point("pipeline", {**made, "task": task}, dict.fromkeys(AGES, 2), now_ns) for task in ("1", "2")),
        point("pipeline", {**made, "reason": "BAD_TICK"}, {"rejects": 3, "rejected": 3}, now_ns),
        *(point("reference_price", {"symbol": name}, REFERENCE, now_ns) for name in SYMBOLS),
    ]
    assert open_sink(settings.sink).write("\n".join(lines)) == []
    store, stored = open_store(settings.sink), counts(world)
    traded = list(rows(store, Query("fills", ("last_qty", "last_px"))))
    board = SqlBoard(settings)
    assert {*SYMBOLS, *ODD_NAMES} == set(board.values["symbol"])
    for chosen in (board.all(), board.every_value()):
        found = board.rows(chosen)
        assert [panel for panel, shown in found.items() if not shown] == []
        figures = {
            panel: found[f"stat {panel} A"][0][0]
            for panel in ("Ticks", "Executions", "Fills", "Rejects", "Turnover")
        }
        assert figures == {
            "Ticks": stored["bid_ask"],
            "Executions": stored["executions"],
            "Fills": stored["fills"],
            "Rejects": 3,
            "Turnover": pytest.approx(sum(quantity * price for _, quantity, price in traded)),
        }
        assert sum(row[2] for row in found["timeseries Executions by type A"]) == stored["executions"]
        assert found["timeseries Open orders by age A"][-1][1:] == pytest.approx([4] * len(AGES))
        shares = {symbol: total for _, symbol, total in found["timeseries Shares A"]}
        assert shares == pytest.approx({row[0]: row[2] for row in found["table Positions A"]})
    for name in ODD_NAMES:
        assert board.rows({**board.all(), "symbol": sqlstring([name])})["stat Ticks A"][0][0] == 1
    two = {**board.all(), "symbol": sqlstring(ODD_NAMES[:2]), "exchange": sqlstring(["N'Y, A"])}
    assert board.rows(two)["stat Ticks A"][0][0] == 2


def test_it_may_run_while_the_loaders_write(world: ManualTopology) -> None:
    before = counts(world)
    lose_all(world)
    with start_fintank(world.stack, "rebuild", program="invoke") as running:
        while running.poll() is None:
            world.send("ticks", "symbol", tick("IVE"))
            world.work()
        assert running.returncode == 0
    assert world.breaks() == set()
    after = counts(world)
    assert after.pop("bid_ask") > before.pop("bid_ask")
    # The new ticks fill orders that waited.
    assert all(after[name] >= before[name] for name in before)


def test_since_takes_only_what_was_appended_later(world: ManualTopology) -> None:
    time.sleep(1.1)  # the option has whole seconds
    world.send("ticks", "symbol", *(tick("IVE") for _ in range(7)))
    world.work()
    lose_all(world)
    done = rebuild(world.stack, "--since", "1s")
    assert (done.returncode, done.stderr) == (0, "")
    assert counts(world)["bid_ask"] <= 7


def test_without_the_database_it_is_one_line(world: ManualTopology) -> None:
    away = {**world.stack.environ, "FINTANK_SINK": "questdb://localhost:1"}
    done = rebuild(Stack(world.settings, away))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "QuestDB (localhost:1) does not answer: run `invoke up`\n"
