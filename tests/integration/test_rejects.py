"""invoke rejects against a real broker: what it counts, and what it sends again, once."""

import json

import pytest
from support.manual_topology import ManualTopology
from support.order_traffic import market_order, produce, tick
from support.stack import Stack, fintank, run_fintank

from fintank.adapters import kafka, kafka_topics
from fintank.adapters.resender import open_resender
from fintank.adapters.topic_reader import open_reader
from fintank.errors import FintankError
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason, Reject


@pytest.fixture(scope="module")
def world(empty_stack: Stack) -> ManualTopology:
    return ManualTopology(empty_stack)


def records(world: ManualTopology, topic: str) -> list[Record]:
    """Read a topic by partition and offset, for partitions come in any order."""
    with open_reader(world.settings.kafka, topic) as reader:
        return sorted(reader.read(reader.starts()), key=lambda each: (each.partition, each.offset))


def rejects(world: ManualTopology, *options: str) -> list[str]:
    return fintank(world.stack, "rejects", *options, program="invoke").splitlines()


def skip_with_a_reject(world: ManualTopology) -> None:
    """Reject all new records of `orders` as unforeseen, as a version with a bug would."""
    for batch in world._new("orders"):
        for record in batch.records.split("\n"):
            offset = batch.runs.split(",")[0]
            made = Reject("orders", batch.partition, int(offset), Reason.NOT_PROCESSED, "error=bug", record)
            world.write("rejects", made.message(), made.key)
    world.load()


def test_after_the_cure_each_record_is_resent_once_and_all_is_reconciled(world: ManualTopology) -> None:
    assert rejects(world) == ["There are no rejects."]
    world.send("ticks", "symbol", tick("IVE"))
    world.work()
    order = json.dumps(market_order("late", "IVE"), indent=1).replace("\n", "\r\n").encode()
    produce(world.settings.kafka, "orders", "acc-1", order)
    skip_with_a_reject(world)
    produce(world.settings.kafka, "ticks", "IVE", b"no tick")
    world.work()

    shown = rejects(world)
    assert [line.split()[:3] for line in shown if "Z" in line][:2] == [
        ["orders", "NOT_PROCESSED", "1"],
        ["ticks", "NOT_JSON", "1"],
    ]
    assert "The latest of 2 rejects:" in shown
    assert rejects(world, "--topic", "ticks", "--reason", "EMPTY") == ["There are no such rejects."]

    said = rejects(world, "--resend", "--reason", "NOT_PROCESSED")
    assert f"Resending 1 record of orders to Kafka ({world.settings.kafka})." in said
    assert said[-1].startswith("1 record resent in ")
    first, again = records(world, "orders")
    assert (again.key, again.value, again.partition) == (b"acc-1", order, first.partition)
    assert again.headers == (("fintank-origin", first.place.encode()),)
    world.work()
    assert len(records(world, "fills")) == 1
    assert world.breaks() == set()
    assert "Clean" in fintank(world.stack, "audit", program="invoke")

    said = rejects(world, "--resend")
    assert "Not resent: 1 record resent before; a record that was rejected again has a new reject." in said
    assert f"Resending 1 record of ticks to Kafka ({world.settings.kafka})." in said
    world.work()
    assert len(records(world, "orders")) == 2
    assert len(records(world, "ticks")) == 3
    # What was rejected again is a reject of its own.
    assert rejects(world, "--resend", "--topic", "ticks")[-1].startswith("1 record resent in ")
    assert rejects(world, "--resend", "--topic", "orders")[-1] == "There is nothing to resend."
    assert len(records(world, "ticks")) == 4


def test_what_is_gone_or_another_record_is_not_resent(world: ManualTopology) -> None:
    address, partition = world.settings.kafka, kafka_topics.partition_for("GLD", 4)
    assert partition != kafka_topics.partition_for("IVE", 4)
    produce(address, "ticks", "GLD", b"[1]", b"[2]", b"[3]")
    world.work()
    with kafka.connect(address) as admin:
        admin.delete_records({kafka.TopicPartition("ticks", partition): 1})
    other = Reject("ticks", partition, 2, Reason.NOT_AN_OBJECT, "", "another")
    world.write("rejects", other.message(), other.key)
    said = rejects(world, "--resend", "--reason", "NOT_AN_OBJECT")
    assert said.count("Not resent: 1 record no longer in the topic.") == 2
    assert said[-1].startswith("1 record resent in ")
    values = [each.value for each in records(world, "ticks") if each.partition == partition]
    assert values == [b"[2]", b"[3]", b"[2]"]


def send_overtaken(address: str, record: Record) -> None:
    with open_resender(address) as slow:
        slow.send(record)
        with open_resender(address):
            pass


def test_a_call_that_was_overtaken_sends_nothing(world: ManualTopology) -> None:
    before = records(world, "ticks")
    with pytest.raises(FintankError, match="Another `invoke rejects --resend` has started"):
        send_overtaken(world.settings.kafka, before[0])
    assert records(world, "ticks") == before


def test_without_kafka_it_is_one_line(world: ManualTopology) -> None:
    away = Stack(world.settings, {**world.stack.environ, "FINTANK_KAFKA": "localhost:1"})
    done = run_fintank(away, "rejects", "--resend", program="invoke")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Kafka (localhost:1) does not answer: run `invoke up`\n"
