"""From the topic `orders` to validated messages, and to InfluxDB lines of the portfolio orders."""

from pystorm.component import Tuple

from fintank.bolts.batch_bolt import BatchBolt
from fintank.trading.messages import PortfolioOrder
from fintank.wire.bolts import order_stream
from fintank.wire.bolts.offsets import record_count
from fintank.wire.kafka import orders
from fintank.wire.points import order_points


class OrderDeserializer(BatchBolt):
    """Takes [topic topic_id partition first next offsets records].

    Emits [topic partition offsets lines appended], rejects, and on the stream orders
    [topic topic_id partition first next appended orders], also without orders.
    """

    def process(self, tup: Tuple) -> None:
        """Emit the batch's messages in their order, and a line for each that is a portfolio order."""
        topic, topic_id, partition, first, next_offset, offsets, records = tup.values
        messages, rejects = orders.read(topic, partition, offsets, records)
        portfolios = [message for message in messages if isinstance(message, PortfolioOrder)]
        if portfolios:
            lines = "\n".join(map(order_points.portfolio_line, portfolios))
            runs = order_points.offset_runs(portfolios)
            self.emit([topic, partition, runs, lines, offsets], need_task_ids=False)
        validated = "\n".join(map(order_stream.to_line, messages))
        values = [topic, topic_id, partition, first, next_offset, offsets, validated]
        self.emit(values, stream="orders", need_task_ids=False)
        self.reject(rejects)
        self.metrics.add(tuples=1, records=record_count(offsets))
        self.ack(tup)
