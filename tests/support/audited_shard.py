"""A shard that decides on random ticks and orders, what it writes, and its audit, without Kafka."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json import dumps, loads
from random import Random
from typing import Any

import factories
from factories import SECOND, START
from support.rule_context import shipped_rules

from fintank.audit.differences import AuditFindings
from fintank.audit.fill_matching import FillMatching
from fintank.audit.input_log import Input
from fintank.audit.known_symbols import KnownSymbols
from fintank.audit.report_matching import ReportMatching, Written
from fintank.audit.shard_audit import ShardAudit
from fintank.audit.shard_start import ShardStart
from fintank.bolts.owned_shard import OwnedShard
from fintank.bolts.shard_feed import ShardFeed
from fintank.trading.changes import Change, Entry
from fintank.trading.log_positions import LogEnds, Positions
from fintank.trading.log_replay import LogReplay, beginning
from fintank.trading.messages import Cancel, Order, Quote, Side, TradingState
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.recovery import Recovery, restore
from fintank.trading.reports import Fill, Report
from fintank.trading.timeline import TimelineEvent
from fintank.wire import rules_toml
from fintank.wire.kafka import fills
from fintank.wire.kafka.records import Record

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)
SYMBOLS = ["IVE", "VTI"]
START_MS = START // 1000
STEP_MS = 500


def rules(**changes: Any) -> dict[str, Any]:
    """The shipped rules with other numbers."""
    found: dict[str, Any] = loads(shipped_rules())
    return {**found, "aggregation_window_ms": 700, **changes}


@dataclass
class WrittenLog:
    """What the shard wrote."""

    reports: list[Report] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    timeline: list[TimelineEvent] = field(default_factory=list)
    journal: list[Change] = field(default_factory=list)

    def commit(
        self,
        reports: Sequence[Report],
        fills_: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        self.reports += reports
        self.fills += fills_
        self.journal += journal
        self.timeline += events

    def entries(self) -> list[Entry]:
        recovery = Recovery()
        for change in self.journal:
            recovery.take(change)
        return [*recovery.entries(), recovery.positions]


class Logs:
    """Random records of ticks and orders; appended half a second apart, sometimes several at once."""

    def __init__(self, seed: int, records: int = 400, symbols: Sequence[str] = SYMBOLS) -> None:
        random = Random(seed)
        self.records: dict[Partition, list[tuple[int, Input]]] = {TICKS: [], ORDERS: []}
        append_ms = START_MS
        for number in range(records):
            append_ms += random.choice([0, 0, 1, STEP_MS])
            is_tick = random.random() < 0.6
            found = self.records[TICKS if is_tick else ORDERS]
            symbol = random.choice(symbols)
            made: Input
            if is_tick:
                made = _quote(random, len(found), append_ms, symbol)
            else:
                made = _order(random, number, append_ms, symbol)
            found.append((append_ms, made))

    def range(self, partition: Partition, first: int, end: int) -> Range[Any]:
        records = self.records[partition][first:end]
        runs = [Run(offset, 1, append_ms) for offset, (append_ms, _) in enumerate(records, first)]
        return Range(first, end, runs, list(range(first, end)), [message for _, message in records])

    def first_asked_ms(self, now_ms: int) -> int:
        """Return what the spout's clock says when a shard starts at now_ms: here it starts anew too."""
        return START_MS

    def stop(self, partition: Partition, until: float) -> int:
        """Return the end of a part of the partition."""
        return int(len(self.records[partition]) * until)

    @property
    def ends(self) -> dict[Partition, int]:
        return {partition: len(records) for partition, records in self.records.items()}


def _quote(random: Random, offset: int, append_ms: int, symbol: str) -> Quote:
    bid = random.choice([99, 100, 101])
    return factories.quote(
        str(bid),
        str(bid + random.choice([1, 2])),
        symbol=symbol,
        exchange=random.choice(["NYSE", "ARCA"]),
        time_us=append_ms * 1000,
        offset=offset,
        bid_size="50",
        ask_size=random.choice([None, "30"]),
    )


def _order(random: Random, number: int, append_ms: int, symbol: str) -> Order | Cancel | TradingState:
    given: dict[str, Any] = {"symbol": symbol, "order_time_us": append_ms * 1000}
    given["input"] = f"orders-0-{number}"
    kind = random.random()
    if kind < 0.15:
        name = f"o-{random.randrange(number + 1)}"
        return factories.cancel(name, cl_ord_id=f"c-{number}", content_hash=f"hash {number}", **given)
    terms = random.choice(
        [
            *({}, {"tif": "IOC"}, {"price": "100"}, {"priority": 2}, {"stop_px": "102"}),
            {"tif": "GTD", "price": "98", "expire_time_us": append_ms * 1000 + 3 * SECOND},
        ]
    )
    side = random.choice([Side.BUY, Side.SELL])
    name = f"o-{number}"
    return factories.order("20", cl_ord_id=name, content_hash=f"hash {number}", side=side, **given, **terms)


