"""From validated messages to those for one symbol, each to the rule engine's task that owns the symbol."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pystorm.component import Tuple

from fintank.bolts import configured
from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.owners import owner_count, owners_of
from fintank.bolts.portions import portions
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.wire.bolts import order_stream
from fintank.wire.bolts.order_stream import OwnedMessage
from fintank.wire.points import order_points


class ComponentOrderCreator(BatchBolt):
    """Takes [topic partition orders appended].

    Emits [topic partition offsets lines appended], and on the stream by_owner [owner orders appended]: a
    record can become a thousand orders, so both are cut by size.
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Learn the limits, and how many tasks the rule engine has."""
        self._limits = configured.limits(storm_conf)
        self._owners = owner_count(context)

    def process(self, tup: Tuple) -> None:
        """Split the portfolio orders, pass the other messages on; their order stays."""
        topic, partition, lines, appended = tup.values
        messages: list[OwnedMessage] = []
        for message in map(order_stream.from_line, lines.split("\n")):
            if isinstance(message, PortfolioOrder):
                messages += components(message, self._limits)
            else:
                messages.append(message)
        orders = [message for message in messages if isinstance(message, Order)]
        points = list(map(order_points.component_line, orders))
        for portion in portions(points):
            runs = order_points.offset_runs(orders[portion])
            self.emit([topic, partition, runs, "\n".join(points[portion]), appended], need_task_ids=False)
        if self._owners:
            self._emit_by_owner(messages, appended)
        self.metrics.add(tuples=1, records=len(messages))
        self.ack(tup)

    def _emit_by_owner(self, messages: Sequence[OwnedMessage], appended: str) -> None:
        by_owner: dict[int, list[str]] = defaultdict(list)
        for message in messages:
            line = order_stream.to_line(message)
            for owner in owners_of(message, self._owners):
                by_owner[owner].append(line)
        for owner, lines in by_owner.items():
            for portion in portions(lines):
                values = [owner, "\n".join(lines[portion]), appended]
                self.emit(values, stream="by_owner", need_task_ids=False)
