"""The rule engine's loop around the core, in a world where its process may end at any moment.

As in bolts/rule_engine.py: a batch is acked when every shard that it touched has committed, what is not acked
comes again, in order, each shard knows what it has decided on, and nothing waits longer than until the next
second.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from properties.random_records import Step
from scenarios.core_world import SHARDS, ShardLog, Work, commit, deliver, limits_of, run_timers, work_of
from scenarios.playing import LOG_US

from fintank.bolts.owned_shard import OwnedShard
from fintank.trading.changes import Change
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.recovery import restore
from fintank.trading.reports import Fill, Report
from fintank.trading.timeline import TimelineEvent

Batch = list[Step]


class EndedError(Exception):
    """The process ended."""


class Fate:
    """Ends the process at random; never at rate 0."""

    def __init__(self, seed: int, rate: float) -> None:
        self.random = random.Random(seed)
        self.rate = rate
        self.ends = 0

    def maybe_end(self) -> None:
        if self.rate and self.random.random() < self.rate:
            self.ends += 1
            raise EndedError


class FatefulLog:
    """A shard's log; the process may end before a commit, or after it and before its result is known."""

    def __init__(self, log: ShardLog, fate: Fate) -> None:
        self.log = log
        self.fate = fate

    def commit(
        self,
        reports: Sequence[Report],
        fills: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        self.fate.maybe_end()
        self.log.commit(reports, fills, journal, events)
        self.fate.maybe_end()


class CrashingEngine:
    """Runs batches until all are acked, despite crashes. A second must be a batch of its own."""

    def __init__(self, rules: dict[str, Any], fate: Fate) -> None:
        self.limits: Limits = limits_of(rules)
        self.fate = fate
        self.logs = [ShardLog() for _ in range(SHARDS)]
        self.log_us = LOG_US
        self.shards: list[OwnedShard] = []
        self.decided = [0] * SHARDS
        """How many steps of the run each shard has decided on."""
        self.waiting: dict[int, set[int]] = {}
        """Batch -> the shards that have yet to commit what it changed."""
        self.acked: set[int] = set()

    def run(self, batches: list[Batch]) -> None:
        is_done = False
        while not is_done:
            try:
                self._adopt()
                first = 0
                for number, batch in enumerate(batches):
                    if number not in self.acked:
                        self._process(number, batch, first)
                    first += len(batch)
                self._forget_all()
                self._flush()
                is_done = True
            except EndedError:
                self.waiting = {}

    def _forget_all(self) -> None:
        """Let nothing be left to a later sweep, which comes by at other times after a crash."""
        for shard in self.shards:
            state = shard.core.state
            state.log_us = self.log_us
            for symbol in list(state.books):
                state.forget(symbol)

    def _adopt(self) -> None:
        """Restore every shard from its journal, read in random order."""
        self.shards = []
        for shard, log in enumerate(self.logs):
            records = log.records()
            self.fate.random.shuffle(records)
            positions = (entry for entry in records if isinstance(entry, Positions))
            self.decided[shard] = next(positions, Positions()).now_ms
            self.shards.append(OwnedShard(restore(self.limits, records), FatefulLog(log, self.fate)))

    def _process(self, number: int, batch: Batch, first: int) -> None:
        touched: set[int] = set()
        for place, step in enumerate(batch, first + 1):
            if step.topic == "second":
                self._second(step.log_us)
                continue
            work: list[Work] = work_of(step.topic, step.text, step.place, self.limits)[0]
            touched.update(shard for shard, _ in work)
            for shard, message in work:
                if self.decided[shard] < place:
                    deliver(self.shards[shard], message, self.log_us)
                    self.fate.maybe_end()
            self.decided = [max(decided, place) for decided in self.decided]
        self.waiting[number] = touched
        self._ack()
        for shard in sorted(touched):
            if self.shards[shard].decisions:
                self._commit(shard)

    def _second(self, log_us: int) -> None:
        """Commit everything, then move the log time to log_us and let the shards pass a second."""
        self._flush()
        self.log_us = log_us
        for shard in self.shards:
            run_timers(shard, self.log_us)
        self._flush()

    def _flush(self) -> None:
        for shard in range(SHARDS):
            self._commit(shard)

    def _commit(self, shard: int) -> None:
        commit(self.shards[shard], self.decided[shard])
        for shards in self.waiting.values():
            shards.discard(shard)
        self._ack()

    def _ack(self) -> None:
        """Ack the batches that no longer wait for a commit."""
        self.acked |= {number for number, shards in self.waiting.items() if not shards}


def batches(steps: list[Step], sizes: list[int]) -> list[Batch]:
    """Cut steps into batches of these sizes, in turn; give each second the log time at its end."""
    found: list[Batch] = [[]]
    log_us = LOG_US
    for step in steps:
        size = sizes[len(found) % len(sizes)]
        if step.topic == "second":
            log_us += step.log_us
            found += [[replace(step, log_us=log_us)], []]
        elif len(found[-1]) < size:
            found[-1].append(step)
        else:
            found.append([step])
    return [batch for batch in found if batch]
