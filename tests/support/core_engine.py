"""The trading core in place of the topology: it decides and writes as the rule engine does."""

import time
from collections.abc import Iterator

from support.stack import Stack

from fintank.adapters import kafka_topics
from fintank.adapters.journal import adopt
from fintank.adapters.topic_reader import open_reader
from fintank.order_history.life import orders_of
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, TradingState
from fintank.trading.recovery import restore
from fintank.trading.requests import CancelRequest
from fintank.wire.bolts.order_stream import OrderMessage
from fintank.wire.kafka import orders, tick_json
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reject


class CoreEngine:
    """Decides, for all shards, on the orders after its creation, with all quotes that are in `ticks`."""

    def __init__(self, stack: Stack) -> None:
        self.address = stack.settings.kafka
        self.shards = {}
        for number in range(kafka_topics.shards()):
            log, records = adopt(self.address, number, print)
            self.shards[number] = (restore(Limits(), records), log)
        with open_reader(self.address, "ticks") as reader:
            self.positions = {"ticks": reader.starts()}
        with open_reader(self.address, "orders") as reader:
            self.positions["orders"] = reader.ends()

    def decide(self) -> None:
        """Decide on the records since the last call."""
        for record in self._new("ticks"):
            try:
                quote = tick_json.from_record(record)
            except ValueError:  # not a tick: the topology would reject it
                continue
            shard, log = self.shards[kafka_topics.partition_for(quote.symbol, kafka_topics.shards())]
            effects = shard.on_quote(quote, time.time_ns() // 1000)
            if effects is not None:
                log.commit(effects.reports, effects.fills, effects.journal)
        for record in self._new("orders"):
            message = orders.from_record(record)
            if not isinstance(message, Reject):
                self.take(message)

    def _new(self, topic: str) -> Iterator[Record]:
        positions = self.positions[topic]
        with open_reader(self.address, topic) as reader:
            for record in reader.read(dict(positions)):
                positions[record.partition] = record.offset + 1
                yield record

    def take(self, message: OrderMessage) -> None:
        log_us = time.time_ns() // 1000
        if isinstance(message, CancelRequest):
            numbers = (
                self.shards if message.symbol is None else [kafka_topics.partition_for(message.symbol, 4)]
            )
            self.commit({number: self.shards[number][0].on_cancel(message, log_us) for number in numbers})
        elif isinstance(message, TradingState):
            found = {n: shard.on_trading_state(message, log_us) for n, (shard, _) in self.shards.items()}
            self.commit(found)
        else:
            name = message.cl_ord_id if isinstance(message, Order) else message.order_id
            for order in orders_of(name, message, Limits()):
                number = kafka_topics.partition_for(order.symbol, kafka_topics.shards())
                self.commit({number: self.shards[number][0].on_order(order, log_us)})

    def commit(self, results: dict[int, Effects]) -> None:
        for number, effects in results.items():
            if effects != Effects():
                self.shards[number][1].commit(effects.reports, effects.fills, effects.journal)
