"""From validated orders to orders for one symbol, each to the rule engine's task that owns the symbol."""

from collections import defaultdict
from typing import Any

from pystorm.component import Tuple

from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.owners import owner_count, owner_of
from fintank.trading.limits import Limits
from fintank.trading.messages import Order
from fintank.trading.portfolio import components
from fintank.wire import order_lines, order_points


class ComponentOrderCreator(BatchBolt):
    """Takes [topic partition orders appended].

    Emits [topic partition offsets lines appended], and on the stream by_owner [owner orders appended], one
    tuple an owner.
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Learn how many tasks the rule engine has."""
        self._limits = Limits()
        self._owners = owner_count(context)

    def process(self, tup: Tuple) -> None:
        """Split the portfolio orders, pass the other orders on; the order of messages stays."""
        topic, partition, lines, appended = tup.values
        orders: list[Order] = []
        for message in map(order_lines.from_line, lines.split("\n")):
            orders += [message] if isinstance(message, Order) else components(message, self._limits)
        if orders:
            points = "\n".join(map(order_points.component_line, orders))
            runs = order_points.offset_runs(orders)
            self.emit([topic, partition, runs, points, appended], need_task_ids=False)
        if self._owners:
            self._emit_by_owner(orders, appended)
        self.metrics.add(tuples=1, records=len(orders))
        self.ack(tup)

    def _emit_by_owner(self, orders: list[Order], appended: str) -> None:
        by_owner: dict[int, list[str]] = defaultdict(list)
        for order in orders:
            by_owner[owner_of(order.symbol, self._owners)].append(order_lines.to_line(order))
        for owner, lines in by_owner.items():
            self.emit([owner, "\n".join(lines), appended], stream="by_owner", need_task_ids=False)
