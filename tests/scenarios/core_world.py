"""The trading core as a world: the wire, the split of portfolios, four shards and their logs."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reference import Place
from scenarios.playing import Emitted, Record, record

from fintank.bolts.owned_shard import OwnedShard
from fintank.bolts.owners import owners_of, shard_of
from fintank.trading.changes import Change, Entry
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.messages import PortfolioOrder, Quote
from fintank.trading.portfolio import components
from fintank.trading.recovery import restore
from fintank.trading.reports import Fill, Report
from fintank.trading.shard import Shard
from fintank.trading.timeline import TimelineEvent
from fintank.wire import rules_toml
from fintank.wire.bolts import order_stream, owner_ticks
from fintank.wire.bolts.order_stream import OwnedMessage
from fintank.wire.kafka import executions, fills, journal_records, orders, ticks

SHARDS = 4

Work = tuple[int, Quote | OwnedMessage]
"""A shard and a message for it."""


def limits_of(rules: dict[str, Any]) -> Limits:
    """Read the numbers of rules.toml, None is left out, and the content of instruments.toml."""
    given = {name: value for name, value in rules.items() if value is not None}
    calendars = {
        name: [[first, 0, 1, *(edge - first for edge in after)] for first, *after in sessions]
        for name, sessions in rules["instruments"].get("calendars", {}).items()
    }
    given["instruments"] = {**rules["instruments"], "calendars": calendars}
    return rules_toml.from_json(json.dumps(given), "a scenario's rules")


def work_of(topic: str, text: str, place: Place, limits: Limits) -> tuple[list[Work], list[str]]:
    """Do with a record what comes before the rule engine; return what that gets, and reasons of rejects."""
    offsets = f"{place.offset},1,{place.append_us // 1000}"
    if topic == "ticks":
        batch = ticks.to_lines(topic, place.partition, offsets, text, limits.instruments.allows_negative)
        lines = owner_ticks.by_owner(batch, shard_of, SHARDS)
        quotes = [
            (shard, quote)
            for shard, part in enumerate(lines)
            for quote in owner_ticks.quotes(place.partition, part)
        ]
        return quotes, [str(reject.reason) for reject in batch.rejects]
    found = orders.read(topic, place.partition, offsets, text)
    messages: list[OwnedMessage] = []
    for message in [order_stream.from_line(order_stream.to_line(message)) for message in found.messages]:
        messages += components(message, limits) if isinstance(message, PortfolioOrder) else [message]
    sent = [order_stream.owned_messages(order_stream.to_line(message))[0] for message in messages]
    work = [(shard, message) for message in sent for shard in owners_of(message, SHARDS)]
    return work, [str(reject.reason) for reject in found.rejects]


@dataclass
class ShardLog:
    """What Kafka holds of a shard: the journal as compaction leaves it, reports and fills."""

    journal: dict[str, str] = field(default_factory=dict)
    executions: list[Record] = field(default_factory=list)
    fills: list[Record] = field(default_factory=list)
    read: tuple[int, int] = (0, 0)

    def commit(
        self,
        reports: Sequence[Report],
        fills_: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        for key, value in map(journal_records.to_record, journal):
            self.journal.pop(key, None)
            if value is not None:
                self.journal[key] = value
        self.executions += [record(executions.to_json(report)) for report in reports]
        self.fills += [record(fills.to_json(fill)) for fill in fills_]

    def records(self) -> list[Entry]:
        return [journal_records.from_record(key, value) for key, value in self.journal.items()]

    def new(self) -> tuple[list[Record], list[Record]]:
        """Return what was written since the last call."""
        reports, bookings = self.executions[self.read[0] :], self.fills[self.read[1] :]
        self.read = (len(self.executions), len(self.fills))
        return reports, bookings


class CoreWorld:
    """Four shards; all that a record leads to is committed at once."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.limits = limits_of(rules)
        self.logs = [ShardLog() for _ in range(SHARDS)]
        self.shards = [OwnedShard(Shard(self.limits), log) for log in self.logs]

    def take(self, topic: str, text: str, place: Place, log_us: int) -> Emitted:
        work, rejects = work_of(topic, text, place, self.limits)
        self._run_timers(log_us)
        for shard, message in work:
            deliver(self.shards[shard], message, log_us)
        emitted = self._emitted()
        emitted.rejects = rejects
        return emitted

    def run_timers(self, log_us: int) -> Emitted:
        self._run_timers(log_us)
        return self._emitted()

    def restart(self, order: Callable[[list[Entry]], Iterable[Entry]] = list) -> None:
        """Forget all and go on from the journal; order: in which order its records come."""
        self.shards = [OwnedShard(restore(self.limits, order(log.records())), log) for log in self.logs]

    def _run_timers(self, log_us: int) -> None:
        for shard in self.shards:
            run_timers(shard, log_us)

    def _emitted(self) -> Emitted:
        emitted = Emitted()
        for shard, log in zip(self.shards, self.logs, strict=True):
            commit(shard)
            reports, bookings = log.new()
            emitted.executions += reports
            emitted.fills += bookings
        return emitted


def run_timers(shard: OwnedShard, log_us: int) -> None:
    """Let log time pass, and forget what is too old."""
    while shard.next_timer(log_us):
        pass
    shard.forget(log_us)


def commit(shard: OwnedShard, now_ms: int = 0) -> None:
    """Write what was decided, and how far."""
    shard.commit(Positions(now_ms, reached=shard.core.state.reached))


def deliver(shard: OwnedShard, message: Quote | OwnedMessage, log_us: int) -> None:
    """Give a shard what the rule engine would give it."""
    shard.decide([message], log_us)
