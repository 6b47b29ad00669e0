"""From the topic `ticks` to InfluxDB lines, and to the ticks of each of the rule engine's tasks."""

from functools import partial
from typing import Any

from pystorm.component import Tuple

from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.owners import owner_count, owner_of
from fintank.wire.bolts import owner_ticks
from fintank.wire.bolts.offsets import record_count
from fintank.wire.kafka.ticks import to_lines


class TickDeserializer(BatchBolt):
    """Takes [topic partition offsets records].

    Emits [topic partition offsets lines appended], rejects, and on the stream by_owner
    [owner partition ticks].
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Learn how many tasks the rule engine has."""
        self._owners = owner_count(context)
        self._owner_of = partial(owner_of, owners=self._owners)

    def process(self, tup: Tuple) -> None:
        """Emit the batch as lines, unless none is left."""
        topic, partition, offsets, records = tup.values
        batch = to_lines(topic, partition, offsets, records)
        if batch.lines:
            self.emit([topic, partition, batch.offsets, batch.lines, offsets], need_task_ids=False)
            if self._owners:
                for owner, ticks in owner_ticks.by_owner(batch, self._owner_of).items():
                    self.emit([owner, partition, ticks], stream="by_owner", need_task_ids=False)
        self.reject(batch.rejects)
        self.metrics.add(tuples=1, records=record_count(offsets))
        self.ack(tup)
