"""reconcile against a real broker and InfluxDB; the topology's work is done here with the topology's code.

The breaks of earlier tests stay, so each test looks for new ones.
"""

import json
import subprocess
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from confluent_kafka import Producer
from kafka import TopicPartition as KafkaPartition
from support.manual_topology import ManualTopology, Tamper
from support.order_reports import committed
from support.order_traffic import market_order, portfolio_orders, tick
from support.stack import Stack, query, run_fintank

from fintank.adapters import kafka, kafka_topics
from fintank.adapters.consumer_groups import GROUPS
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.comparison import compare
from fintank.reconciliation.spout_batches import read_batches
from fintank.reconciliation.storage import EXECUTIONS_TOPIC
from fintank.trading.effects import Effects
from fintank.wire.kafka import executions, fills
from fintank.wire.kafka.rejects import Reason, Reject

SYMBOLS = ("IVE", "VTI", "IWS", "GLD", "QQQ")
TICKS = 1_200


@pytest.fixture(scope="module")
def world(empty_stack: Stack) -> ManualTopology:
    """Quotes, orders of all kinds, unusable records, all processed correctly."""
    made = ManualTopology(empty_stack)
    made.send("ticks", "symbol", *(tick(SYMBOLS[number % 5]) for number in range(TICKS)))
    made.write("ticks", '{"symbol": "IVE"}', "IVE")
    made.write("orders", "no order", "acc-1")
    again, later = market_order("again", "IVE"), market_order("later", "NEW")
    made.send("orders", "account", *portfolio_orders("p", SYMBOLS, 20), again, again)
    made.send("orders", "account", {**again, "order_qty": "11"}, market_order("none", "IVE", "0"), later)
    made.work()
    made.send("ticks", "symbol", tick("NEW"))
    made.work()
    return made


def reconcile(world: ManualTopology, *options: str) -> subprocess.CompletedProcess[str]:
    return run_fintank(world.stack, "reconcile", *options, program="invoke")


def test_correct_work_is_clean(world: ManualTopology) -> None:
    done = reconcile(world)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Clean: no break.\n")
    done = reconcile(world, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["clean"], answer["breaks"]) == (0, True, [])
    assert answer["lag"] == dict.fromkeys(GROUPS, 0)
    compared = {check["what"]: check["compared"] for check in answer["checks"]}
    assert compared["ticks are stored"] == TICKS + 1
    assert compared["unusable records are in rejects"] == 2
    assert compared["orders have one answer"] > 40
    assert compared["trades are booked once"] == compared["fills are stored"]
    assert compared["trades are at a quote of ticks"] == compared["fills are stored"]
    assert not any(check["pending"] or check["beyond_retention"] for check in answer["checks"])


def test_an_order_whose_point_influxdb_refused_is_no_break(world: ManualTopology) -> None:
    world.send("orders", "account", market_order("refused", "IVE"))
    world.work()
    reports = committed(world.settings.kafka, "executions")
    (place,) = {each["input"] for each in reports if each["cl_ord_id"] == "refused"}
    _, partition, offset = place.split("-")
    reject = Reject("orders", int(partition), int(offset), Reason.INFLUXDB_REFUSED, "status=400", "line")
    with world.new_breaks() as found:
        world.write("rejects", reject.message(), reject.key)
    assert found == set()


