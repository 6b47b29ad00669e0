"""Orders meet prices: every execution and fill exactly once, whatever ends this process and when.

1. A shard is adopted before anything is decided in it: no earlier writer can write any more.
2. A tuple is acked after the commit of all that it changed, once, and after nothing else. What was decided
   but not acked comes again and is known then: an order by its content, a quote by its time and offset.
3. On any error the process ends: what memory holds may be ahead of the log. Storm starts it again.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from pystorm.component import Tuple

from fintank import settings
from fintank.adapters import journal
from fintank.bolts import configured
from fintank.bolts.batch_bolt import BatchBolt
from fintank.bolts.owned_shard import OwnedShard
from fintank.bolts.owners import owned_shards, shard_of, symbol_of
from fintank.trading.ages import OpenAges
from fintank.trading.recovery import restore
from fintank.wire.bolts.offsets import append_times_ms
from fintank.wire.bolts.order_stream import OwnedMessage, owned_messages
from fintank.wire.bolts.owner_ticks import quotes
from fintank.wire.kafka.records import offset_of

GATHER_SECONDS_MAX = 0.05
WAIT_SECONDS_MAX = 1.0
WAITING_TUPLES_MAX = 200
WAITING_TICKS_MAX = 10_000
"""Well below what the tick-spout lets be in flight, or it would pause until the commit."""


SECOND_US = 1_000_000
OPEN_AGES = {
    "open_over_1s": SECOND_US,
    "open_over_1m": 60 * SECOND_US,
    "open_over_1h": 3600 * SECOND_US,
}
"""What is told of the open orders' ages: a figure, and from which age in microseconds an order counts."""
ALIVE_SECONDS = 5.0
"""While it works longer than that without a pause, it tells Storm that it is alive."""


@dataclass
class Waiting:
    """A tuple that is not acked yet, its ticks, and the shards that have yet to commit what it changed.

    appended_ms: when each of its orders came into Kafka.
    """

    tuple_id: str
    ticks: int
    shards: set[int]
    appended_ms: list[int]


