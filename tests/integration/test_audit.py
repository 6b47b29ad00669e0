"""invoke audit against a real broker: what it says, and what it finds when a topic was tampered with."""

import json
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from support.auditing import check_audit
from support.order_flow import order_flow
from support.order_reports import CommittedLog, committed
from support.order_traffic import market_order, send, tick
from support.stack import Stack, create_topics, run_fintank
from support.waiting import wait_until

from fintank.adapters import kafka
from fintank.adapters.kafka_topics import partition_for
from fintank.audit.input_log import open_log
from fintank.errors import FintankError
from fintank.trading.partition_log import Partition

SYMBOLS = [f"AUDIT{number}" for number in range(8)]
ORDERS = 40
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def decided(empty_stack: Stack, jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack in which a topology has decided on orders, some on arrival and some by later ticks."""
    create_topics(empty_stack)
    address = empty_stack.settings.kafka
    with order_flow(empty_stack.environ, tmp_path_factory.mktemp("audit")) as flow:
        send(address, "ticks", "symbol", map(tick, SYMBOLS[:4]))
        orders = [market_order(f"a-{number}", SYMBOLS[number % 8]) for number in range(ORDERS)]
        send(address, "orders", "account", orders)
        with CommittedLog(address, "executions") as log:
            wait_until(lambda: len(log.read()) == ORDERS + ORDERS // 2, TIMEOUT_S, flow.text)
            check_audit(empty_stack, reports_min=1)  # while it runs
            send(address, "ticks", "symbol", map(tick, SYMBOLS[4:]))
            wait_until(lambda: len(log.read()) == 2 * ORDERS, TIMEOUT_S, flow.text)
        assert flow.end() == 0
    return empty_stack


def add(stack: Stack, topic: str, key: str, partition: int, message: dict[str, Any]) -> None:
    producer = Producer({"bootstrap.servers": stack.settings.kafka})
    producer.produce(topic, json.dumps(message), key, partition)
    assert producer.flush(TIMEOUT_S) == 0


def test_all_is_decided_again_and_comes_out_the_same(decided: Stack) -> None:
    done = run_fintank(decided, "audit", program="invoke")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Decided again and compared: {2 * ORDERS} reports and {ORDERS} fills.",
        "Clean: every decision came out the same, in every field.",
    ]


def test_what_nobody_decided_is_named_and_the_exit_status_is_1(decided: Stack) -> None:
    report = next(
        each for each in committed(decided.settings.kafka, "executions") if each["exec_type"] == "TRADE"
    )
    forged = {**report, "last_px": "1", "exec_id": "8a3a1c3e-7a35-57a0-8f0c-0d4a0a6ad2f6"}
    add(decided, "executions", report["cl_ord_id"], partition_for(report["symbol"], 4), forged)
    fill = committed(decided.settings.kafka, "fills")[0]
    add(decided, "fills", fill["account"], partition_for(fill["account"], 4), fill)
    done = run_fintank(decided, "audit", program="invoke")
    assert done.returncode == 1
    assert done.stderr == "2 differences: docs/audit.md explains them\n"
    assert "REPORT_NOT_DECIDED: 1" in done.stdout
    assert f"{report['account']} {report['cl_ord_id']}: ours nothing, theirs TRADE" in done.stdout
    assert "FILL_NOT_DECIDED: 1" in done.stdout


def test_what_kafka_deletes_while_the_audit_reads_is_told(decided: Stack) -> None:
    place = Partition("ticks", partition_for(SYMBOLS[0], 4))
    with kafka.connect(decided.settings.kafka) as admin:
        admin.delete_records({kafka.TopicPartition(*place): 1})
    with (
        open_log(decided.settings.kafka, place, 0, 1, rules=[]) as log,
        pytest.raises(FintankError) as raised,
    ):
        log.read()
    assert str(raised.value).startswith(f"Kafka deleted records of ticks-{place.number} before")
