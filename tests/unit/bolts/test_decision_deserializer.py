"""The bolt that makes lines of executions, or of fills."""

import json

import pytest

from fintank.bolts.decision_deserializer import DecisionDeserializer
from fintank.settings import PROJECT_ROOT
from fintank.wire.kafka import executions, fills

SCHEMAS = PROJECT_ROOT / "src/fintank/wire/kafka/schemas"


@pytest.mark.parametrize(
    ("topic", "schema", "to_lines"),
    [("executions", "execution", executions.to_lines), ("fills", "fill", fills.to_lines)],
)
def test_a_batch_becomes_lines_and_rejects_and_is_acked_after_them(storm, topic, schema, to_lines):
    record = json.dumps(json.loads((SCHEMAS / f"{schema}.json").read_text())["examples"][0])
    batch = [topic, 2, "7,3,1438540000000", f"{record}\nx\n{record}"]
    lines, reject, ack = storm.run(DecisionDeserializer, storm.batch_of("a", *batch))
    assert lines == storm.emitted("a", [topic, 2, "7,1 9,1", to_lines(*batch).lines, batch[2]])
    key, message = reject["tuple"]
    assert reject == storm.emitted("a", [key, message], stream="rejects")
    assert key == f"{topic}-2-8"
    assert json.loads(message)["reason"] == "NOT_JSON"
    assert ack == storm.acked("a")


@pytest.mark.parametrize("topic", ["executions", "fills"])
def test_a_batch_without_any_message_emits_no_lines(storm, topic):
    sent = storm.run(DecisionDeserializer, storm.batch_of("a", topic, 2, "7,1,1438540000000", ""))
    assert [message.get("stream", message["command"]) for message in sent] == ["rejects", "ack"]
