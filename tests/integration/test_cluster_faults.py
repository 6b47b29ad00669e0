"""Kills and rebalances on a Storm cluster while orders flow: each order is decided and filled once."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from streamparse import thrift
from support.auditing import check_audit
from support.cluster import Aim, kill_topology, sparse
from support.order_reports import check_portfolios, committed
from support.order_traffic import OrderStream, market_order, send, tick
from support.stack import Stack, fintank, query
from support.waiting import wait_until

from fintank.adapters import nimbus
from fintank.services import storm_cluster
from fintank.services.supervisor import Supervisor

pytestmark = pytest.mark.soak

SYMBOLS = [f"CLUSTER{number:02}" for number in range(20)]
UNDER_WAY_S = 8
"""How long orders flow before and after the fault."""
DONE_TIMEOUT_S = 240
SILENCE_S = 120
"""topology.subprocess.timeout.secs: after this long without an answer Storm gives a Python process up."""


@pytest.fixture(scope="module")
def aim(cluster: Stack) -> Aim:
    return Aim(cluster.environ, ("--config", str(storm_cluster.sparse_config(cluster.settings))))


@pytest.fixture(scope="module")
def orders(cluster: Stack, aim: Aim) -> Iterator[OrderStream]:
    """Submit the topology to both Supervisors; `orders` sends to it."""
    done = sparse(aim, "submit")
    assert done.returncode == 0, done.stdout
    send(cluster.settings.kafka, "ticks", "symbol", map(tick, SYMBOLS))
    yield OrderStream(cluster.settings.kafka, SYMBOLS)
    kill_topology(aim, cluster.settings.nimbus)


def workers(stack: Stack) -> list[psutil.Process]:
    """List the JVMs of the workers, without Storm's LogWriter above each."""
    found = storm_cluster.workers(stack.settings)
    return [process for process in found if "org.apache.storm.LogWriter" not in process.cmdline()]


def stored(stack: Stack, measurement: str) -> int:
    points = query(stack.settings, f"SELECT count(exec_id) FROM {measurement} WHERE symbol =~ /CLUSTER/")
    return int(str(points[0]["count"])) if points else 0


def survives(stack: Stack, orders: OrderStream, phase: str, fault: Callable[[], object]) -> None:
    """Send orders before, during and after the fault; wait until all are filled, then reconcile."""
    with orders.flowing(phase):
        time.sleep(UNDER_WAY_S)
        fault()
        time.sleep(UNDER_WAY_S)
    count = sum(len(order["portfolio"]) for order in orders.sent)
    took_s = wait_until(
        lambda: (stored(stack, "fills"), stored(stack, "executions")) == (count, 2 * count),
        DONE_TIMEOUT_S,
        lambda: f"{stored(stack, 'fills')} of {count} fills; {fintank(stack, 'topology')}",
    )
    print(f"{phase}: {len(orders.sent)} orders, {count} fills, the last {took_s:.1f} s after the last order")
    address = stack.settings.kafka
    check_portfolios(orders.sent, committed(address, "executions"), committed(address, "fills"))
    # What was in flight at the fault is read once more.
    wait_until(lambda: "Clean: no break." in fintank(stack, "reconcile"), DONE_TIMEOUT_S, poll_s=5)
    check_audit(stack)


def test_two_workers_on_two_supervisors_share_the_work(cluster: Stack, orders: OrderStream) -> None:
    survives(cluster, orders, "shared", lambda: None)
    found = nimbus.topology(cluster.settings.nimbus, "order_flow")
    by_worker = {one.worker: one for one in found.executors if one.component == "rule-engine"}
    assert len(by_worker) == 2
    assert all(one.acked > 0 for one in by_worker.values())
    assert {one.num_used_workers for one in nimbus.cluster(cluster.settings.nimbus).supervisors} == {1}


def test_a_killed_worker_loses_and_duplicates_nothing(cluster: Stack, orders: OrderStream) -> None:
    survives(cluster, orders, "worker-dies", workers(cluster)[0].kill)


def test_a_killed_supervisor_with_its_worker_loses_and_duplicates_nothing(
    cluster: Stack, orders: OrderStream
) -> None:
    def fault() -> None:
        pid = int(Supervisor(cluster.settings.home).states()["supervisor-1"]["pid"])
        mine = [one for one in workers(cluster) if any("supervisor-1" in word for word in one.cmdline())]
        assert len(mine) == 1
        os.kill(pid, signal.SIGKILL)
        mine[0].kill()

    survives(cluster, orders, "supervisor-dies", fault)


def test_a_bolt_that_stops_answering_is_replaced_with_its_worker(cluster: Stack, orders: OrderStream) -> None:
    """The worker's shutdown may hang then; `fintank.storm.worker-exit` bounds it."""

    def fault() -> None:
        worker = workers(cluster)[0]
        bolt = next(one for one in worker.children() if "fintank.bolts." in " ".join(one.cmdline()))
        bolt.suspend()
        given_up_s = wait_until(lambda: gave_up(worker), SILENCE_S + 20)
        ended_s = wait_until(lambda: not worker.is_running(), 60)
        print(f"given up after {given_up_s:.1f} s, the worker ended {ended_s:.1f} s later")
        assert ended_s < 15

    def gave_up(worker: psutil.Process) -> bool:
        port = worker.cmdline()[-2]
        logs = storm_cluster.worker_logs(cluster.settings).glob(f"*/{port}/worker.log")
        return any("subprocess heartbeat timeout" in log.read_text(errors="replace") for log in logs)

    survives(cluster, orders, "silent-bolt", fault)


def test_a_rebalance_of_workers_and_executors_loses_and_duplicates_nothing(
    cluster: Stack, orders: OrderStream
) -> None:
    address = cluster.settings.nimbus

    def fault() -> None:
        options = thrift.RebalanceOptions(wait_secs=1, num_workers=3, num_executors={"rule-engine": 1})
        with nimbus.connect(address) as client:
            client.rebalance("order_flow", options)

    survives(cluster, orders, "rebalance", fault)
    found = nimbus.topology(address, "order_flow")
    assert found.workers == 3
    assert len([one for one in found.executors if one.component == "rule-engine"]) == 1


def test_an_upgrade_with_open_orders_loses_and_duplicates_nothing(
    cluster: Stack, orders: OrderStream, aim: Aim, tmp_path: Path
) -> None:
    address = cluster.settings.kafka
    send(address, "orders", "account", [market_order("upgrade-1", "PRICELESS")])

    def fault() -> None:
        kill_topology(aim, cluster.settings.nimbus)
        done = sparse(aim, "submit")
        assert done.returncode == 0, done.stdout

    survives(cluster, orders, "upgrade", fault)
    reports = [one for one in committed(address, "executions") if one["cl_ord_id"] == "upgrade-1"]
    assert [one["ord_status"] for one in reports] == ["NEW"]
    send(address, "ticks", "symbol", [tick("PRICELESS")])

    def status() -> list[str]:
        reports = committed(address, "executions")
        return [one["ord_status"] for one in reports if one["cl_ord_id"] == "upgrade-1"]

    wait_until(lambda: status() == ["NEW", "FILLED"], DONE_TIMEOUT_S, status)
