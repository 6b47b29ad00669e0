"""Three Kafka brokers: what a killed, a paused and an emptied one do to ticks and orders that flow."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.order_flow import OrderFlow, order_flow
from support.stack import Stack, fintank, run_fintank, stopped_stack
from support.waiting import wait_until

from fintank.adapters.kafka import connect
from fintank.services import lifecycle
from fintank.services.supervisor import Supervisor

BROKERS = 3
ANSWER_S = 30
"""How long an order may take when a broker is lost, on a busy machine; docs/scale.md tells of an idle one."""
PAUSE_S = 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stopped_stack(str(tmp_path_factory.mktemp("brokers")), brokers=BROKERS) as made:
        lifecycle.up(made.settings, print)
        fintank(made, "queue_ticks", "--count", "5000", "--span", "5s", "--seed", "1")
        yield made


@pytest.fixture(scope="module")
def flow(stack: Stack, jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderFlow]:
    with order_flow(stack.environ, tmp_path_factory.mktemp("flow")) as running:
        yield running
        assert running.end() == 0


def pid(stack: Stack, name: str) -> int:
    return int(Supervisor(stack.settings.home).states()[name]["pid"])


def trade(stack: Stack, name: str) -> float:
    """Send ticks and an order; return how long its fill took, from the first tick on."""
    started = time.monotonic()
    fintank(stack, "queue_ticks", "--count", "500", "--span", "1s")
    fintank(
        stack,
        *("send_order", "--symbol", "VTI", "--side", "BUY", "--qty", "1", "--id", name, "--wait", "60"),
    )
    return time.monotonic() - started


def in_sync(stack: Stack) -> set[int]:
    """Return how many replicas of the partitions are in sync, also of Kafka's own topics."""
    with connect(stack.settings.kafka) as admin:
        topics = admin.describe_topics(admin.list_topics())
    return {len(partition["isr_nodes"]) for topic in topics for partition in topic["partitions"]}


def controller(stack: Stack) -> str:
    """Return the name of the active controller."""
    with connect(stack.settings.kafka) as admin:
        (quorum,) = admin.describe_metadata_quorum()["topics"]
    number = quorum["partitions"][0]["leader_id"]
    return "kafka" if number == 1 else f"kafka-{number}"


def check(stack: Stack, flow: OrderFlow) -> None:
    """Wait until all is read; nothing may be lost, doubled or decided otherwise."""

    def lag() -> int:
        shown = json.loads(fintank(stack, "topics", "--json"))["topics"]
        return sum(topic["lag"] or 0 for topic in shown.values())

    wait_until(lambda: lag() == 0, 60, flow.text)
    fintank(stack, "reconcile")
    assert "Clean: every decision came out the same" in fintank(stack, "audit")


def test_topics_have_three_replicas_and_two_must_have_a_record(stack: Stack) -> None:
    assert in_sync(stack) == {BROKERS}
    assert "min.insync.replicas" not in fintank(stack, "topics")


def test_trading_goes_on_when_a_broker_is_killed(stack: Stack, flow: OrderFlow) -> None:
    trade(stack, "before")
    os.kill(pid(stack, "kafka-2"), signal.SIGKILL)
    assert trade(stack, "after") < ANSWER_S
    wait_until(lambda: in_sync(stack) == {BROKERS}, 90)  # supervisord has started it again
    check(stack, flow)


def test_data_of_three_brokers_is_not_started_with_one(stack: Stack) -> None:
    one = stack.environ | {"FINTANK_KAFKA": stack.settings.kafka.split(",")[0]}
    with stopped_stack(str(stack.settings.home.parent / "copy")) as other:
        (other.settings.home / "data").mkdir(parents=True)
        shutil.copy(stack.settings.home / "data" / "kafka-brokers", other.settings.home / "data")
        refused = run_fintank(other, "up")
    assert (refused.returncode, one["FINTANK_KAFKA"].count(",")) == (1, 0)
    assert "has the data of 3 Kafka brokers, and 1 would be started" in refused.stderr


@pytest.mark.soak
def test_a_paused_broker_and_a_lost_disk_lose_nothing(stack: Stack, flow: OrderFlow) -> None:
    paused = pid(stack, controller(stack))  # the worst one to lose
    os.kill(paused, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert trade(stack, "paused") < ANSWER_S
        time.sleep(max(0, PAUSE_S - (time.monotonic() - started)))
    finally:
        os.kill(paused, signal.SIGCONT)
    wait_until(lambda: in_sync(stack) == {BROKERS}, 90)
    check(stack, flow)

    supervisor = Supervisor(stack.settings.home)
    os.kill(pid(stack, "kafka-2"), signal.SIGKILL)
    shutil.rmtree(stack.settings.home / "data" / "kafka-2")
    wait_until(lambda: supervisor.states()["kafka-2"]["statename"] == "FATAL", 120)
    assert trade(stack, "disk") < ANSWER_S
    lifecycle.up(stack.settings, print)
    wait_until(lambda: in_sync(stack) == {BROKERS}, 90)
    check(stack, flow)
