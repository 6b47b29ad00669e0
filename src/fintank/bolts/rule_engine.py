"""Orders meet prices: every execution and fill exactly once, whenever and however this process ends.

1. A shard is adopted before anything is decided in it: no earlier writer can write any more.
2. Each shard decides on the records in the order of the logs (`shard_feed`), and commits its positions in the
   transaction of its decisions. A replayed record is recognized by its offset.
3. A tuple is acked once every shard of this task has committed a position past the tuple's offsets.
4. On any error the process ends, as its memory may be ahead of the log. Storm starts it again.
"""

import gc
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import product
from operator import attrgetter
from typing import Any

from pystorm.component import Tuple

from fintank import settings
from fintank.adapters import journal, kafka_topics, rules_option, topic_configs, versions
from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.commit_pace import CommitPace
from fintank.bolts.market_report import MarketReport
from fintank.bolts.owned_shard import take_over
from fintank.bolts.owners import owned_shards, shard_of
from fintank.bolts.pending_tuples import PendingTuples
from fintank.bolts.shard_feed import ShardFeed
from fintank.bolts.wait_log import WaitLog
from fintank.trading.log_merge import TOPICS
from fintank.trading.log_positions import LogEnds
from fintank.trading.messages import Quote
from fintank.trading.partition_log import Partition, Range
from fintank.wire.bolts.log_ends import log_ends
from fintank.wire.bolts.offsets import append_times_ms, parse_runs
from fintank.wire.bolts.order_stream import OwnedMessage, owned_messages
from fintank.wire.bolts.owner_ticks import quotes
from fintank.wire.kafka.records import offset_of

ALIVE_SECONDS = 5.0
"""After this long without a pause it reports to Storm that it is alive."""
YOUNG_OBJECTS_MAX = 50_000
"""Python's garbage collector runs after this many new objects, not 700: waiting quotes form no cycles."""
LOST = (
    "shard %d: %d offsets of '%s' were deleted before they were decided on; what follows is decided: compare "
    "the topic's retention with how long the topology was stopped, and send again what still matters"
)


_offset = attrgetter("offset")
_symbol = attrgetter("symbol")