def test_unprocessed_records_are_pending(world: ManualTopology) -> None:
    world.send("ticks", "symbol", tick("IVE"))
    world.send("orders", "account", market_order("waits", "IVE"))
    done = reconcile(world)
    assert done.returncode == 0
    assert "The topology is behind: ticks 1, orders 1." in done.stdout
    assert done.stdout.endswith("No break. What is pending can't be judged yet.\n")
    results, _ = compare(world.settings)
    assert [result.pending for result in results] == [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    world.work()
    assert world.breaks() == set()


def test_records_hidden_by_an_open_transaction_are_pending(world: ManualTopology) -> None:
    account = "hidden"
    order = {**market_order("hidden", "IVE"), "account": account}
    partition = kafka_topics.partition_for(account, 4)
    producer = Producer({"bootstrap.servers": world.settings.kafka, "transactional.id": "other"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("fills", "never committed", account, partition)
    assert producer.flush(30) == 0
    world.send("orders", "account", order)
    world.work()
    results, _ = compare(world.settings)
    pending = {result.what: result.pending for result in results}
    assert sum(result.breaks for result in results) == 0
    assert pending["trades are booked once"] == 1
    producer.abort_transaction(30)
    assert world.breaks() == set()


def test_a_missing_or_an_extra_point_is_named(world: ManualTopology) -> None:
    first = query(world.settings, "SELECT * FROM bid_ask WHERE symbol = 'QQQ' LIMIT 1")[0]
    where = f"time = '{first['time']}' AND symbol = 'QQQ'"
    query(world.settings, f"DELETE FROM bid_ask WHERE {where}")
    ((kind, place),) = world.breaks()
    assert (kind, place.rpartition("-")[0]) == (
        "POINT_MISSING",
        f"ticks-{kafka_topics.partition_for('QQQ', 4)}",
    )
    done = reconcile(world)
    assert done.returncode == 1
    assert f"{place}: bid_ask,exchange=NYSE,symbol=QQQ at " in done.stdout
    assert done.stderr.startswith("1 break: ")
    world.load()
    assert world.breaks() == set()
    writer = InfluxDB(world.settings.sink)
    extra = "bid_ask,exchange=NYSE,symbol=QQQ bid=1,ask=2 1700000000000000000"
    writer.write(extra)
    ((kind, name),) = world.breaks()
    assert kind == "POINT_WITHOUT_RECORD"
    assert "symbol=QQQ at 2023-11-14T22:13:20.000Z (1700000000000000000)" in name
    query(world.settings, "DELETE FROM bid_ask WHERE time = 1700000000000000000")
    query(world.settings, "DELETE FROM fills WHERE symbol = 'NEW'")
    assert {kind for kind, _ in world.breaks()} == {"POINT_MISSING"}
    world.load()
    assert world.breaks() == set()


def test_points_with_another_value_are_named(world: ManualTopology) -> None:
    with open_reader(world.settings.kafka, "executions") as reader:
        batch = next(read_batches(reader, reader.starts(), ""))
    made = EXECUTIONS_TOPIC.to_lines("executions", batch.partition, batch.runs, batch.records)
    line = next(line for line in made.lines.split("\n") if "cum_qty=0," in line)
    InfluxDB(world.settings.sink).write(line.replace("cum_qty=0,", "cum_qty=1,"))
    ((kind, _),) = world.breaks()
    assert kind == "POINT_DIFFERS"
    world.load()
    assert world.breaks() == set()


def test_points_that_overwrite_each_other_are_counted(world: ManualTopology) -> None:
    one = {**tick("COLLIDES"), "timestamp": round(time.time(), 3) - 0.000_5}
    world.send("ticks", "symbol", *[one] * 1_001)
    world.work()
    results, _ = compare(world.settings)
    (stored,) = (result for result in results if result.what == "ticks are stored")
    assert (stored.collisions, sum(result.breaks for result in results)) == (1, 0)


def without_new(outcome: Effects) -> Effects:
    return replace(outcome, reports=outcome.reports[1:])


def with_new_twice(outcome: Effects) -> Effects:
    return replace(outcome, reports=(outcome.reports[0], *outcome.reports))


def without_fill(outcome: Effects) -> Effects:
    return replace(outcome, fills=())


def with_fill_twice(outcome: Effects) -> Effects:
    return replace(outcome, fills=outcome.fills * 2)


def without_trade(outcome: Effects) -> Effects:
    return replace(outcome, reports=outcome.reports[:1])


def with_trade_twice(outcome: Effects) -> Effects:
    return replace(outcome, reports=(*outcome.reports, outcome.reports[1]))


def with_another_fill(outcome: Effects) -> Effects:
    return replace(outcome, fills=(replace(outcome.fills[0], delta_cash=Decimal("-1000")),))


def with_another_price(outcome: Effects) -> Effects:
    accepted, trade = outcome.reports
    price = Decimal("99.99")
    changed = replace(trade, last_px=price, avg_px=price)
    fill = replace(outcome.fills[0], last_px=price, delta_cash=-price * Decimal(10))
    return replace(outcome, reports=(accepted, changed), fills=(fill,))


def with_another_venue(outcome: Effects) -> Effects:
    accepted, trade = outcome.reports
    fill = replace(outcome.fills[0], last_mkt="NASDAQ")
    return replace(outcome, reports=(accepted, replace(trade, last_mkt="NASDAQ")), fills=(fill,))


def with_a_quote_of_the_future(outcome: Effects) -> Effects:
    accepted, trade = outcome.reports
    return replace(outcome, reports=(accepted, replace(trade, quote_ids=("0-999999",))))


def with_another_priority(outcome: Effects) -> Effects:
    accepted, trade = outcome.reports
    return replace(outcome, reports=(replace(accepted, priority=2), trade))


def with_another_sum(outcome: Effects) -> Effects:
    accepted, trade = outcome.reports
    return replace(outcome, reports=(accepted, replace(trade, cum_qty=Decimal(9))))


@pytest.mark.parametrize(
    ("tamper", "kinds"),
    [
        (without_new, {"ORDER_NOT_ANSWERED"}),
        (with_new_twice, {"ORDER_ANSWERED_TWICE"}),
        (without_fill, {"TRADE_NOT_BOOKED", "POSITION_DIFFERS"}),
        (with_fill_twice, {"TRADE_BOOKED_TWICE", "POSITION_DIFFERS"}),
        (without_trade, {"FILL_WITHOUT_TRADE", "POSITION_DIFFERS"}),
        (with_trade_twice, {"TRADE_TWICE", "REPORT_AFTER_THE_END", "POSITION_DIFFERS"}),
        (with_another_fill, {"FILL_DIFFERS", "POSITION_DIFFERS"}),
        (with_another_price, {"QUOTE_DIFFERS"}),
        (with_another_venue, {"QUOTE_DIFFERS"}),
        (with_a_quote_of_the_future, {"QUOTE_MISSING"}),
        (with_another_priority, {"REPORT_NOT_AS_ORDERED"}),
        (with_another_sum, {"REPORT_DOES_NOT_ADD_UP"}),
    ],
)
def test_incorrect_work_is_named(world: ManualTopology, tamper: Tamper, kinds: set[str]) -> None:
    name = tamper.__name__
    decided: list[Effects] = []

    def tampered(outcome: Effects) -> Effects:
        decided.append(outcome)
        return tamper(outcome)

    with world.new_breaks() as found:
        world.send("orders", "account", {**market_order(name, "IVE"), "account": name})
        world.work(tampered)
    assert {kind for kind, _ in found} == kinds
    ids = {f"{name} of {name} for IVE", f"{name} IVE USD", decided[0].reports[1].exec_id}
    assert {what for _, what in found} <= ids


def test_reports_and_fills_without_an_order_are_named(world: ManualTopology) -> None:
    with open_reader(world.settings.kafka, "executions") as reader:
        batch = next(read_batches(reader, reader.starts(), ""))
    report = executions.from_json(batch.records.split("\n")[0])
    with open_reader(world.settings.kafka, "fills") as reader:
        batch = next(read_batches(reader, reader.starts(), ""))
    fill = fills.from_json(batch.records.split("\n")[0])
    with world.new_breaks() as found:
        ids = dict.fromkeys(("cl_ord_id", "order_id", "exec_id"), "alien")
        alien = replace(report, **ids, orig_cl_ord_id=None, account="A", symbol="IVE")
        world.write("executions", executions.to_json(alien), "IVE")
        world.write("fills", fills.to_json(replace(fill, exec_id="alien", account="alien")), "alien")
        world.load()
    assert {("REPORT_WITHOUT_ORDER", "alien of A for IVE"), ("FILL_WITHOUT_TRADE", "alien")} <= found


def test_an_unusable_record_without_its_reject_is_named(world: ManualTopology) -> None:
    with world.new_breaks() as found:
        world.write("ticks", "no tick", "IVE")
        world.load()
    assert [kind for kind, _ in found] == ["RECORD_NOT_REJECTED"]


@pytest.mark.parametrize(("service", "told"), [("KAFKA", "Kafka"), ("INFLUX", "InfluxDB")])
def test_a_service_that_is_down_is_one_line(world: ManualTopology, service: str, told: str) -> None:
    environ = {**world.stack.environ, f"FINTANK_{service}": "localhost:9"}
    done = run_fintank(Stack(world.settings, environ), "reconcile", program="invoke")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{told} (localhost:9) does not answer: run `invoke up`\n"


def test_deleted_records_are_beyond_retention_and_no_break(world: ManualTopology) -> None:
    with world.new_breaks() as found, kafka.connect(world.settings.kafka) as admin:
        for topic in GROUPS:
            with open_reader(world.settings.kafka, topic) as reader:
                ends = reader.ends()
            parts = 1 if topic == "ticks" else 2
            admin.delete_records(
                {KafkaPartition(topic, number): end // parts for number, end in ends.items()}
            )
    assert found == set()
    results, _ = compare(world.settings)
    beyond = {result.what: result.beyond_retention for result in results}
    assert beyond["trades are at a quote of ticks"] > 10
    assert beyond["trades are booked once"] > 0
    assert beyond["reports of an order add up"] > 0
