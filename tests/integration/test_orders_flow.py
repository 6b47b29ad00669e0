"""Orders from Kafka through the running topology: each is decided and filled once, to the cent."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.auditing import check_audit
from support.grafana_queries import empty_panels
from support.order_flow import OrderFlow
from support.order_reports import CommittedLog, check_once, check_portfolios, committed
from support.order_traffic import market_order, portfolio_orders, send, tick
from support.stack import Stack, fintank, query
from support.waiting import wait_until

SYMBOLS = [f"FLOW{number:02}" for number in range(30)]
ORDERS = 200
RESTING = 2_500
DECIDED_TIMEOUT_S = 60
KINDS = ("tick", "order", "execution", "fill")
MEASURED = {f"{kind}-{part}" for kind in KINDS for part in ("spout", "deserializer", "influxdb-loader")}
MEASURED |= {"component-order-creator", "component-order-influxdb-loader", "rule-engine"}
"""All components of the topology but Storm's own reject-writer."""


@pytest.fixture(scope="module")
def stack(empty_stack: Stack) -> Stack:
    """Services of their own: what other tests decide by hand can't be audited."""
    return empty_stack


def points(stack: Stack, measurement: str, where: str) -> int:
    """Count the points of a measurement."""
    field = "exec_id" if measurement in ("executions", "fills") else '"offset"'
    found = query(stack.settings, f"SELECT count({field}) FROM {measurement} WHERE {where}")
    return int(str(found[0]["count"])) if found else 0


def measured(stack: Stack) -> set[str]:
    """Return the components that have written metrics."""
    values = query(stack.settings, "SHOW TAG VALUES FROM pipeline WITH KEY = component")
    return {str(value["value"]) for value in values}


def test_200_portfolio_orders_over_30_symbols_are_each_decided_and_filled_once(
    stack: Stack, flow: OrderFlow
) -> None:
    address = stack.settings.kafka
    orders = portfolio_orders("flow", SYMBOLS, ORDERS)
    components = sum(len(order["portfolio"]) for order in orders)

    # Half of the symbols have a price before the orders, half after them.
    send(address, "ticks", "symbol", [tick(symbol) for symbol in SYMBOLS[:15]])
    send(address, "orders", "account", orders)
    send(address, "ticks", "symbol", [tick(symbol) for symbol in SYMBOLS[15:]])
    with CommittedLog(address, "fills") as log:
        seconds = wait_until(
            lambda: sum(fill["symbol"] in SYMBOLS for fill in log.read()) >= components,
            DECIDED_TIMEOUT_S,
            flow.text,
        )
    print(f"{ORDERS} portfolio orders, {components} components filled within {seconds:.1f} s")
    mine = "symbol =~ /FLOW/"
    for measurement, count in (
        ("portfolio_component_orders", components),
        ("executions", 2 * components),
        ("fills", components),
    ):
        wait_until(lambda m=measurement, n=count: points(stack, m, mine) == n, DECIDED_TIMEOUT_S, flow.text)
    wait_until(
        lambda: points(stack, "portfolio_orders", "order_id =~ /flow-/") == ORDERS,
        DECIDED_TIMEOUT_S,
        flow.text,
    )
    wait_until(lambda: measured(stack) == MEASURED, DECIDED_TIMEOUT_S, lambda: measured(stack))
    assert empty_panels(stack.settings) == []
    check_portfolios(orders, committed(address, "executions"), committed(address, "fills"))


