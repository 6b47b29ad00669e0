"""Orders meet prices: every execution and fill exactly once, whenever and however this process ends.

1. A shard is adopted before anything is decided in it: no earlier writer can write any more.
2. A tuple is acked once, after the commit of all that it changed. A tuple that was decided but not acked
   comes again, and is recognized: an order by its content, a quote by its time and offset.
3. On any error the process ends, as its memory may be ahead of the log. Storm starts it again.
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
from fintank.adapters import journal, rules_file
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
PENDING_TUPLES_MAX = 200
PENDING_TICKS_MAX = 10_000
"""Well below the tick-spout's limit in flight, or it would pause until the commit."""
ALIVE_SECONDS = 5.0
"""After so long without a pause it reports to Storm that it is alive."""

SECOND_US = 1_000_000
OPEN_AGES = {
    "open_over_1s": SECOND_US,
    "open_over_1m": 60 * SECOND_US,
    "open_over_1h": 3600 * SECOND_US,
}
"""The figures of the open orders' ages: each counts the orders of that age, in microseconds, and older."""


@dataclass
class PendingTuple:
    """A tuple that is not acked yet, and the shards that have yet to commit what it changed.

    ticks: how many it holds. appended_ms: when each of its orders was appended to Kafka.
    """

    tuple_id: str
    ticks: int
    shards: set[int]
    appended_ms: list[int]


class RuleEngine(BatchBolt):
    """Takes [owner partition ticks] and [owner orders appended]; writes executions, fills and journal.

    Decisions are committed as soon as no more tuples are there, after GATHER_SECONDS_MAX at the latest: what
    comes during a commit shares the next one. A tuple whose ticks only changed quotes waits for the next
    commit of its shards, about a second at most: Storm must send a tick tuple every second.
    """

    # The end of the process fails its tuples. Failing one that was just acked would be an error.
    auto_fail = False
    adopt = staticmethod(journal.adopt)

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Adopt this task's shards, one by one."""
        address = settings.from_storm(storm_conf).kafka
        self._limits = rules_file.from_storm(storm_conf)
        self._reported_alive = time.monotonic()
        with self._ending():
            self._shards = {shard: self._adopted(address, shard) for shard in owned_shards(context)}
        ages_us = list(OPEN_AGES.values())
        self._ages = [OpenAges(owned.core.state, ages_us) for owned in self._shards.values()]
        self._take = {"tick-deserializer": self._take_ticks, "component-order-creator": self._take_orders}
        self._pending: dict[int, list[PendingTuple]] = {shard: [] for shard in self._shards}
        self._pending_tuples = self._pending_ticks = 0
        self._flushed = self._decided = time.monotonic()
        self._counted: Counter[str] = Counter()

    def process(self, tup: Tuple) -> None:
        """Decide; commit and ack if enough is pending, or for long enough."""
        with self._ending():
            self._add(self._take[tup.component](tup, _wall_us()))
            if self._is_overdue():
                self._flush()
            elif time.monotonic() - self._decided > GATHER_SECONDS_MAX:
                self._commit_decided()

    def before_waiting(self) -> None:
        """Commit the decisions, and ack their tuples."""
        with self._ending():
            self._commit_decided()

    def process_tick(self, tup: Tuple) -> None:
        """Once a second, let time pass for the orders and commit all that is pending."""
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
            self._report_alive()

        try:
            log, entries = self.adopt(address, shard, progress)
            core = restore(self._limits, entries)
        except ValueError as error:
            raise journal.JournalError(f"shard {shard}: {error}: `invoke reset` starts anew") from error
        seconds = time.monotonic() - started
        self.logger.info("shard %d adopted: %d journal records, %.1f s", shard, len(entries), seconds)
        self._report_alive()
        return OwnedShard(core, log, self._report_alive)

    def _take_ticks(self, tup: Tuple, wall_us: int) -> PendingTuple:
        _, partition, lines = tup.values
        ticks = quotes(partition, lines)
        touched = set()
        for quote in ticks:
            shard = shard_of(quote.symbol)
            touched.add(shard)
            self._shards[shard].on_quote(quote, wall_us)
        self.metrics.add(tuples=1, records=len(ticks), ticks=len(ticks))
        return PendingTuple(tup.id, len(ticks), touched, [])

    def _take_orders(self, tup: Tuple, wall_us: int) -> PendingTuple:
        _, lines, appended = tup.values
        times_ms = append_times_ms(appended)
        found = owned_messages(lines)
        touched = set()
        for message in found:
            for shard in self._shards_of(message):
                touched.add(shard)
                self._shards[shard].on_message(message, wall_us)
        self.metrics.add(tuples=1, records=len(found), orders=len(found))
        return PendingTuple(tup.id, 0, touched, [times_ms[offset_of(message.input)] for message in found])

    def _shards_of(self, message: OwnedMessage) -> Iterable[int]:
        """Return the shard of a message's symbol, or every shard of this task if it has none."""
        symbol = symbol_of(message)
        return self._shards if symbol is None else (shard_of(symbol),)

    def _add(self, pending: PendingTuple) -> None:
        """Let a tuple wait for its shards. Without any it is done, as on a task that owns no shard."""
        self._pending_tuples += 1
        self._pending_ticks += pending.ticks
        for shard in pending.shards:
            self._pending[shard].append(pending)
        if not pending.shards:
            self._done(pending)

    def _done(self, pending: PendingTuple) -> None:
        self._pending_tuples -= 1
        self._pending_ticks -= pending.ticks
        self.metrics.since((append_ms, 1) for append_ms in pending.appended_ms)
        self.ack(pending.tuple_id)

    def _is_overdue(self) -> bool:
        return (
            time.monotonic() - self._flushed > WAIT_SECONDS_MAX
            or self._pending_tuples > PENDING_TUPLES_MAX
            or self._pending_ticks > PENDING_TICKS_MAX
        )

    def _flush(self) -> None:
        for shard in self._shards:
            self._commit(shard)
        self._flushed = time.monotonic()

    def _commit_decided(self) -> None:
        # If one shard commits and the next fails, whole tuples come again: the first recognizes its part.
        for shard, owned in self._shards.items():
            if owned.decisions:
                self._commit(shard)
        self._decided = time.monotonic()

    def _commit(self, shard: int) -> None:
        """Commit a shard, and ack the tuples that waited only for it."""
        self._shards[shard].commit()
        committed, self._pending[shard] = self._pending[shard], []
        for pending in committed:
            pending.shards.discard(shard)
            if not pending.shards:
                self._done(pending)

    def _measure(self) -> None:
        """Report what the shards counted since the last time, and how many orders are open."""
        counted: Counter[str] = Counter()
        for owned_shard in self._shards.values():
            counted.update(asdict(owned_shard.core.state.counts))
        self.metrics.add(**{name: count - self._counted[name] for name, count in counted.items()})
        self._counted = counted
        open_orders = sum(owned_shard.core.state.registry.open_count for owned_shard in self._shards.values())
        ages_of_shards = [ages.count(_wall_us()) for ages in self._ages]
        by_age = {
            name: sum(counts[index] for counts in ages_of_shards) for index, name in enumerate(OPEN_AGES)
        }
        self.metrics.level(open_orders=open_orders, **by_age)

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
            self.logger.critical("%s; the process ends, and the next one goes on from the journal", error)
            self.send_message({"command": "error", "msg": str(error)})
            self._exit(1)

    def _exit(self, status_code: int) -> None:
        # At once: a normal exit would wait for the Kafka clients.
        os._exit(status_code)


def _wall_us() -> int:
    return time.time_ns() // 1000
