"""From the topic `ticks` to InfluxDB lines, and to ticks for the rule engine's tasks."""

from functools import partial
from typing import Any

from pystorm.component import Tuple

from fintank.adapters import rules_option
from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.owners import owner_count, owner_of
from fintank.wire.bolts import owner_ticks
from fintank.wire.kafka.ticks import to_lines


class TickDeserializer(BatchBolt):
    """Takes [topic topic_id partition first next offsets records].

    Emits [topic partition offsets lines appended], rejects, and on the stream by_owner, to every owner,
    [owner topic topic_id partition first next appended ticks].
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Read which prices may be negative, and count the rule engine's tasks."""
        instruments = rules_option.from_storm(storm_conf).instruments
        self._to_lines = partial(to_lines, allows_negative=instruments.allows_negative)
        self._owners = owner_count(context)
        self._owner_of = partial(owner_of, owners=self._owners)

    def process(self, tup: Tuple) -> None:
        """Emit the batch as lines, its rejects, and the ticks of each owner."""
        *place, offsets, _ = tup.values
        batch = self.emit_lines(tup, self._to_lines)
        for owner, ticks in enumerate(owner_ticks.by_owner(batch, self._owner_of, self._owners)):
            self.emit([owner, *place, offsets, ticks], stream="by_owner", need_task_ids=False)
        self.ack(tup)
