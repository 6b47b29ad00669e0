"""The topology's work without Storm: the shards are adopted, and decide as the rule engine does."""

import json
import time
from typing import Any

from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]
from support.manual_topology import ManualTopology
from support.rule_context import shipped_rules
from support.stack import Stack, create_topics

from fintank.adapters import kafka_topics, versions
from fintank.adapters.journal import adopt
from fintank.adapters.topic_reader import open_reader
from fintank.audit.input_log import open_log
from fintank.bolts.owned_shard import take_over
from fintank.bolts.shard_feed import ShardFeed
from fintank.trading.log_merge import TOPICS
from fintank.trading.log_positions import LogEnds
from fintank.trading.messages import PortfolioOrder
from fintank.trading.partition_log import Partition, Range
from fintank.trading.portfolio import split_message
from fintank.wire import rules_toml

STEP_SECONDS = 0.02
DECIDED_SECONDS_MAX = 20


class LogTopology(ManualTopology):
    """Runs from its creation until it is dropped: another one fences it."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.settings = stack, stack.settings
        create_topics(stack)
        rules = shipped_rules()
        self._limits = rules_toml.from_json(rules, "test")
        address, count = stack.settings.kafka, kafka_topics.shards()
        sizes = kafka_topics.topics()
        self._places = [
            Partition(topic, number) for topic in TOPICS for number in range(sizes[topic].partitions)
        ]
        self.feeds: list[ShardFeed] = []
        for shard in range(count):
            opened = adopt(address, shard, print)
            owned, positions, remembered = take_over(*opened, self._limits, lambda: None)
            feed = ShardFeed(owned, positions, self._places)
            feed.timeline.adopted(json.loads(rules), count, *versions.used(), remembered)
            self.feeds.append(feed)
        self._next = {place: self._first(place) for place in self._places}
        self._ends = self._read_ends()
        self._report()

    def decide(self, shards: int | None = None) -> None:
        """Read all that is there, decide on it, and commit: all shards, or the first ones only."""
        feeds = self.feeds[:shards]
        self._ends = self._read_ends()
        appended_ms = max([0, *map(self._read, self._places)])
        deadline = time.monotonic() + DECIDED_SECONDS_MAX
        while any(self._is_behind(feed) for feed in feeds):
            assert time.monotonic() < deadline
            self._report(appended_ms or None)
            for feed in feeds:
                feed.decide(time.monotonic_ns() // 1_000_000)
            time.sleep(STEP_SECONDS)
        for feed in feeds:
            feed.commit()

    def _first(self, place: Partition) -> int:
        return min(feed.merge.positions[place].next or 0 for feed in self.feeds)

    def _read_ends(self) -> dict[Partition, int]:
        ends: dict[Partition, int] = {}
        for topic in TOPICS:
            with open_reader(self.settings.kafka, topic) as reader:
                ends |= {Partition(topic, number): end for number, end in reader.ends().items()}
        return ends

    def _is_behind(self, feed: ShardFeed) -> bool:
        return any((feed.merge.positions[place].next or 0) < self._next[place] for place in self._places)

    def _read(self, place: Partition) -> int:
        """Offer what is new in a partition; return the latest append time."""
        end, appended_ms = self._ends[place], 0
        if end == self._next[place]:
            return 0
        with open_log(self.settings.kafka, place, self._next[place], end, rules=()) as log:
            while log.left:
                part = log.read()
                appended_ms = max([appended_ms, *(run.append_ms for run in part.runs)])
                for shard, feed in enumerate(self.feeds):
                    found = self._of_shard(part.range(shard, len(self.feeds)), shard)
                    feed.offer(place, f"id of {place.topic}", found)
        self._next[place] = end
        return appended_ms

    def _of_shard(self, found: Range[Any], shard: int) -> Range[Any]:
        """Split portfolio orders, as the component-order-creator does."""
        pairs: list[tuple[int, Any]] = []
        for offset, message in zip(found.offsets, found.records, strict=True):
            if isinstance(message, PortfolioOrder):
                orders = split_message(message, self._limits)
                pairs += [(offset, order) for order in orders if self._shard_of(order.symbol) == shard]
            else:
                pairs.append((offset, message))
        offsets, records = [offset for offset, _ in pairs], [message for _, message in pairs]
        return Range(found.first, found.next, found.runs, offsets, records)

    def _shard_of(self, symbol: str) -> int:
        return kafka_topics.partition_for(symbol, len(self.feeds))

    def _report(self, appended_ms: int | None = None) -> None:
        """Say where the logs end, as the spouts do."""
        asked_ms = time.time_ns() // 1_000_000
        for topic in TOPICS:
            ends = {place: (0, end) for place, end in self._ends.items() if place.topic == topic}
            told = LogEnds(topic, asked_ms, appended_ms, True, ends)
            for feed in self.feeds:
                feed.reached(topic, f"id of {topic}", told, time.monotonic_ns() // 1_000_000)


def topic_names(stack: Stack) -> list[str]:
    """Return the names of all topics."""
    client = AdminClient({"bootstrap.servers": stack.settings.kafka, "log_level": 0})
    return sorted(client.list_topics(timeout=20).topics)