class DecidingShard:
    """The shard: it decides in several lives, each with its own rules."""

    def __init__(self, logs: Logs) -> None:
        self.log = WrittenLog()
        self._logs = logs

    def live(self, until: float, **changes: Any) -> None:
        """Decide up to a part of the logs, by the rules with these changes."""
        values = rules(**changes)
        limits = rules_toml.from_json(dumps(values), "test")
        entries = self.log.entries()
        start = next((entry for entry in entries if isinstance(entry, Positions)), Positions())
        core = restore(limits, entries)
        feed = ShardFeed(OwnedShard(core, self.log), start, [TICKS, ORDERS])
        feed.timeline.adopted(values, 4, "1", "1", len(entries) - 1)
        for partition in self._logs.ends:
            first = start.partitions[partition].next or 0 if partition in start.partitions else 0
            stop = max(first, self._logs.stop(partition, until))
            topic_id = f"id of {partition.topic}"
            feed.offer(partition, topic_id, self._logs.range(partition, first, stop))
            asked_ms = self._logs.first_asked_ms(start.now_ms) + (2_000 if until == 1 else 0)
            ends = LogEnds("jvm", asked_ms, None, False, {partition: (0, stop)})
            feed.reached(partition.topic, topic_id, ends, 0)
        latest_ms = max(
            self._logs.records[place][self._logs.stop(place, until) - 1][0] for place in self._logs.ends
        )
        for elapsed_ms in range(0, 10_000, 1_000):
            if elapsed_ms:  # the spout's clock runs on
                told = LogEnds("jvm", latest_ms + elapsed_ms, None, False, {})
                feed.reached(TICKS.topic, f"id of {TICKS.topic}", told, elapsed_ms)
            for partition in self._logs.ends:
                stop = self._logs.stop(partition, until)
                last_ms = self._logs.records[partition][stop - 1][0]
                ends = LogEnds("jvm", last_ms, last_ms, True, {partition: (0, stop)})
                feed.reached(partition.topic, f"id of {partition.topic}", ends, elapsed_ms)
            feed.decide(elapsed_ms)
        feed.commit()

    @property
    def decided(self) -> Positions:
        return next(entry for entry in self.log.entries() if isinstance(entry, Positions))


def audit(
    logs: Logs, log: WrittenLog, decided: Positions, *, first: int = 0, known_from_us: int | None = None
) -> AuditFindings:
    """Audit what is written; first: the first offset of ticks that is kept."""
    findings = AuditFindings()
    booked = booked_fills(findings, log.fills)
    known = KnownSymbols(known_from_us)
    decided_again(logs, log, decided, booked, known=known, first=first)
    booked.finish(0, dict.fromkeys(range(4), 0))
    return findings


def booked_fills(findings: AuditFindings, written: Sequence[Fill]) -> FillMatching:
    """Return the fills of the topic, to be compared."""
    texts = [fills.to_json(fill).encode() for fill in written]
    records = [Record("fills", 0, offset, START_MS, None, text) for offset, text in enumerate(texts)]
    booked = FillMatching(findings, lambda _, offset: records[offset])
    booked.take(zip(records, written, strict=True))
    return booked


def decided_again(
    logs: Logs,
    log: WrittenLog,
    decided: Positions,
    booked: FillMatching,
    *,
    known: KnownSymbols,
    number: int = 0,
    shards: int = 4,
    first: int = 0,
    entries: Sequence[Entry] = (),
    keeps_state: bool = True,
) -> ShardAudit:
    """Decide all again that a shard has decided, and compare; entries: what it remembered at first."""
    findings = booked.findings
    start = beginning(log.timeline)
    assert start is not None
    ends = {place: at.next for place, at in decided.partitions.items() if at.next is not None}
    replay = LogReplay[Input](start, ends)
    replay.start_at(TICKS, max(first, replay.positions[TICKS] or 0))

    def seen(report: Report) -> bool:
        is_known = known.saw(report)
        if not is_known:
            booked.ignore(report.exec_id)
        return is_known

    reports = ReportMatching(findings, _written(log.reports), seen)
    shard_start = ShardStart(replay, known, keeps_state, [], entries=entries)
    shard = ShardAudit(number, shards, shard_start, reports, booked)
    shard.go_on()
    while (wanted := replay.wanted) is not None:
        position = replay.positions[wanted]
        assert position is not None
        shard.offer(wanted, logs.range(wanted, position, min(position + 7, ends[wanted])))
    shard.let_time_pass(decided.reached)
    reports.read_on(iter(()))
    reports.finish(lambda _: False, 0)
    return shard


def _written(reports: Sequence[Report]) -> Iterator[Written]:
    return (Written(f"executions-0-{offset}", report) for offset, report in enumerate(reports))
