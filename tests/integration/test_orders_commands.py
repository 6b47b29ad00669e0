"""queue_orders, executions and order as a user calls them, with a real broker and no topology.

What the topology would decide is decided by the trading core here, and written as the rule engine writes it.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from support.stack import Stack
from support.waiting import wait_until

from fintank.adapters import kafka
from fintank.adapters.journal import adopt
from fintank.adapters.kafka_groups import GROUPS
from fintank.adapters.kafka_scan import Positions, open_scanner
from fintank.order_history.life import orders_of
from fintank.settings import PROJECT_ROOT
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, Order, TradingState
from fintank.trading.shard import Effects, Shard
from fintank.wire.bolts.order_stream import OrderMessage
from fintank.wire.kafka import orders, quote_json
from fintank.wire.kafka.order_json import market_order_json, portfolio_order_json

INVOKE = Path(sys.executable).parent / "invoke"


def start(stack: Stack, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [INVOKE, *arguments],
        env=stack.environ,
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def invoke(stack: Stack, *arguments: str) -> str:
    with start(stack, *arguments) as running:
        told, complaint = running.communicate(timeout=60)
    assert running.returncode == 0, complaint
    assert complaint == ""
    return told


def queue_ticks(stack: Stack) -> None:
    # Newer than all ticks before them, and their last quotes do not cross: orders trade at once.
    invoke(stack, "queue_ticks", "--count", "100", "--span", "1s", "--seed", "1")


def ids(told: str) -> list[str]:
    return re.findall(r"^  (portfolio-\S+)", told, re.MULTILINE)


class Engine:
    """Decides what came into `orders` and `ticks` since it was made, ticks first, for all shards."""

    def __init__(self, stack: Stack) -> None:
        self.address = stack.settings.kafka
        self.shards = {}
        for number in range(kafka.SHARDS):
            log, records = adopt(self.address, number, print)
            self.shards[number] = (Shard.restore(Limits(), records), log)
        self.positions: dict[str, Positions] = {}
        for topic in ("ticks", "orders"):
            with open_scanner(self.address, topic) as scanner:
                self.positions[topic] = scanner.ends()

    def decide(self) -> None:
        with open_scanner(self.address, "ticks") as scanner:
            for record in scanner.read(self.positions["ticks"]):
                assert record.value is not None
                quote = quote_json.from_json(record.value.decode(), record.partition, record.offset)
                shard, log = self.shards[kafka.partition_for(quote.symbol, kafka.SHARDS)]
                outcome = shard.on_quote(quote, time.time_ns() // 1000)
                if outcome is not None:
                    log.commit(outcome.reports, outcome.fills, outcome.journal)
        with open_scanner(self.address, "orders") as scanner:
            for record in scanner.read(self.positions["orders"]):
                assert record.value is not None
                run = f"{record.offset},1,{record.time_ms}"
                for message in orders.read("orders", record.partition, run, record.value.decode()).messages:
                    self.take(message)

    def take(self, message: OrderMessage) -> None:
        wall_us = time.time_ns() // 1000
        if isinstance(message, Cancel):
            numbers = self.shards if message.symbol is None else [kafka.partition_for(message.symbol, 4)]
            self.commit({number: self.shards[number][0].on_cancel(message, wall_us) for number in numbers})
        elif isinstance(message, TradingState):
            found = {n: shard.on_trading_state(message, wall_us) for n, (shard, _) in self.shards.items()}
            self.commit(found)
        else:
            name = message.cl_ord_id if isinstance(message, Order) else message.order_id
            for order in orders_of(name, message, Limits()):
                number = kafka.partition_for(order.symbol, kafka.SHARDS)
                self.commit({number: self.shards[number][0].on_order(order, wall_us)})

    def commit(self, outcomes: dict[int, Effects]) -> None:
        for number, outcome in outcomes.items():
            if outcome != Effects():
                self.shards[number][1].commit(outcome.reports, outcome.fills, outcome.journal)


@pytest.fixture
def engine(stack: Stack) -> Engine:
    with kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin)
    return Engine(stack)


def produce(stack: Stack, account: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": stack.settings.kafka})
    producer.produce("orders", value, account, kafka.partition_for(account, 4))
    assert producer.flush(30) == 0


def records_of(stack: Stack, order_ids: list[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for line in invoke(stack, "show", "orders", "--last", "1000", "--json").splitlines():
        record = json.loads(line)
        order_id = json.loads(record["value"]).get("order_id")
        if order_id in order_ids:
            found[order_id] = record
    return found


def test_queue_orders_says_what_it_sends_and_how_to_follow_it(stack: Stack) -> None:
    told = invoke(stack, "queue_orders", "--count", "3").splitlines()
    assert told[0] == f"Seeding Kafka ({stack.settings.kafka}) topic 'orders' with 3 portfolio orders."
    assert told[1].startswith("3 portfolio orders in ")
    order_ids = ids("\n".join(told))
    assert len(order_ids) == 3
    assert told[5:] == [f"To follow one of them: invoke order {order_ids[0]}", "Done."]


def test_the_same_seed_sends_the_same_orders_with_ids_of_their_own(stack: Stack) -> None:
    sent = []
    for _ in range(2):
        order_ids = ids(invoke(stack, "queue_orders", "--count", "5", "--seed", "7"))
        records = records_of(stack, order_ids)
        sent.append([json.loads(records[order_id]["value"]) for order_id in order_ids])
    assert {order["order_id"] for order in sent[0]}.isdisjoint(order["order_id"] for order in sent[1])
    for order in (*sent[0], *sent[1]):
        del order["order_id"], order["timestamp"]
    assert sent[0] == sent[1]


def test_orders_stand_on_the_partition_of_their_account(stack: Stack) -> None:
    order_ids = ids(invoke(stack, "queue_orders", "--count", "10"))
    by_account = defaultdict(set)
    for record in records_of(stack, order_ids).values():
        assert record["key"] == json.loads(record["value"])["account"]
        by_account[record["key"]].add(record["partition"])
    assert by_account == {account: {kafka.partition_for(account, 4)} for account in by_account}


def test_executions_without_a_topology_says_so_and_leaves_the_orders_there(stack: Stack) -> None:
    told = invoke(stack, "executions", "--count", "2")
    assert "No topology reads the topic 'orders'" in told
    order_id = re.findall(r"invoke order (\S+)", told)[0]
    assert "no report yet" in invoke(stack, "order", order_id)


@pytest.fixture
def member(stack: Stack) -> Any:
    """Be a live member of the group that reads `orders`, as a running topology is."""
    consumer = Consumer({"bootstrap.servers": stack.settings.kafka, "group.id": GROUPS["orders"]})
    assigned = threading.Event()
    consumer.subscribe(["orders"], on_assign=lambda _consumer, _partitions: assigned.set())

    def joined() -> bool:
        consumer.poll(0.1)
        return assigned.is_set()

    wait_until(joined, 30, poll_s=0)
    yield
    consumer.close()


def test_executions_waits_for_the_topology_and_shows_what_it_decided(
    stack: Stack, engine: Engine, member: Any
) -> None:
    queue_ticks(stack)
    with start(stack, "executions", "--count", "3", "--wait", "60") as running:
        assert running.stdout is not None
        while "Waiting at most 60 s" not in running.stdout.readline():
            assert running.poll() is None
        engine.decide()
        told, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert len(re.findall(r"^.*market-\S+ +TRADE .* (?:NYSE|NASDAQ) +FILLED", told, re.MULTILINE)) == 3
    assert told.endswith("Done.\n")


def test_executions_says_how_many_orders_had_none(stack: Stack, member: Any) -> None:
    told = invoke(stack, "executions", "--count", "2", "--wait", "1")
    assert "2 orders without an execution so far" in told


def test_a_portfolio_orders_life_is_told_from_message_to_booking(stack: Stack, engine: Engine) -> None:
    queue_ticks(stack)
    order_id = ids(invoke(stack, "queue_orders", "--count", "1", "--seed", "1", "--symbols", "3"))[0]
    record = records_of(stack, [order_id])[order_id]
    message = json.loads(record["value"])
    engine.decide()
    told = invoke(stack, "order", order_id)
    symbols = [spec["symbol"] for spec in message["portfolio"] if spec["symbol"] != "CASH"]
    assert f"orders-{record['partition']}-{record['offset']}" in told
    assert len(symbols) >= 2
    for symbol in symbols:
        assert f"component {order_id}-{symbol}: cash " in told
        assert re.search(rf"executions-\d-\d+ +{symbol} +NEW +on its arrival, NBBO ", told)
        assert re.search(rf"executions-\d-\d+ +{symbol} +TRADE +FILLED: {message['side']} \S+ at ", told)
    quotes = re.findall(r"quote ticks-\d-\d+: (?:NYSE|NASDAQ) \S+ / \S+, \S+ s old at the decision", told)
    bookings = re.findall(r"booking fills-\d-\d+: shares \S+, cash \S+", told)
    assert (len(quotes), len(bookings)) == (len(symbols), len(symbols))
    assert f"{len(symbols)} of {len(symbols)} terminal" in told


def test_a_components_life_is_told_alone(stack: Stack, engine: Engine) -> None:
    queue_ticks(stack)
    order_id = ids(invoke(stack, "queue_orders", "--count", "1", "--seed", "1", "--symbols", "3"))[0]
    engine.decide()
    symbol = re.findall(rf"component {order_id}-(\w+)", invoke(stack, "order", order_id))[0]
    told = invoke(stack, "order", f"{order_id}-{symbol}")
    assert len(re.findall(r"executions-\d-\d+", told)) == 2
    assert len(re.findall(r"booking fills-", told)) == 1


def test_an_order_that_comes_again_and_one_that_takes_its_id_are_told_apart(
    stack: Stack, engine: Engine
) -> None:
    name = f"twice-{time.time_ns()}"
    made: dict[str, Any] = {"cl_ord_id": name, "account": "A-1", "symbol": "IVE", "side": "BUY"}
    time_us = time.time_ns() // 1000
    for order_qty in ("5", "5", "6"):
        produce(stack, "A-1", market_order_json(**made, order_qty=order_qty, time_us=time_us))
    engine.decide()
    told = invoke(stack, "order", name)
    assert told.count("the same order again: it is decided once") == 1
    assert told.count("the same id again with other content") == 1
    assert told.count("code=DUPLICATE_ORDER") == 1


def test_an_order_that_breaks_a_rule_and_what_is_no_order_say_why(stack: Stack, engine: Engine) -> None:
    name = f"bad-{time.time_ns()}"
    made: dict[str, Any] = {
        "account": "A-1",
        "portfolio": (),
        "priority": 1,
        "time_us": time.time_ns() // 1000,
    }
    refused = portfolio_order_json(order_id=name, side="BUY", amount="10", **made)  # type: ignore[arg-type]
    produce(stack, "A-1", refused)
    produce(stack, "A-1", refused.replace(b"BUY", b"STEAL"))
    engine.decide()
    told = invoke(stack, "order", name)
    assert "rejected as no order: UNKNOWN_VALUE" in told
    assert "REJECTED code=WEIGHTS_SUM" in told


def test_an_order_is_canceled_by_its_id_alone_and_its_life_tells_it(
    stack: Stack, engine: Engine, member: Any
) -> None:
    name = f"rests-{time.time_ns()}"
    order = {"msg_type": "order", "cl_ord_id": name, "account": "A-1", "symbol": "QUIET", "side": "BUY"}
    terms = {"order_qty": 5, "ord_type": "LIMIT", "price": "1.5", "timestamp": time.time()}
    produce(stack, "A-1", json.dumps({**order, **terms}).encode())
    engine.decide()
    with start(stack, "cancel", name, "--wait", "60") as running:
        assert running.stdout is not None
        assert f"cancel QUIET, {name} of A-1." in running.stdout.readline()
        while running.poll() is None:  # the line is told before the cancel is sent
            engine.decide()
        told = running.stdout.read()
    assert running.returncode == 0
    assert f"  {name} CANCELED code=CANCEL_REQUESTED cl_ord_id=cancel-" in told
    again = invoke(stack, "cancel", name, "--wait", "0")
    engine.decide()
    life = invoke(stack, "order", name)
    assert "LIMIT order at 1.5 of A-1: BUY QUIET, quantity 5, priority 1, GTC, given" in life
    assert re.search(r"QUIET +CANCELED +code=CANCEL_REQUESTED cl_ord_id=cancel-\S+, by orders-\d-\d+", life)
    assert re.search(r"QUIET +CANCEL_REJECTED cancel-\S+: code=TOO_LATE ord_status=CANCELED", life)
    assert "Sent cancel-" in again


def test_a_portfolio_order_is_canceled_as_a_whole(stack: Stack, engine: Engine) -> None:
    name = f"whole-{time.time_ns()}"
    message = {"msg_type": "portfolio_order", "order_id": name, "account": "A-2", "side": "BUY", "amount": 10}
    weights = [{"symbol": "QUIET", "weight": 0.5}, {"symbol": "SILENT", "weight": 0.5}]
    produce(stack, "A-2", json.dumps({**message, "portfolio": weights, "timestamp": time.time()}).encode())
    engine.decide()
    assert f"cancel all open components of {name} of A-2." in invoke(stack, "cancel", name)
    engine.decide()
    life = invoke(stack, "order", name)
    assert len(re.findall(r"CANCELED +code=CANCEL_REQUESTED", life)) == 2
    assert "2 of 2 terminal" in life


def test_an_id_that_several_orders_have_must_be_told_apart(stack: Stack) -> None:
    name = f"both-{time.time_ns()}"
    for account in ("A-1", "A-2"):
        order = {"msg_type": "order", "cl_ord_id": name, "account": account, "symbol": "IVE", "side": "BUY"}
        produce(stack, account, json.dumps({**order, "order_qty": 5, "timestamp": time.time()}).encode())
    with start(stack, "cancel", name) as running:
        told, complaint = running.communicate(timeout=60)
    assert (running.returncode, told) == (1, "")
    assert complaint.startswith(
        f"Several orders are called '{name}': --account and --symbol name one of A-1 IVE"
    )
    assert f"cancel IVE, {name} of A-2." in invoke(stack, "cancel", name, "--account", "A-2", "--wait", "0")


def test_an_unknown_id_is_not_canceled_unless_all_of_it_is_given(stack: Stack) -> None:
    with start(stack, "cancel", "nobody-1") as running:
        _, complaint = running.communicate(timeout=60)
    assert running.returncode == 1
    assert complaint.startswith("No order 'nobody-1' in the topic 'orders'")
    told = invoke(stack, "cancel", "nobody-1", "--account", "A-1", "--symbol", "IVE", "--wait", "0")
    assert "cancel IVE, nobody-1 of A-1." in told


def test_the_trading_state_is_set_and_shown(stack: Stack, engine: Engine) -> None:
    for state in ("HALTED", "ACTIVE"):
        assert f"trading is {state}." in invoke(stack, "trading_state", state.lower())
        assert f"Trading is {state}, since 20" in invoke(stack, "trading_state", "show")
        engine.decide()
        name = f"{state}-{time.time_ns()}"
        order = {"msg_type": "order", "cl_ord_id": name, "account": "A-1", "symbol": "IVE", "side": "BUY"}
        produce(stack, "A-1", json.dumps({**order, "order_qty": 5, "timestamp": time.time()}).encode())
        engine.decide()
        assert ("code=TRADING_HALTED state=HALTED" in invoke(stack, "order", name)) == (state == "HALTED")
    with start(stack, "trading_state", "CLOSED") as running:
        _, complaint = running.communicate(timeout=60)
    assert running.returncode == 1
    assert complaint == "trading_state CLOSED: must be one of ACTIVE, REDUCING, HALTED, or show\n"


def test_an_id_is_found_however_json_writes_it(stack: Stack) -> None:
    name = f'é"{time.time_ns()}'
    order = {"msg_type": "order", "cl_ord_id": name, "account": "A-1", "symbol": "IVE", "side": "BUY"}
    produce(stack, "A-1", json.dumps({**order, "order_qty": 5, "timestamp": time.time()}).encode())
    assert "MARKET order of A-1: BUY IVE, quantity 5" in invoke(stack, "order", name)


def test_an_unknown_id_is_told_in_one_line(stack: Stack) -> None:
    with start(stack, "order", "portfolio-nowhere-1") as running:
        told, complaint = running.communicate(timeout=60)
    assert (running.returncode, told) == (1, "")
    assert complaint.startswith("No order 'portfolio-nowhere-1' in the topic 'orders'")
    assert complaint.count("\n") == 1
