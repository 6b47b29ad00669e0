"""From the topics that the rule engine writes, `executions` and `fills`, to InfluxDB lines."""

from pystorm.component import Tuple

from fintank.bolts.batch_bolt import BatchBolt
from fintank.wire.kafka import executions, fills

TO_LINES = {"executions": executions.to_lines, "fills": fills.to_lines}
"""By topic."""


class DecisionDeserializer(BatchBolt):
    """Takes [topic topic_id partition first next offsets records].

    Emits [topic partition offsets lines appended], and rejects.
    """

    def process(self, tup: Tuple) -> None:
        """Emit the batch as lines, and its rejects."""
        self.emit_lines(tup, TO_LINES[tup.values[0]])
        self.ack(tup)
