"""The bolt that makes lines of fills."""

import json

from fintank.bolts.fill_deserializer import FillDeserializer
from fintank.settings import PROJECT_ROOT
from fintank.wire.kafka.fills import to_lines

SCHEMA = json.loads((PROJECT_ROOT / "src/fintank/wire/kafka/schemas/fill.json").read_text())
RECORD = json.dumps(SCHEMA["examples"][0])


def test_a_batch_becomes_lines_and_rejects_and_is_acked_after_them(storm):
    batch = ["fills", 2, "7,3,1438540000000", f"{RECORD}\nx\n{RECORD}"]
    lines, reject, ack = storm.run(FillDeserializer, storm.batch_of("a", *batch))
    assert lines == storm.emitted("a", ["fills", 2, "7,1 9,1", to_lines(*batch).lines, batch[2]])
    key, message = reject["tuple"]
    assert reject == storm.emitted("a", [key, message], stream="rejects")
    assert key == "fills-2-8"
    assert json.loads(message)["reason"] == "NOT_JSON"
    assert ack == storm.acked("a")


def test_a_batch_without_any_fill_emits_no_lines(storm):
    sent = storm.run(FillDeserializer, storm.batch_of("a", "fills", 2, "7,1,1438540000000", ""))
    assert [message.get("stream", message["command"]) for message in sent] == ["rejects", "ack"]