class RuleEngine(BatchBolt):
    """Takes [owner partition ticks] and [owner orders appended], emits nothing.

    It writes the topics executions, fills and journal.

    Decisions are committed as soon as no further tuple is there, after GATHER_SECONDS_MAX at the latest: what
    comes during a commit shares the next one. A tuple of ticks that only changed quotes waits for the next
    commit of its shards, about a second at most: Storm must send a tick tuple every second.
    """

    # The end of the process fails the tuples. A fail of one that was acked a moment ago would be an error.
    auto_fail = False
    adopt = staticmethod(journal.adopt)

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Adopt this task's shards, one after the other."""
        address = settings.from_storm(storm_conf).kafka
        self._limits = configured.limits(storm_conf)
        self._told_alive = time.monotonic()
        with self._ending():
            self._shards = {shard: self._adopted(address, shard) for shard in owned_shards(context)}
        ages_us = list(OPEN_AGES.values())
        self._ages = [OpenAges(owned.core.state, ages_us) for owned in self._shards.values()]
        self._take = {"tick-deserializer": self._take_ticks, "component-order-creator": self._take_orders}
        self._waiting: dict[int, list[Waiting]] = {shard: [] for shard in self._shards}
        self._waiting_tuples = self._waiting_ticks = 0
        self._flushed = self._decided = time.monotonic()
        self._counted: Counter[str] = Counter()

    def process(self, tup: Tuple) -> None:
        """Decide; commit and ack if more than enough waits for it."""
        with self._ending():
            self._wait(self._take[tup.component](tup, _wall_us()))
            if self._is_overdue():
                self._flush()
            elif time.monotonic() - self._decided > GATHER_SECONDS_MAX:
                self._commit_decided()

    def before_waiting(self) -> None:
        """Commit what was decided, and ack what is committed."""
        with self._ending():
            self._commit_decided()

    def process_tick(self, tup: Tuple) -> None:
        """Let time pass for the orders, and commit what waits, once a second."""
        self.ack(tup)
        with self._ending():
            for owned_shard in self._shards.values():
                owned_shard.on_second(_wall_us())
            self._flush()
        self._measure()

    def _adopted(self, address: str, shard: int) -> OwnedShard:
        started = time.monotonic()

        def progress(text: str) -> None:
            self.logger.info("shard %d: %s", shard, text)
            self._tell_alive()

        try:
            log, entries = self.adopt(address, shard, progress)
            core = restore(self._limits, entries)
        except ValueError as error:
            raise journal.JournalError(f"shard {shard}: {error}: `invoke reset` starts anew") from error
        seconds = time.monotonic() - started
        self.logger.info("shard %d adopted: %d journal records, %.1f s", shard, len(entries), seconds)
        self._tell_alive()
        return OwnedShard(core, log, self._tell_alive)

    def _take_ticks(self, tup: Tuple, wall_us: int) -> Waiting:
        _, partition, lines = tup.values
        ticks = quotes(partition, lines)
        touched = set()
        for quote in ticks:
            shard = shard_of(quote.symbol)
            touched.add(shard)
            self._shards[shard].on_quote(quote, wall_us)
        self.metrics.add(tuples=1, records=len(ticks), ticks=len(ticks))
        return Waiting(tup.id, len(ticks), touched, [])

    def _take_orders(self, tup: Tuple, wall_us: int) -> Waiting:
        _, lines, appended = tup.values
        times_ms = append_times_ms(appended)
        found = owned_messages(lines)
        touched = set()
        for message in found:
            for shard in self._shards_of(message):
                touched.add(shard)
                self._shards[shard].on_message(message, wall_us)
        self.metrics.add(tuples=1, records=len(found), orders=len(found))
        return Waiting(tup.id, 0, touched, [times_ms[offset_of(message.input)] for message in found])

    def _shards_of(self, message: OwnedMessage) -> Iterable[int]:
        """Return the shard of a message's symbol; without one it is for every shard of this task."""
        symbol = symbol_of(message)
        return self._shards if symbol is None else (shard_of(symbol),)

    def _wait(self, waiting: Waiting) -> None:
        """Let a tuple wait for its shards. One that has none is done: so is all that a task without shards
        gets."""
        self._waiting_tuples += 1
        self._waiting_ticks += waiting.ticks
        for shard in waiting.shards:
            self._waiting[shard].append(waiting)
        if not waiting.shards:
            self._done(waiting)

    def _done(self, waiting: Waiting) -> None:
        self._waiting_tuples -= 1
        self._waiting_ticks -= waiting.ticks
        self.metrics.since((append_ms, 1) for append_ms in waiting.appended_ms)
        self.ack(waiting.tuple_id)

    def _is_overdue(self) -> bool:
        return (
            time.monotonic() - self._flushed > WAIT_SECONDS_MAX
            or self._waiting_tuples > WAITING_TUPLES_MAX
            or self._waiting_ticks > WAITING_TICKS_MAX
        )

    def _flush(self) -> None:
        for shard in self._shards:
            self._commit(shard)
        self._flushed = time.monotonic()

    def _commit_decided(self) -> None:
        # If a commit fails after that of another shard, the tuples come again as a whole; the shard that
        # committed knows its part, and only the other one decides.
        for shard, owned in self._shards.items():
            if owned.decisions:
                self._commit(shard)
        self._decided = time.monotonic()

    def _commit(self, shard: int) -> None:
        """Commit a shard and ack the tuples that waited for nothing else."""
        self._shards[shard].commit()
        committed, self._waiting[shard] = self._waiting[shard], []
        for waiting in committed:
            waiting.shards.discard(shard)
            if not waiting.shards:
                self._done(waiting)

    def _measure(self) -> None:
        """Tell what the shards counted since the last time, and which orders are open."""
        counted: Counter[str] = Counter()
        for owned_shard in self._shards.values():
            counted.update(asdict(owned_shard.core.state.counts))
        self.metrics.add(**{name: count - self._counted[name] for name, count in counted.items()})
        self._counted = counted
        open_orders = sum(owned_shard.core.state.registry.open_count for owned_shard in self._shards.values())
        of_shards = [ages.count(_wall_us()) for ages in self._ages]
        by_age = {name: sum(counts[index] for counts in of_shards) for index, name in enumerate(OPEN_AGES)}
        self.metrics.level(open_orders=open_orders, **by_age)

    def _tell_alive(self) -> None:
        """Let Storm, which ends a process that is silent for long, hear from this one."""
        now = time.monotonic()
        if now - self._told_alive > ALIVE_SECONDS:
            self._told_alive = now
            self.send_message({"command": "sync"})

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """End the process at a fault of Kafka, with one line for log and Nimbus, not pystorm's traces."""
        try:
            yield
        except journal.JournalError as error:
            self.logger.critical("%s; the process ends, and the next one goes on from the journal", error)
            self.send_message({"command": "error", "msg": str(error)})
            self._exit(1)

    def _exit(self, status_code: int) -> None:
        # At once: the Kafka clients would still try to finish what they have.
        os._exit(status_code)


def _wall_us() -> int:
    return time.time_ns() // 1000
