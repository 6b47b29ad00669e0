"""Unusual but legal records in the running topology: each is stored and decided, or is exactly one reject."""

import base64
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from support.order_flow import OrderFlow, order_flow
from support.order_reports import committed
from support.order_traffic import OrderStream, market_order, produce, tick
from support.stack import Stack, create_topics, fintank, query, run_fintank
from support.waiting import wait_until

from fintank.adapters import kafka
from fintank.adapters.consumer_groups import PartitionState, partition_states
from fintank.adapters.kafka_topics import partition_for, topics
from fintank.adapters.sinks import open_sink
from fintank.reconciliation.comparison import compare

DONE_TIMEOUT_S = 60
LEFT_OPEN_MS = 60_000
"""The longest that the broker allows, so that the test ends the transaction and not the broker."""
LOOKS = 2
CODECS = ("gzip", "snappy", "lz4", "zstd")
PADDING = {"note": "x" * 2_000}

# A producer that is killed in the middle of its transaction.
LEAVES_OPEN = """
import sys
from confluent_kafka import Producer
address, timeout_ms, partition, value = sys.argv[1:]
options = {"bootstrap.servers": address, "transactional.id": "killed", "transaction.timeout.ms": timeout_ms}
producer = Producer(options)
producer.init_transactions(10)
producer.begin_transaction()
producer.produce("orders", value, "acc-1", int(partition))
assert producer.flush(10) == 0
print("written", flush=True)
sys.stdin.read()
"""

ACCOUNTS = [
    'O\'Brien & Sons, "Ltd"=x',
    *("A\\,B", "A\\ B", "A\\=B", " ", "A ", "a,b=c d", "%s%d", "$account", "/regex/.*"),
    *("[/b]", "[red]x", "<img src=x onerror=alert(1)>", "'; DROP SERIES FROM fills; --"),
    *("None", "null", "\U0001f600 é 中文", "e\u0301", "x" * 64),
]
IDS = ["[/b] id", "'quote\" \\ id", "-V1StGXR8", " spaced id ", "\U0001f600"]


class World:
    """Sends single records and queries their results."""

    def __init__(self, stack: Stack, flow: OrderFlow) -> None:
        self.stack = stack
        self.flow = flow
        self.address = stack.settings.kafka

    def produce(self, topic: str, key: str | None, *values: bytes | None, **options: Any) -> None:
        produce(self.address, topic, key, *values, **options)

    def transaction(self, commits: bool, *records: tuple[str, str, bytes]) -> None:
        producer = Producer({"bootstrap.servers": self.address, "transactional.id": "an order system"})
        producer.init_transactions(30)
        producer.begin_transaction()
        for topic, key, value in records:
            producer.produce(topic, value, key, partition_for(key, topics()[topic].partitions))
        assert producer.flush(30) == 0  # an abort would drop what is still buffered
        (producer.commit_transaction if commits else producer.abort_transaction)(30)

    def states(self) -> list[PartitionState]:
        with kafka.connect(self.address) as admin:
            return partition_states(admin)

    def settle(self) -> None:
        wait_until(lambda: not sum(state.lag or 0 for state in self.states()), DONE_TIMEOUT_S, self.flow.text)

    def wait_for_trades(self, *cl_ord_ids: str) -> None:
        def traded() -> bool:
            found = Counter(fill["cl_ord_id"] for fill in committed(self.address, "fills"))
            return all(found[name] == 1 for name in cl_ord_ids)

        wait_until(traded, DONE_TIMEOUT_S, self.flow.text)

    def prices(self, symbol: str) -> list[object]:
        return [point["ask"] for point in query(self.stack.settings, self._ticks(symbol))]

    def rejects(self) -> list[tuple[str, bytes]]:
        """Return reason and payload of every reject."""
        output = fintank(self.stack, "show", "rejects", "--last", "1000", "--json")
        values = [json.loads(json.loads(line)["value"]) for line in output.splitlines()]
        return [(value["reason"], base64.b64decode(value["payload"])) for value in values]

    def check_clean(self) -> None:
        self.settle()
        assert json.loads(fintank(self.stack, "reconcile", "--json"))["clean"]

    @staticmethod
    def _ticks(symbol: str) -> str:
        return f"SELECT ask FROM bid_ask WHERE symbol = '{symbol}'"