class RuleEngine(BatchBolt):
    """Takes [owner topic topic_id partition first next appended ticks], the same with orders, and from the
    spouts [topic topic_id clock asked_ms appended_ms caught_up ends cuts full]; writes executions, fills and
    the journal.

    It decides and commits as soon as no more tuples are there, and at the latest when its pace says so. What
    only changed quotes is committed within about a second: Storm must send a tick tuple every second.
    """

    # The end of the process fails its tuples. Failing one that was just acked would be an error.
    auto_fail = False
    adopt = staticmethod(journal.adopt)
    log_ends = staticmethod(journal.log_ends)

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Adopt this task's shards, one by one."""
        address = settings.from_storm(storm_conf).kafka
        self._limits = rules_option.from_storm(storm_conf)
        self._rules = json.loads(rules_option.json_from_storm(storm_conf))
        self._reported_alive = time.monotonic()
        with self._ending():
            self._shards = {shard: self._adopted(address, shard) for shard in owned_shards(context)}
            if self._shards:
                self._cut(self.log_ends(address, _partitions()))
        feeds = list(self._shards.values())
        self._market = MarketReport(context["taskid"], feeds, self._limits.market_collar)
        self._take = {
            "tick-deserializer": self._take_ticks,
            "component-order-creator": self._take_orders,
            "tick-spout": self._take_ends,
            "order-spout": self._take_ends,
        }
        self._pending = PendingTuples()
        self._pace = CommitPace()
        self._wait_log = WaitLog(self.logger)
        self._counted: Counter[str] = Counter()
        gc.set_threshold(YOUNG_OBJECTS_MAX)

    def process(self, tup: Tuple) -> None:
        """Take it in; decide, commit and ack if more tuples have been waiting for long enough."""
        with self._ending():
            self._take[tup.component](tup)
            if self._pace.is_gathered():
                self._decide()
                self._commit(all_shards=self._pace.is_overdue(self._uncommitted))

    def before_waiting(self) -> None:
        """Decide, commit the decisions, and ack their tuples."""
        with self._ending():
            self._decide()
            has_orders = self._pending.has_any("orders")
            self._commit(all_shards=self._pace.is_due(self._uncommitted, has_orders))

    def process_tick(self, tup: Tuple) -> None:
        """Once a second, commit all that is pending."""
        self.ack(tup)
        with self._ending():
            self._decide()
            self._commit(all_shards=True)
        self._measure()
        # Few objects are young now. A cycle may hold much memory: a failed write of metrics leaves one.
        gc.collect(1)

    def _adopted(self, address: str, shard: int) -> ShardFeed:
        started = time.monotonic()

        def progress(text: str) -> None:
            self.logger.info("shard %d: %s", shard, text)
            self._report_alive()

        opened = self.adopt(address, shard, progress)
        owned, positions, remembered = take_over(*opened, self._limits, self._report_alive)
        seconds = time.monotonic() - started
        self.logger.info("shard %d adopted: %d entries remembered, %.1f s", shard, remembered, seconds)
        self._report_alive()
        feed = ShardFeed(owned, positions, _partitions())
        feed.timeline.adopted(self._rules, kafka_topics.shards(), *versions.used(), remembered)
        return feed

    def _cut(self, ends: Mapping[Partition, int]) -> None:
        """Go back where a log ends before what was decided on; nobody else can decide any more."""
        for topic, (shard, feed) in product(TOPICS, self._shards.items()):
            before = feed.merge.gone
            feed.cut({partition: end for partition, end in ends.items() if partition.topic == topic})
            self._warn_of_lost(shard, topic, feed.merge.gone - before)

    def _warn_of_lost(self, shard: int, topic: str, lost: int) -> None:
        if lost:
            self.logger.warning(LOST, shard, lost, topic)

    def _take_ticks(self, tup: Tuple) -> None:
        ticks = quotes(tup.values[3], tup.values[-1])
        self._offer(tup, ticks, [*map(_offset, ticks)], [*map(shard_of, map(_symbol, ticks))])
        for copy_id in self._pending.add(tup, []):
            self.ack(copy_id)
        self.metrics.add(tuples=1, records=len(ticks), ticks=len(ticks))

    def _take_orders(self, tup: Tuple) -> None:
        found = owned_messages(tup.values[-1])
        offsets = [offset_of(message.input) for message in found]
        shards = [None if message.symbol is None else shard_of(message.symbol) for message in found]
        self._offer(tup, found, offsets, shards)
        times_ms = append_times_ms(tup.values[-2])
        for copy_id in self._pending.add(tup, [times_ms[offset] for offset in offsets]):
            self.ack(copy_id)
        self.metrics.add(tuples=1, records=len(found), orders=len(found))

    def _take_ends(self, tup: Tuple) -> None:
        topic, topic_id, ends = log_ends(tup.values)
        _check_partitions(topic, ends)
        for shard, feed in self._shards.items():
            before = feed.merge.gone
            is_begun = feed.reached(topic, topic_id, ends, _elapsed_ms())
            self._warn_of_lost(shard, topic, feed.merge.gone - before)
            if is_begun:
                self.logger.error("shard %d: %s was recreated, its id is %s", shard, topic, topic_id)
        self.ack(tup)

    def _offer(
        self,
        tup: Tuple,
        records: Sequence[Quote | OwnedMessage],
        offsets: Sequence[int],
        shards: Sequence[int | None],
    ) -> None:
        """Offer the range of a tuple to every shard of this task, with its records; None means all shards."""
        _, topic, topic_id, number, first, next_offset, appended, _ = tup.values
        self._pace.gather(next_offset - first)
        if not self._shards:
            return
        others = {*shards} - {None, *self._shards}
        if others:
            raise ValueError(f"{topic}-{number}: records of the shards {others}, which other tasks own")
        found = _divided(self._shards, offsets, records, shards)
        partition, runs = Partition(topic, number), parse_runs(appended)
        for shard, feed in self._shards.items():
            feed.offer(partition, topic_id, Range(first, next_offset, runs, *found[shard]))

    def _decide(self) -> None:
        for feed in self._shards.values():
            feed.decide(_elapsed_ms())

    @property
    def _uncommitted(self) -> int:
        return max((feed.uncommitted for feed in self._shards.values()), default=0)

    def _commit(self, all_shards: bool) -> None:
        """Commit the positions of the shards that decided something, or of all, and ack what is done."""
        started = time.monotonic()
        feeds = [feed for feed in self._shards.values() if all_shards or feed.owned.decisions]
        for feed in feeds:
            feed.commit()
        self._pace.committed(started, len(feeds), all_shards)
        self._ack_committed()

    def _ack_committed(self) -> None:
        for done in self._pending.take(self._is_committed):
            self.metrics.since((append_ms, 1) for append_ms in done.appended_ms)
            self.ack(done.tuple_id)

    def _is_committed(self, partition: Partition, topic_id: str, end: int) -> bool:
        """Whether every shard of this task has committed all before an offset; true if it has none."""
        return all(feed.has_committed(partition, topic_id, end) for feed in self._shards.values())

    def _measure(self) -> None:
        """Report what the shards counted since the last time, which orders are open, and the market."""
        counted: Counter[str] = Counter()
        for feed in self._shards.values():
            counted.update(asdict(feed.owned.core.state.counts))
            counted.update(lost_offsets=feed.merge.gone, clock_waits=feed.merge.disagreements)
        self.metrics.add(**{name: count - self._counted[name] for name, count in counted.items()})
        self._counted = counted
        waited_ms = max((feed.merge.waited_ms(_elapsed_ms()) for feed in self._shards.values()), default=0)
        self._market.look()
        self.metrics.level(waited_ms=waited_ms, **self._market.levels())
        for point in self._market.points(self.metrics.second):
            self.metrics.pass_on(point)
        self._wait_log.note(waited_ms)

    def _report_alive(self) -> None:
        """Report to Storm, which ends a process that is silent for too long."""
        now = time.monotonic()
        if now - self._reported_alive > ALIVE_SECONDS:
            self._reported_alive = now
            self.send_message({"command": "sync"})

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """End the process on a Kafka fault, with one line for the log and Nimbus, not a traceback."""
        try:
            yield
        except journal.JournalError as error:
            self.logger.critical("%s; the process ends, and the next one continues from the journal", error)
            self.send_message({"command": "error", "msg": str(error)})
            self._exit(1)

    def _exit(self, status_code: int) -> None:
        # At once: a normal exit would wait for the Kafka clients.
        os._exit(status_code)


