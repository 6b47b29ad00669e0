"""From the topic `fills` to InfluxDB lines."""

from pystorm.component import Tuple

from fintank.bolts.batch_bolt import BatchBolt
from fintank.wire.kafka.fills import to_lines


class FillDeserializer(BatchBolt):
    """Takes [topic topic_id partition first next offsets records].

    Emits [topic partition offsets lines appended], and rejects.
    """

    def process(self, tup: Tuple) -> None:
        """Emit the batch as lines, and its rejects."""
        self.emit_lines(tup, to_lines)
        self.ack(tup)
