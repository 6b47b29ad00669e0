"""The topology's work in this process, step by step: decide, write, load into the sink, commit offsets."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from support.order_traffic import send
from support.stack import Stack, create_topics

from fintank.adapters import kafka_topics
from fintank.adapters.consumer_groups import GROUPS
from fintank.adapters.journal import adopt
from fintank.adapters.sinks import open_sink
from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.comparison import compare
from fintank.reconciliation.spout_batches import SpoutBatch, read_batches
from fintank.reconciliation.storage import EXECUTIONS_TOPIC, FILLS_TOPIC, ticks_topic
from fintank.trading.effects import Effects
from fintank.trading.instruments import Instruments
from fintank.trading.limits import Limits
from fintank.trading.messages import Order
from fintank.trading.portfolio import components
from fintank.trading.shard import Shard
from fintank.wire.bolts import owner_ticks
from fintank.wire.kafka import orders, ticks
from fintank.wire.kafka.rejects import Reject

Tamper = Callable[[Effects], Effects]
Found = set[tuple[str, str]]


class ManualTopology:
    """The topology's work by hand: decide, load into the database, commit the offsets."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.settings = stack.settings
        create_topics(stack)
        self.shards = {
            number: (Shard(Limits()), adopt(stack.settings.kafka, number, print)[0])
            for number in range(kafka_topics.shards())
        }
        self.decided: dict[int, list[Effects]] = defaultdict(list)
        self.positions = {topic: dict.fromkeys(range(4), 0) for topic in GROUPS}

    def send(self, topic: str, key_field: str, *messages: dict[str, Any]) -> None:
        send(self.settings.kafka, topic, key_field, messages)

    def write(self, topic: str, value: str, key: str = "key") -> None:
        producer = Producer({"bootstrap.servers": self.settings.kafka})
        producer.produce(
            topic, value, key, kafka_topics.partition_for(key, kafka_topics.topics()[topic].partitions)
        )
        assert producer.flush(30) == 0

    def work(self, tamper: Tamper = lambda outcome: outcome) -> None:
        """Process all new records; write the decisions on orders as changed by `tamper`."""
        rejects: list[Reject] = []
        for batch in self._new("ticks"):
            made = ticks.to_lines("ticks", batch.partition, batch.runs, batch.records)
            rejects += made.rejects
            for owned in owner_ticks.by_owner(made, lambda _: 0, 1):
                for quote in owner_ticks.quotes(batch.partition, owned):
                    self._take(quote.symbol, self._core(quote.symbol).on_quote(quote, now_us()))
        for batch in self._new("orders"):
            found = orders.read("orders", batch.partition, batch.runs, batch.records)
            rejects += found.rejects
            for message in found.messages:
                split = [message] if isinstance(message, Order) else components(message, Limits())
                for order in split:
                    outcome = self._core(order.symbol).on_order(order, now_us())
                    self._take(order.symbol, tamper(outcome))
        self._commit()
        for reject in rejects:
            self.write("rejects", reject.message(), reject.key)
        self.load()

    def load(self) -> None:
        """Write all topics' points into the database, and commit all offsets."""
        sink = open_sink(self.settings.sink)
        for stored in (ticks_topic(Instruments()), EXECUTIONS_TOPIC, FILLS_TOPIC):
            with open_reader(self.settings.kafka, stored.topic) as reader:
                for batch in read_batches(reader, reader.starts(), ""):
                    made = stored.to_lines(stored.topic, batch.partition, batch.runs, batch.records)
                    assert sink.write(made.lines) == []
        for topic, group in GROUPS.items():
            with open_reader(self.settings.kafka, topic) as reader:
                ends = reader.ends()
            consumer = Consumer({"bootstrap.servers": self.settings.kafka, "group.id": group})
            places = [TopicPartition(topic, number, end) for number, end in ends.items()]
            consumer.commit(offsets=places, asynchronous=False)
            consumer.close()

    def breaks(self) -> Found:
        """Return kind and id of every break."""
        results, _ = compare(self.settings)
        return {(found.kind, found.id) for result in results for found in result.named}

    @contextmanager
    def new_breaks(self) -> Iterator[Found]:
        """Yield a set that holds the block's new breaks after it."""
        before, found = self.breaks(), set[tuple[str, str]]()
        yield found
        found |= self.breaks() - before

    def _new(self, topic: str) -> Iterator[SpoutBatch]:
        with open_reader(self.settings.kafka, topic) as reader:
            yield from read_batches(reader, self.positions[topic], "")

    def _core(self, symbol: str) -> Shard:
        return self.shards[kafka_topics.partition_for(symbol, kafka_topics.shards())][0]

    def _take(self, symbol: str, outcome: Effects | None) -> None:
        if outcome is not None:
            self.decided[kafka_topics.partition_for(symbol, kafka_topics.shards())].append(outcome)

    def _commit(self) -> None:
        for number, outcomes in self.decided.items():
            reports = [report for outcome in outcomes for report in outcome.reports]
            booked = [fill for outcome in outcomes for fill in outcome.fills]
            self.shards[number][1].commit(reports, booked, [])
        self.decided.clear()


def now_us() -> int:
    return time.time_ns() // 1000