@pytest.fixture(scope="module")
def world(empty_stack: Stack, jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    create_topics(empty_stack)
    with order_flow(empty_stack.environ, tmp_path_factory.mktemp("flow")) as flow:
        yield World(empty_stack, flow)
        assert flow.end() == 0


def text(message: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({**message, **more}).encode()


def test_committed_records_are_stored_and_traded_and_aborted_ones_are_not(world: World) -> None:
    good, bad = tick("TXN"), tick("TXN", bid="1", ask="2")
    world.transaction(
        True, ("ticks", "TXN", text(good)), ("orders", "acc-1", text(market_order("in", "TXN")))
    )
    world.wait_for_trades("in")
    world.transaction(
        False, ("ticks", "TXN", text(bad)), ("orders", "acc-1", text(market_order("out", "TXN")))
    )
    # Only the abort markers follow: the groups must advance past them.
    world.settle()
    world.produce("orders", "acc-1", text(market_order("after", "TXN")))
    world.wait_for_trades("after")
    assert not [report for report in committed(world.address, "executions") if report["cl_ord_id"] == "out"]
    assert world.prices("TXN") == [100.5]
    assert run_fintank(world.stack, "order", "out").stderr.startswith("No order 'out' in the topic 'orders'")
    world.check_clean()


def end_open_transaction(address: str) -> None:
    """Abort the transaction of LEAVES_OPEN, as the broker does when its time is up."""
    options = {"bootstrap.servers": address, "transactional.id": "killed"}
    Producer(options).init_transactions(30)


def test_a_transaction_that_a_killed_producer_left_open_is_reported_and_waited_out(world: World) -> None:
    world.produce("ticks", "OPEN", text(tick("OPEN")))
    partition = partition_for("acc-1", topics()["orders"].partitions)
    arguments = [world.address, str(LEFT_OPEN_MS), str(partition), text(market_order("left open", "OPEN"))]
    with subprocess.Popen(
        [sys.executable, "-c", LEAVES_OPEN, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"written\n"
        killed.kill()
    world.produce("orders", "acc-1", text(market_order("behind it", "OPEN")))

    shown = run_fintank(world.stack, "show", "orders")
    assert f"orders-{partition}: 2 offsets from " in shown.stderr
    assert shown.returncode == 0
    assert "behind it" not in shown.stdout
    assert "are readable once an open transaction ends" in fintank(world.stack, "topics")
    assert run_fintank(world.stack, "order", "behind it").returncode == 1
    world.check_clean()
    assert any(state.hidden for state in world.states())  # reconcile did not wait for the end

    end_open_transaction(world.address)
    world.wait_for_trades("behind it")
    assert not [
        report for report in committed(world.address, "executions") if report["cl_ord_id"] == "left open"
    ]
    assert not any(state.hidden for state in world.states())
    world.check_clean()


def test_records_of_every_codec_are_read_by_the_topology_and_by_every_command(world: World) -> None:
    for codec in CODECS:
        options = {"compression.type": codec}
        world.produce("ticks", codec.upper(), text(tick(codec.upper()), **PADDING), **options)
        world.settle()
        order = market_order(f"by-{codec}", codec.upper())
        world.produce("orders", "acc-1", text(order, **PADDING), **options)
    world.wait_for_trades(*(f"by-{codec}" for codec in CODECS))
    for topic in ("ticks", "orders"):
        shown = fintank(world.stack, "show", topic, "--last", str(len(CODECS)), "--json").splitlines()
        values = [json.loads(json.loads(line)["value"]) for line in shown]
        assert {value["symbol"] for value in values} == {codec.upper() for codec in CODECS}
        assert all(value["note"] == PADDING["note"] for value in values)
    for codec in CODECS:
        assert re.search(rf"{codec.upper()} +FILLED", fintank(world.stack, "order", f"by-{codec}"))
    world.check_clean()


def test_accounts_and_ids_of_any_characters_are_traded_and_stored_and_found(world: World) -> None:
    world.produce("ticks", "BRK.B", text(tick("BRK.B")))
    world.settle()
    orders = [{**market_order(f"of-{n}", "BRK.B"), "account": name} for n, name in enumerate(ACCOUNTS)]
    orders += [market_order(name, "BRK.B") for name in IDS]
    for order in orders:
        world.produce("orders", order["account"], json.dumps(order, ensure_ascii=False).encode())
    names = [order["cl_ord_id"] for order in orders]
    world.wait_for_trades(*names)
    world.check_clean()
    fills = query(world.stack.settings, "SELECT cl_ord_id, delta_shares FROM fills WHERE symbol = 'BRK.B'")
    assert Counter(str(fill["cl_ord_id"]) for fill in fills) == dict.fromkeys(names, 1)
    for name in (IDS[0], IDS[1], IDS[3]):
        assert re.search(r"BRK\.B +FILLED", fintank(world.stack, "order", name))


def test_records_without_value_or_key_or_with_headers_or_odd_bytes_or_sizes_stop_nothing(
    world: World,
) -> None:
    """The producers' timestamps are ignored: the broker stamps each record."""
    before = len(world.rejects())
    bad_ticks = [b"", b"\xff\xfe{", b"\x00\x00\x00\x00\x07" + text(tick("ODD"))]
    world.produce("ticks", "ODD", None, *bad_ticks)
    world.produce("orders", "acc-1", None, b"\xed\xa0\x80{}")
    world.produce("ticks", None, text(tick("ODD", ask="100.1")))
    producer = Producer({"bootstrap.servers": world.address, "message.max.bytes": 2_000_000})
    partition = partition_for("ODD", topics()["ticks"].partitions)
    headers: Any = [("trace", b"\xff\x00"), ("none", None), ("trace", "again")]
    for number, time_ms in enumerate((1, 1_795_881_600_000_000, 2**62)):
        value = text({**tick("ODD"), "ask": f"100.{number + 2}"})
        producer.produce("ticks", value, "ODD", partition, timestamp=time_ms, headers=headers)
    producer.produce("ticks", text(tick("ODD"), note="x" * 900_000), "ODD", partition)
    assert producer.flush(30) == 0
    world.settle()
    world.produce("orders", None, text(market_order("without key", "ODD")))
    world.produce("orders", "acc-1", text(market_order("large", "ODD"), note="y" * 900_000))
    world.wait_for_trades("without key", "large")
    world.check_clean()
    assert sorted(map(str, world.prices("ODD"))) == ["100.1", "100.2", "100.3", "100.4", "100.5"]
    new = world.rejects()[before:]
    expected = Counter(["EMPTY", "EMPTY", "EMPTY", "NOT_UTF8", "NOT_UTF8", "NOT_JSON"])
    assert Counter(reason for reason, _ in new) == expected
    assert {payload for _, payload in new} == {*bad_ticks, b"\xed\xa0\x80{}"}


def test_reconcile_while_orders_flow_reports_nothing_in_flight_as_a_break(world: World) -> None:
    symbols = ["FLOW1", "FLOW2", "FLOW3", "FLOW4", "FLOW5"]
    for symbol in symbols:
        world.produce("ticks", symbol, text(tick(symbol)))
    orders = OrderStream(world.address, symbols)
    with orders.flowing("under-way"):
        for _ in range(LOOKS):
            results, _ = compare(world.stack.settings)
            assert [found for result in results for found in result.named] == []
    assert orders.sent
    world.check_clean()


def test_points_older_than_influxdbs_retention_are_reported_and_rejected_and_no_break(world: World) -> None:
    # In a shard of its own: InfluxDB would still accept it in the shard of newer points.
    old = {**tick("KEPT"), "timestamp": round(time.time() - 20 * 86_400, 6)}
    world.produce("ticks", "KEPT", text(old))
    world.settle()
    assert "forever" in fintank(world.stack, "doctor")
    alter = "ALTER RETENTION POLICY autogen ON prices_development DURATION"
    query(world.stack.settings, f"{alter} 2h SHARD DURATION 1h")
    try:
        (warning,) = open_sink(world.stack.settings.sink).prepare()
        assert "keeps points for only 2:00:00" in warning
        output = run_fintank(world.stack, "doctor").stdout
        assert "influxdb retention: 2:00:00. The topics keep 30 days: " in output
        before = len(world.rejects())
        world.produce("ticks", "KEPT", *[text(old, note=n) for n in range(100)], text(tick("KEPT")))
        world.settle()
        assert [reason for reason, _ in world.rejects()[before:]] == ["INFLUXDB_REFUSED"] * 100
        # InfluxDB itself does this every half hour.
        query(world.stack.settings, "DELETE FROM bid_ask WHERE symbol = 'KEPT' AND time < now() - 2h")
        checks = json.loads(fintank(world.stack, "reconcile", "--json"))["checks"]
        (ticks,) = (check for check in checks if check["what"] == "ticks are stored")
        assert (ticks["beyond_retention"], ticks["breaks"]) == (1, 0)
    finally:
        query(world.stack.settings, f"{alter} INF")
