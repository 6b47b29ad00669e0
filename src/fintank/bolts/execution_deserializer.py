"""From the topic `executions` to InfluxDB lines."""

from pystorm.component import Tuple

from fintank.bolts.batch_bolt import BatchBolt
from fintank.wire.executions import to_lines


class ExecutionDeserializer(BatchBolt):
    """Takes [topic partition offsets records], emits [topic partition offsets lines] and rejects."""

    def process(self, tup: Tuple) -> None:
        """Emit the batch as lines, unless none is left."""
        topic, partition, offsets, records = tup.values
        batch = to_lines(topic, partition, offsets, records)
        if batch.lines:
            self.emit([topic, partition, batch.offsets, batch.lines], need_task_ids=False)
        self.reject(batch.rejects)
        self.ack(tup)
