"""The bolt that makes lines of ticks."""

import json

import pytest

from fintank.bolts.owners import owner_of
from fintank.bolts.tick_deserializer import TickDeserializer

TICK = '{"symbol": "IVE", "exchange": "NYSE", "bid": 94.1, "ask": 94.2, "timestamp": 1438539936.5}'
LINE = "bid_ask,exchange=NYSE,symbol=IVE bid=94.1,ask=94.2 1438539936500000007"


def test_a_batch_of_ticks_becomes_a_batch_of_lines_and_is_acked_after_it(storm):
    batch = storm.batch_of("a", "ticks", 2, "7,1,1438540000000", TICK)
    assert storm.run(TickDeserializer, batch) == [
        storm.emitted("a", ["ticks", 2, "7,1", LINE, "7,1,1438540000000"]),
        storm.acked("a"),
    ]


def test_a_bad_record_goes_to_rejects_and_the_good_one_beside_it_on(storm):
    batch = storm.batch_of("a", "ticks", 2, "7,2,1438540000000", f"{TICK}\n{{\u2028}}")
    lines, reject, ack = storm.run(TickDeserializer, batch)
    assert lines == storm.emitted("a", ["ticks", 2, "7,1", LINE, "7,2,1438540000000"])
    key, message = reject["tuple"]
    assert reject == storm.emitted("a", [key, message], stream="rejects")
    assert key == "ticks-2-8"
    assert json.loads(message)["reason"] == "NOT_JSON"
    assert ack == storm.acked("a")


def test_a_batch_without_any_tick_emits_no_lines_and_is_acked(storm):
    reject, ack = storm.run(TickDeserializer, storm.batch_of("a", "ticks", 2, "7,1,1438540000000", ""))
    assert reject["stream"] == "rejects"
    assert ack == storm.acked("a")


def test_each_task_of_the_rule_engine_gets_the_ticks_of_its_symbols(storm):
    batch = storm.batch_of("a", "ticks", 2, "7,2,1438540000000", f"{TICK}\n{TICK.replace('IVE', 'VTI')}")
    tasks = {"1": "rule-engine", "2": "tick-spout", "3": "rule-engine"}
    _, *by_owner, ack = storm.run(TickDeserializer, batch, tasks=tasks)
    assert {message["stream"] for message in by_owner} == {"by_owner"}
    owners = {sent["tuple"][0]: sent["tuple"][1:] for sent in by_owner}
    *place, ticks = owners[owner_of("IVE", 2)]
    assert place == ["ticks", "id", 2, 7, 9, "7,2,1438540000000"]
    assert ticks.split("\n")[0] == "IVE NYSE 1438539936500000 7 94.1 94.2".replace(" ", "\t")
    assert "VTI" in owners[owner_of("VTI", 2)][-1]
    assert ack == storm.acked("a")


@pytest.mark.parametrize("batch", [("", ""), ("7,1,1438540000000", "no tick")])
def test_every_task_of_the_rule_engine_gets_every_range(storm, batch):
    tasks = {"1": "rule-engine", "2": "tick-spout", "3": "rule-engine"}
    sent = storm.run(TickDeserializer, storm.tuple_of("a", "ticks", "id", 2, 5, 9, *batch), tasks=tasks)
    ranges = [message["tuple"] for message in sent if message.get("stream") == "by_owner"]
    assert ranges == [[owner, "ticks", "id", 2, 5, 9, batch[0], ""] for owner in (0, 1)]


def test_batches_are_worked_off_in_their_order(storm):
    batches = [storm.batch_of(name, "ticks", 2, "7,1,1438540000000", TICK) for name in "abc"]
    sent = storm.run(TickDeserializer, *batches)
    assert [message["id"] for message in sent if message["command"] == "ack"] == ["a", "b", "c"]


def test_a_heartbeat_is_answered(storm):
    assert storm.run(TickDeserializer, storm.heartbeat()) == [{"command": "sync"}]


def test_a_tuple_that_is_no_batch_is_failed_and_ends_the_process(storm):
    sent = storm.run(TickDeserializer, storm.batch_of("a", "ticks", 2, "7,2,1438540000000", TICK))
    assert [message["command"] for message in sent] == ["error", "sync", "fail"]
