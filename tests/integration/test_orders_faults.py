"""Kills while orders flow: every order is decided and filled exactly once, as without them."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.auditing import check_audit
from support.order_flow import OrderFlow, order_flow
from support.order_reports import CommittedLog, check_once, check_portfolios, committed, open_orders
from support.order_traffic import OrderStream, market_order, send, tick
from support.stack import Stack, query
from support.waiting import wait_until

from fintank.adapters import ports
from fintank.services import kafka_broker
from fintank.services.supervisor import Supervisor

pytestmark = [pytest.mark.usefixtures("topics"), pytest.mark.soak]

RULE_ENGINE = "fintank.bolts.rule_engine.RuleEngine"
SYMBOLS = [f"FAULT{number:02}" for number in range(30)]
QUIET, PRICELESS = "FAULT-QUIET", "FAULT-PRICELESS"
REPORTS_BEFORE_THE_KILL = 40
TIMEOUT_S = 90
RUNS_MAX = 3
FROZEN_SECONDS = 8


@pytest.fixture(scope="module")
def stack(empty_stack: Stack) -> Stack:
    """Services of their own: what other tests decide by hand can't be audited."""
    return empty_stack


def wait_for_reports(stack: Stack, flow: OrderFlow, phase: str) -> None:
    """Wait until orders of this phase are being decided."""

    with CommittedLog(stack.settings.kafka, "executions") as log:

        def decided() -> bool:
            mine = [report for report in log.read_some() if str(report.get("list_id")).startswith(phase)]
            return len(mine) >= REPORTS_BEFORE_THE_KILL

        wait_until(decided, TIMEOUT_S, flow.text)


def kill_broker(stack: Stack) -> None:
    """Kill the broker and wait until supervisord has restarted it."""
    os.kill(int(Supervisor(stack.settings.home).states()["kafka"]["pid"]), signal.SIGKILL)
    wait_until(lambda: not ports.listens(stack.settings.kafka), TIMEOUT_S)
    wait_until(lambda: kafka_broker.answers(stack.settings.kafka), TIMEOUT_S)


def points(stack: Stack, measurement: str) -> int:
    found = query(stack.settings, f"SELECT count(exec_id) FROM {measurement} WHERE symbol =~ /FAULT/")
    return int(str(found[0]["count"])) if found else 0


def mine(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    symbols = {*SYMBOLS, QUIET, PRICELESS}
    return [message for message in messages if message["symbol"] in symbols]


def run_until(condition: Callable[[], bool], stack: Stack, folder: Path) -> None:
    """Run the topology until the condition holds; restart it when it exits, as Storm's supervisors do.

    A broker that was killed may answer too slowly for a transaction; then the engine exits on its own.
    """
    for _ in range(RUNS_MAX):
        with order_flow(stack.environ, folder) as flow:
            wait_until(lambda: condition() or flow.process.poll() is not None, TIMEOUT_S, flow.text)
            if flow.process.poll() is None:
                assert flow.end() == 0
                return
    raise AssertionError(f"the topology exited {RUNS_MAX} times: {flow.text()}")


def test_kills_of_the_rule_engine_the_jvm_and_the_broker_while_orders_flow_change_nothing(
    stack: Stack, jar: Path, tmp_path: Path
) -> None:
    address = stack.settings.kafka
    orders = OrderStream(address, SYMBOLS)
    send(address, "ticks", "symbol", [*map(tick, SYMBOLS), tick(QUIET, bid="7.25", ask="7.75")])
    send(address, "orders", "account", [market_order("priceless-1", PRICELESS)])

    with order_flow(stack.environ, tmp_path) as flow, orders.flowing("engine-dies"):
        wait_for_reports(stack, flow, "engine-dies")
        os.kill(flow.pid_of(RULE_ENGINE), signal.SIGKILL)
        assert flow.process.wait(TIMEOUT_S) != 0

    with order_flow(stack.environ, tmp_path) as flow, orders.flowing("jvm-dies"):
        wait_for_reports(stack, flow, "jvm-dies")
        flow.kill()

    with order_flow(stack.environ, tmp_path) as flow, orders.flowing("broker-dies"):
        wait_for_reports(stack, flow, "broker-dies")
        kill_broker(stack)

    started = time.monotonic()
    send(address, "orders", "account", [market_order("quiet-1", QUIET)])
    send(address, "ticks", "symbol", [tick(PRICELESS)])
    count = sum(len(order["portfolio"]) for order in orders.sent) + 2
    run_until(
        lambda: (points(stack, "fills"), points(stack, "executions")) == (count, 2 * count), stack, tmp_path
    )
    print(f"{len(orders.sent)} orders, {count} components; {time.monotonic() - started:.1f} s to the end")

    reports, fills = mine(committed(address, "executions")), mine(committed(address, "fills"))
    assert open_orders(reports) == set()
    alone = {"quiet-1", "priceless-1"}
    check_once(alone, [report for report in reports if report["cl_ord_id"] in alone], fills)
    check_portfolios(orders.sent, reports, fills)
    quiet = [report for report in reports if report["cl_ord_id"] == "quiet-1"]
    assert {(report["bid"], report["ask"]) for report in quiet} == {("7.25", "7.75")}
    check_audit(stack, reports_min=2 * count)


def test_a_broker_that_freezes_while_orders_flow_stops_nothing(
    stack: Stack, jar: Path, tmp_path: Path
) -> None:
    address = stack.settings.kafka
    symbols = [f"FREEZE{number:02}" for number in range(10)]
    orders = OrderStream(address, symbols)
    send(address, "ticks", "symbol", map(tick, symbols))
    with order_flow(stack.environ, tmp_path) as flow:
        with orders.flowing("broker-freezes"):
            wait_for_reports(stack, flow, "broker-freezes")
            broker = int(Supervisor(stack.settings.home).states()["kafka"]["pid"])
            os.kill(broker, signal.SIGSTOP)
            time.sleep(FROZEN_SECONDS)
            os.kill(broker, signal.SIGCONT)
        wanted = {
            f"{order['order_id']}-{line['symbol']}" for order in orders.sent for line in order["portfolio"]
        }

        def is_done() -> bool:
            reports = [each for each in committed(address, "executions") if each["symbol"] in symbols]
            return {each["cl_ord_id"] for each in reports if each["ord_status"] == "FILLED"} == wanted

        wait_until(lambda: is_done() or flow.process.poll() is not None, TIMEOUT_S, flow.text)
        assert flow.end() == 0
    reports = [report for report in committed(address, "executions") if report["symbol"] in symbols]
    fills = [fill for fill in committed(address, "fills") if fill["symbol"] in symbols]
    check_portfolios(orders.sent, reports, fills)
    check_audit(stack, reports_min=len(reports))
