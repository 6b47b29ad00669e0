"""docs/cluster.md as it is written: a Storm cluster on three brokers, one of which dies while orders flow."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.auditing import check_audit
from support.cluster import Aim, kill_topology, sparse
from support.order_reports import check_portfolios, committed
from support.order_traffic import OrderStream, send, tick
from support.stack import Stack, fintank, query, stopped_stack
from support.waiting import wait_until

from fintank.services import storm_cluster
from fintank.services.supervisor import Supervisor

pytestmark = pytest.mark.soak

BROKERS = 3
SYMBOLS = [f"CLUSTER{number:02}" for number in range(20)]
UNDER_WAY_S = 8
"""How long orders flow before and after the broker's death."""
DONE_TIMEOUT_S = 240


@pytest.fixture(scope="module")
def stack(secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stopped_stack(str(tmp_path_factory.mktemp("home")), brokers=BROKERS) as made:
        first = made.environ | {"FINTANK_KAFKA": made.settings.kafka.split(",")[0]}
        started = fintank(Stack(made.settings, first), "up", "--cluster", "--brokers", str(BROKERS))
        assert f"set FINTANK_KAFKA={made.settings.kafka} for" in started
        yield made


@pytest.fixture(scope="module")
def orders(stack: Stack) -> Iterator[OrderStream]:
    """Submit the topology; `orders` sends to it."""
    aim = Aim(stack.environ, ("--config", str(storm_cluster.sparse_config(stack.settings))))
    done = sparse(aim, "submit")
    assert done.returncode == 0, done.stdout
    fintank(stack, "queue_ticks", "--count", "5000")
    send(stack.settings.kafka, "ticks", "symbol", map(tick, SYMBOLS))
    yield OrderStream(stack.settings.kafka, SYMBOLS)
    kill_topology(aim, stack.settings.nimbus)


def test_a_broker_that_dies_loses_and_doubles_nothing(stack: Stack, orders: OrderStream) -> None:
    with orders.flowing("broker-dies"):
        time.sleep(UNDER_WAY_S)
        os.kill(int(Supervisor(stack.settings.home).states()["kafka-2"]["pid"]), signal.SIGKILL)
        time.sleep(UNDER_WAY_S)
    fills = sum(len(order["portfolio"]) for order in orders.sent)

    def stored() -> int:
        points = query(stack.settings, "SELECT count(exec_id) FROM fills WHERE symbol =~ /CLUSTER/")
        return int(str(points[0]["count"])) if points else 0

    took_s = wait_until(lambda: stored() == fills, DONE_TIMEOUT_S, lambda: f"{stored()} of {fills} fills")
    print(f"{len(orders.sent)} orders, {fills} fills, the last {took_s:.1f} s after the last order")
    address = stack.settings.kafka
    check_portfolios(orders.sent, committed(address, "executions"), committed(address, "fills"))
    wait_until(lambda: "Clean: no break." in fintank(stack, "reconcile"), DONE_TIMEOUT_S, poll_s=5)
    check_audit(stack)