def _divided(
    owned: Iterable[int],
    offsets: Sequence[int],
    records: Sequence[Quote | OwnedMessage],
    shards: Sequence[int | None],
) -> dict[int, tuple[list[int], list[Quote | OwnedMessage]]]:
    """Return the offsets and records of each owned shard; those of None are of all."""
    found: dict[int, tuple[list[int], list[Quote | OwnedMessage]]] = {shard: ([], []) for shard in owned}
    # One pass, however many shards there are.
    for offset, record, shard in zip(offsets, records, shards, strict=True):
        if shard is None:
            for its_offsets, its_records in found.values():
                its_offsets.append(offset)
                its_records.append(record)
        else:
            its_offsets, its_records = found[shard]
            its_offsets.append(offset)
            its_records.append(record)
    return found


def _partitions() -> list[Partition]:
    """Return the partitions of the topics that are decided on."""
    sizes = kafka_topics.topics()
    return [Partition(topic, number) for topic in TOPICS for number in range(sizes[topic].partitions)]


def _elapsed_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _check_partitions(topic: str, ends: LogEnds) -> None:
    """Raise JournalError if the topic has more partitions than it must have."""
    if not ends.partitions.keys() <= set(_partitions()):
        count = max(partition.number for partition in ends.partitions) + 1
        raise journal.JournalError(
            topic_configs.wrong_partitions(topic, count, kafka_topics.topics()[topic].partitions)
        )
