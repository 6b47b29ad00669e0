"""Decisions follow the logs while InfluxDB is down, and after a consumer group has lost its offsets."""

import json
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from support.order_flow import OrderFlow, order_flow
from support.order_reports import committed
from support.order_traffic import market_order, send, tick
from support.stack import Stack
from support.waiting import wait_until

from fintank.adapters.kafka_topics import partition_for
from fintank.services.supervisor import Supervisor

pytestmark = pytest.mark.usefixtures("topics")

TIMEOUT_S = 60
LONGER_THAN_AN_ORDER_TAKES_S = 5
MORE_TICKS_THAN_A_PARTITION_HAS_IN_FLIGHT = 25_000
FILLERS = [
    symbol
    for symbol in (f"FILLER{number:03}" for number in range(160))
    if partition_for(symbol, 4) == partition_for("PRICED", 4)
]


@pytest.fixture(scope="module")
def stack(empty_stack: Stack) -> Stack:
    """Services that no other test writes to."""
    return empty_stack


def all_reports(stack: Stack) -> list[dict[str, Any]]:
    """Return every report, in an order that does not depend on how the partitions are read."""
    return sorted(committed(stack.settings.kafka, "executions"), key=lambda report: str(report["exec_id"]))


def reports_of(stack: Stack, cl_ord_id: str) -> list[dict[str, Any]]:
    found = committed(stack.settings.kafka, "executions")
    return [report for report in found if report["cl_ord_id"] == cl_ord_id]


def wait_until_filled(stack: Stack, flow: OrderFlow, cl_ord_id: str) -> list[dict[str, Any]]:
    """Wait for the order's terminal report; return all its reports."""
    wait_until(
        lambda: any(report["ord_status"] == "FILLED" for report in reports_of(stack, cl_ord_id)),
        TIMEOUT_S,
        flow.text,
    )
    return reports_of(stack, cl_ord_id)


def test_an_order_waits_for_the_prices_that_are_in_kafka_before_it(stack: Stack, flow: OrderFlow) -> None:
    address = stack.settings.kafka
    supervisor = Supervisor(stack.settings.home)
    send(address, "ticks", "symbol", [tick("PRICED", bid="100", ask="101")])
    send(address, "orders", "account", [market_order("before", "PRICED")])
    assert wait_until_filled(stack, flow, "before")[-1]["last_px"] == "101"
    supervisor._call("stopProcess", "influxdb")
    filling = islice(cycle(FILLERS), MORE_TICKS_THAN_A_PARTITION_HAS_IN_FLIGHT)
    send(address, "ticks", "symbol", map(tick, filling))
    send(address, "ticks", "symbol", [tick("PRICED", bid="200", ask="201")])
    send(address, "orders", "account", [market_order("after", "PRICED")])
    deadline = time.monotonic() + LONGER_THAN_AN_ORDER_TAKES_S
    while time.monotonic() < deadline:
        assert reports_of(stack, "after") == []
    supervisor.start_service("influxdb")
    (new, trade) = wait_until_filled(stack, flow, "after")
    assert (new["ask"], trade["last_px"]) == ("201", "201")


def test_an_order_waits_for_a_tick_that_stands_before_it_in_an_open_transaction(
    stack: Stack, flow: OrderFlow
) -> None:
    address = stack.settings.kafka
    send(address, "ticks", "symbol", [tick("OPEN", bid="100", ask="101")])
    producer = Producer({"bootstrap.servers": address, "transactional.id": "a feed", "linger.ms": 0})
    send(address, "orders", "account", [market_order("quiet", "OPEN")])
    assert wait_until_filled(stack, flow, "quiet")[-1]["last_px"] == "101"
    producer.init_transactions(TIMEOUT_S)
    producer.begin_transaction()
    latest = tick("OPEN", bid="200", ask="201")
    producer.produce("ticks", json.dumps(latest), "OPEN", partition_for("OPEN", 4))
    producer.flush(TIMEOUT_S)
    send(address, "orders", "account", [market_order("behind", "OPEN")])
    deadline = time.monotonic() + LONGER_THAN_AN_ORDER_TAKES_S
    while time.monotonic() < deadline:
        assert reports_of(stack, "behind") == []
    producer.commit_transaction(TIMEOUT_S)
    assert wait_until_filled(stack, flow, "behind")[-1]["last_px"] == "201"


def test_offsets_that_kafka_forgot_lead_to_no_second_decision(
    stack: Stack, flow: OrderFlow, tmp_path: Path
) -> None:
    """It ends the run of the tests before."""
    address = stack.settings.kafka
    send(address, "ticks", "symbol", [tick("KEPT")])
    send(address, "orders", "account", [market_order(f"kept-{number}", "KEPT") for number in range(5)])
    for number in range(5):
        wait_until_filled(stack, flow, f"kept-{number}")
    assert flow.end() == 0
    before = all_reports(stack)
    admin = AdminClient({"bootstrap.servers": address})
    for deleted in admin.delete_consumer_groups(["order_flow-orders", "order_flow-ticks"]).values():
        deleted.result(TIMEOUT_S)
    send(address, "orders", "account", [market_order("later", "KEPT")])
    with order_flow(stack.environ, tmp_path) as again:
        wait_until_filled(stack, again, "later")
        assert again.end() == 0
    assert [report for report in all_reports(stack) if report["cl_ord_id"] != "later"] == before
