"""The bolt that makes lines of executions."""

import json

from fintank.bolts.execution_deserializer import ExecutionDeserializer
from fintank.settings import PROJECT_ROOT
from fintank.wire.kafka.executions import to_lines

SCHEMA = json.loads((PROJECT_ROOT / "src/fintank/wire/kafka/schemas/execution.json").read_text())
RECORD = json.dumps(SCHEMA["examples"][0])


def test_a_batch_becomes_lines_and_rejects_and_is_acked_after_them(storm):
    batch = ["executions", 2, "7,3,1438540000000", f"{RECORD}\nx\n{RECORD}"]
    lines, reject, ack = storm.run(ExecutionDeserializer, storm.batch_of("a", *batch))
    assert lines == storm.emitted("a", ["executions", 2, "7,1 9,1", to_lines(*batch).lines, batch[2]])
    key, message = reject["tuple"]
    assert reject == storm.emitted("a", [key, message], stream="rejects")
    assert key == "executions-2-8"
    assert json.loads(message)["reason"] == "NOT_JSON"
    assert ack == storm.acked("a")


def test_a_batch_without_any_execution_emits_no_lines(storm):
    sent = storm.run(ExecutionDeserializer, storm.batch_of("a", "executions", 2, "7,1,1438540000000", ""))
    assert [message.get("stream", message["command"]) for message in sent] == ["rejects", "ack"]