def test_resting_orders_of_2_500_accounts_filled_by_one_tick_are_2_500_executions_and_2_500_points(
    stack: Stack, flow: OrderFlow
) -> None:
    address, symbol = stack.settings.kafka, "RESTING"
    orders = [
        {**market_order(f"resting-{number}", symbol), "account": f"account-{number}"}
        for number in range(RESTING)
    ]

    with CommittedLog(address, "executions") as log:

        def reports() -> list[dict[str, Any]]:
            return [report for report in log.read() if report["symbol"] == symbol]

        send(address, "orders", "account", orders)
        wait_until(lambda: len(reports()) == RESTING, DECIDED_TIMEOUT_S, flow.text)
        send(address, "ticks", "symbol", [tick(symbol)])
        seconds = wait_until(lambda: len(reports()) == 2 * RESTING, DECIDED_TIMEOUT_S, flow.text)
        print(f"{RESTING} orders filled within {seconds:.1f} s")
        for measurement, count in (("executions", 2 * RESTING), ("fills", RESTING)):
            where = f"symbol = '{symbol}'"
            wait_until(
                lambda m=measurement, n=count, w=where: points(stack, m, w) == n, DECIDED_TIMEOUT_S, flow.text
            )
        found = reports()
    check_once([str(order["cl_ord_id"]) for order in orders], found, committed(address, "fills"))
    trades = [report for report in found if report["exec_type"] == "TRADE"]
    assert len({json.dumps(report["quote_ids"]) for report in trades}) == 1


def test_orders_of_all_kinds_are_canceled_halted_partly_filled_and_expired_without_ticks(
    stack: Stack, flow: OrderFlow
) -> None:
    address, symbol = stack.settings.kafka, "KINDS"
    resting = {"ord_type": "LIMIT", "price": "90"}
    ending = {"ord_type": "STOP", "stop_px": "900", "time_in_force": "GTD"}

    with CommittedLog(address, "executions") as log:

        def reported(cl_ord_id: str) -> list[str]:
            found = [
                report
                for report in log.read()
                if (report["orig_cl_ord_id"] or report["cl_ord_id"]) == cl_ord_id
            ]
            return [report["text"] or report["exec_type"] for report in found]

        def wait_for(cl_ord_id: str, *wanted: str) -> None:
            wait_until(lambda: reported(cl_ord_id) == list(wanted), DECIDED_TIMEOUT_S, flow.text)

        def order(cl_ord_id: str, **terms: Any) -> None:
            send(address, "orders", "account", [{**market_order(cl_ord_id, symbol), **terms}])

        send(address, "ticks", "symbol", [{**tick(symbol), "ask_size": "4"}])
        order("k-rests", **resting)
        wait_for("k-rests", "NEW")
        order("k-ends", **ending, expire_time=time.time() + 15)
        wait_for("k-ends", "NEW")
        fintank(stack, "cancel", "k-rests")
        assert reported("k-rests")[1:] == [f"code=CANCEL_REQUESTED cl_ord_id={canceled(log)}"]
        order("k-part", time_in_force="IOC")
        wait_for("k-part", "NEW", "TRADE", "code=IOC_REMAINDER leaves_qty=6")
        fintank(stack, "trading_state", "HALTED")
        halted = ["code=TRADING_HALTED state=HALTED"]
        wait_until(lambda: answer(order, reported) == halted, DECIDED_TIMEOUT_S, flow.text)
        wait_for("k-ends", "NEW", "EXPIRED")
        fintank(stack, "trading_state", "ACTIVE")
        wait_until(lambda: answer(order, reported) == ["NEW"], DECIDED_TIMEOUT_S, flow.text)


def test_every_decision_is_made_again_from_the_topics_while_the_topology_runs(
    stack: Stack, flow: OrderFlow
) -> None:
    written = committed(stack.settings.kafka, "executions")
    check_audit(stack, reports_min=len(written))


def canceled(log: CommittedLog) -> str:
    """Return the cl_ord_id of the latest cancel that succeeded."""
    texts = [report["text"] for report in log.read() if "CANCEL_REQUESTED" in (report["text"] or "")]
    return str(texts[-1].rpartition("=")[2])


def answer(order: Callable[..., None], reported: Callable[[str], list[str]]) -> list[str]:
    """Send a resting order and return its first reports.

    A trading state is not ordered with respect to orders, so the caller repeats this until it holds.
    """
    name = f"k-{time.time_ns()}"
    order(name, ord_type="LIMIT", price="90")
    wait_until(lambda: bool(reported(name)), DECIDED_TIMEOUT_S, lambda: name)
    return reported(name)
