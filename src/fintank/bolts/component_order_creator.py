"""From portfolio orders to component orders, each sent to the rule engine's task that owns its symbol."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pystorm.component import Tuple

from fintank.adapters import rules_option
from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.owners import owner_count, owners_of
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.wire.bolts import order_stream
from fintank.wire.bolts.order_stream import OwnedMessage
from fintank.wire.kafka.records import offset_of
from fintank.wire.points import order_points

CHARS_MAX = 1024 * 1024
"""At most 4 MiB of UTF-8, which Storm, its pipes and an HTTP write handle with ease."""


class ComponentOrderCreator(BatchBolt):
    """Takes [topic topic_id partition first next appended orders].

    Emits [topic partition offsets lines appended], and on the stream by_owner, to every owner,
    [owner topic topic_id partition first next appended orders]. A record can become a thousand orders, so
    both are cut by size; all orders of one record stay together for their owner.
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Read the limits, and count the rule engine's tasks."""
        self._limits = rules_option.from_storm(storm_conf)
        self._owners = owner_count(context)

    def process(self, tup: Tuple) -> None:
        """Split the portfolio orders, pass the other messages on; in their order."""
        topic, _, partition, _, _, appended, lines = tup.values
        messages: list[OwnedMessage] = []
        for message in map(order_stream.from_line, lines.split("\n") if lines else ()):
            if isinstance(message, PortfolioOrder):
                messages += components(message, self._limits)
            else:
                messages.append(message)
        orders = [message for message in messages if isinstance(message, Order)]
        points = list(map(order_points.component_line, orders))
        for part in slices(points):
            runs = order_points.offset_runs(orders[part])
            self.emit([topic, partition, runs, "\n".join(points[part]), appended], need_task_ids=False)
        if self._owners:
            self._emit_by_owner(tup, messages)
        self.metrics.add(tuples=1, records=len(messages))
        self.ack(tup)

    def _emit_by_owner(self, tup: Tuple, messages: Sequence[OwnedMessage]) -> None:
        """Emit the range of the tuple to each owner, cut into ranges that join."""
        topic, topic_id, partition, first, next_offset, appended, _ = tup.values
        by_owner: list[dict[int, list[str]]] = [defaultdict(list) for _ in range(self._owners)]
        for message in messages:
            line = order_stream.to_line(message)
            for owner in owners_of(message, self._owners):
                by_owner[owner][offset_of(message.input)].append(line)
        for owner, found in enumerate(by_owner):
            offsets, records = list(found), ["\n".join(lines) for lines in found.values()]
            cuts = list(slices(records)) or [slice(0)]
            firsts = [first, *(offsets[cut.start] for cut in cuts[1:]), next_offset]
            for cut, (start, end) in zip(cuts, pairwise(firsts), strict=True):
                values = [owner, topic, topic_id, partition, start, end, appended, "\n".join(records[cut])]
                self.emit(values, stream="by_owner", need_task_ids=False)


def slices(texts: Sequence[str]) -> Iterator[slice]:
    """Yield slices of the texts, in order, each of at most CHARS_MAX characters or of one longer text."""
    first = chars = 0
    for number, text in enumerate(texts):
        if number > first and chars + len(text) > CHARS_MAX:
            yield slice(first, number)
            first, chars = number, 0
        chars += len(text)
    if texts:
        yield slice(first, len(texts))
