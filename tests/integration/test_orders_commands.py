"""queue_orders, executions and order as a user calls them; the core decides in place of a topology."""

import json
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from support.core_engine import CoreEngine
from support.order_traffic import market_order, produce, send
from support.stack import Stack, fintank, run_fintank, start_fintank
from support.waiting import wait_until

from fintank.adapters import kafka_topics
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders

pytestmark = pytest.mark.usefixtures("topics")

INVOKE = "invoke"


def invoke(stack: Stack, *words: str) -> str:
    return fintank(stack, *words, program=INVOKE)


def queue_ticks(stack: Stack) -> None:
    """Send ticks newer than all before, whose last quotes do not cross: orders trade at once."""
    invoke(stack, "queue_ticks", "--count", "100", "--span", "1s", "--seed", "1")


def ids(output: str) -> list[str]:
    return re.findall(r"^  (portfolio-\S+)", output, re.MULTILINE)


def decided_portfolio_order(stack: Stack, engine: CoreEngine) -> str:
    """Send a portfolio order and quotes, decide them, and return the order's id."""
    (order_id,) = ids(invoke(stack, "queue_orders", "--count", "1", "--seed", "1", "--symbols", "3"))
    queue_ticks(stack)
    engine.decide()
    return order_id


def records_of(stack: Stack, order_ids: list[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for line in invoke(stack, "show", "orders", "--last", "1000", "--json").splitlines():
        record = json.loads(line)
        order_id = json.loads(record["value"]).get("order_id")
        if order_id in order_ids:
            found[order_id] = record
    return found


def test_queue_orders_reports_what_it_sends_and_how_to_follow_it(stack: Stack) -> None:
    lines = invoke(stack, "queue_orders", "--count", "3").splitlines()
    assert lines[0] == f"Seeding Kafka ({stack.settings.kafka}) topic 'orders' with 3 portfolio orders."
    assert lines[1].startswith("3 portfolio orders in ")
    order_ids = ids("\n".join(lines))
    assert len(order_ids) == 3
    assert lines[5:] == [f"To follow one of them: invoke order {order_ids[0]}", "Done."]


def test_the_same_seed_sends_the_same_orders_under_new_ids(stack: Stack) -> None:
    sent = []
    for _ in range(2):
        order_ids = ids(invoke(stack, "queue_orders", "--count", "5", "--seed", "7"))
        records = records_of(stack, order_ids)
        sent.append([json.loads(records[order_id]["value"]) for order_id in order_ids])
    assert {order["order_id"] for order in sent[0]}.isdisjoint(order["order_id"] for order in sent[1])
    for order in (*sent[0], *sent[1]):
        del order["order_id"], order["timestamp"]
    assert sent[0] == sent[1]


def test_an_order_is_in_the_partition_of_its_account(stack: Stack) -> None:
    order_ids = ids(invoke(stack, "queue_orders", "--count", "10"))
    by_account = defaultdict(set)
    for record in records_of(stack, order_ids).values():
        assert record["key"] == json.loads(record["value"])["account"]
        by_account[record["key"]].add(record["partition"])
    assert by_account == {account: {kafka_topics.partition_for(account, 4)} for account in by_account}


def test_executions_without_a_topology_says_so_and_leaves_the_orders_in_kafka(stack: Stack) -> None:
    output = invoke(stack, "executions", "--count", "2")
    assert "No topology reads the topic 'orders'" in output
    order_id = re.findall(r"invoke order (\S+)", output)[0]
    assert "no report yet" in invoke(stack, "order", order_id)


def test_executions_waits_for_the_topology_and_shows_its_decisions(
    stack: Stack, engine: CoreEngine, orders_member: Consumer
) -> None:
    with start_fintank(stack, "executions", "--count", "3", "--wait", "60", program=INVOKE) as running:
        assert running.stdout is not None
        while "Waiting at most 60 s" not in running.stdout.readline():
            assert running.poll() is None

        def is_done() -> bool:
            queue_ticks(stack)  # on a slow machine the quotes before are too old
            engine.decide()
            return running.poll() is not None

        wait_until(is_done, 60)
        output = running.stdout.read()
    assert running.returncode == 0
    assert len(re.findall(r"^.*market-\S+ +TRADE .* (?:NYSE|NASDAQ) +FILLED", output, re.MULTILINE)) == 3
    assert output.endswith("Done.\n")


def test_executions_counts_the_orders_without_an_execution(stack: Stack, orders_member: Consumer) -> None:
    output = invoke(stack, "executions", "--count", "2", "--wait", "1")
    assert "2 orders without an execution so far" in output


def test_order_shows_a_portfolio_order_from_message_to_booking(stack: Stack, engine: CoreEngine) -> None:
    order_id = decided_portfolio_order(stack, engine)
    record = records_of(stack, [order_id])[order_id]
    message = json.loads(record["value"])
    output = invoke(stack, "order", order_id)
    symbols = [spec["symbol"] for spec in message["portfolio"] if spec["symbol"] != "CASH"]
    assert f"orders-{record['partition']}-{record['offset']}" in output
    assert len(symbols) >= 2
    for symbol in symbols:
        assert f"component {order_id}-{symbol}: cash " in output
        assert re.search(rf"executions-\d-\d+ +{symbol} +NEW +on arrival, NBBO ", output)
        assert re.search(rf"executions-\d-\d+ +{symbol} +TRADE +FILLED: {message['side']} \S+ at ", output)
    quotes = re.findall(r"quote ticks-\d-\d+: (?:NYSE|NASDAQ) \S+ / \S+, \S+ s old at the decision", output)
    bookings = re.findall(r"booking fills-\d-\d+: shares \S+, cash \S+", output)
    assert (len(quotes), len(bookings)) == (len(symbols), len(symbols))
    assert f"{len(symbols)} of {len(symbols)} terminal" in output


def test_order_shows_one_component_alone(stack: Stack, engine: CoreEngine) -> None:
    order_id = decided_portfolio_order(stack, engine)
    symbol = re.findall(rf"component {order_id}-(\w+)", invoke(stack, "order", order_id))[0]
    output = invoke(stack, "order", f"{order_id}-{symbol}")
    assert len(re.findall(r"executions-\d-\d+", output)) == 2
    assert len(re.findall(r"booking fills-", output)) == 1


def test_order_distinguishes_a_repeated_order_from_another_one_with_its_id(
    stack: Stack, engine: CoreEngine
) -> None:
    name = f"twice-{time.time_ns()}"
    order = market_order(name, "IVE", "5")
    send(stack.settings.kafka, "orders", "account", [order, order, {**order, "order_qty": "6"}])
    engine.decide()
    output = invoke(stack, "order", name)
    assert output.count("the same order again: it is processed once") == 1
    assert output.count("the same id again with other content") == 1
    assert output.count("code=DUPLICATE_ORDER") == 1


def test_order_gives_the_reason_of_a_rejected_order_and_of_a_reject(stack: Stack, engine: CoreEngine) -> None:
    name = f"bad-{time.time_ns()}"
    refused = orders.to_json(
        MsgType.PORTFOLIO_ORDER,
        order_id=name,
        account="A-1",
        side="BUY",
        amount="10",
        portfolio=(),
        priority=1,
        time_us=time.time_ns() // 1000,
    )
    produce(stack.settings.kafka, "orders", "A-1", refused, refused.replace(b"BUY", b"STEAL"))
    engine.decide()
    output = invoke(stack, "order", name)
    assert "rejected, not an order: UNKNOWN_VALUE" in output
    assert "REJECTED code=WEIGHTS_SUM" in output


def test_order_finds_an_id_however_json_escapes_it(stack: Stack) -> None:
    name = f'é"{time.time_ns()}'
    send(stack.settings.kafka, "orders", "account", [market_order(name, "IVE", "5")])
    assert "MARKET order of acc-1: BUY IVE, quantity 5" in invoke(stack, "order", name)


def test_order_answers_an_unknown_id_in_one_line(stack: Stack) -> None:
    done = run_fintank(stack, "order", "portfolio-nowhere-1", program=INVOKE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("No order 'portfolio-nowhere-1' in the topic 'orders'")
    assert done.stderr.count("\n") == 1


def test_an_order_sent_by_hand_is_traded_and_shown(stack: Stack, engine: CoreEngine) -> None:
    queue_ticks(stack)
    words = ("--symbol", "IVE", "--side", "buy", "--qty", "12.5", "--id", "by-hand-1", "--wait", "0")
    assert "topic 'orders': by-hand-1." in invoke(stack, "send_order", *words)
    engine.decide()
    assert "FILLED" in invoke(stack, "order", "by-hand-1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--qty", "1"), "give --symbol and --side"),
        (("--side", "BUY", "--qty", "1", "--cash", "1"), "and either --qty or --cash"),
        (("--side", "HOLD", "--qty", "1"), 'UNKNOWN_VALUE field="side" value="HOLD"'),
        (("--side", "BUY", "--qty", "many"), 'BAD_TYPE field="order_qty"'),
        (("--side", "BUY", "--qty", "1", "--expire", "noon"), "--expire noon: must be a time such as"),
    ],
)
def test_an_order_that_can_not_be_is_one_line_and_is_not_sent(
    stack: Stack, words: tuple[str, ...], message: str
) -> None:
    done = run_fintank(stack, "send_order", "--symbol", "IVE", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_of_orders_is_sent_and_its_bad_lines_are_named(
    stack: Stack, engine: CoreEngine, tmp_path: Path
) -> None:
    queue_ticks(stack)
    blotter = tmp_path / "blotter.csv"
    blotter.write_text(
        "cl_ord_id,account,symbol,side,order_qty,note\n"
        "file-1,A-7,IVE,BUY,5,x\nfile-2,A-7,IVE,HOLD,5,x\nfile-3,A-7,VTI,SELL,2,x\n"
    )
    done = run_fintank(stack, "send", str(blotter))
    assert f'{blotter}:3: UNKNOWN_VALUE field="side" value="HOLD"' in done.stderr
    assert "2 messages in" in done.stdout
    assert "1 bad line was skipped." in done.stdout
    assert "ignored: note" in done.stdout
    engine.decide()
    assert all("FILLED" in invoke(stack, "order", cl_ord_id) for cl_ord_id in ("file-1", "file-3"))


def test_a_strict_file_with_a_bad_line_sends_nothing(stack: Stack, tmp_path: Path) -> None:
    blotter = tmp_path / "blotter.jsonl"
    blotter.write_text('{"account": "A", "symbol": "IVE", "side": "BUY", "order_qty": 1}\n{}\n')
    done = run_fintank(stack, "send", str(blotter), "--strict")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was sent" in done.stderr
