"""The audit of one generation of shards: reads what it has decided on once, in bounded memory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

from fintank.adapters.kafka_topics import partition_for, topics
from fintank.adapters.rejected_records import rejected_offsets
from fintank.adapters.shard_records import decided_positions
from fintank.adapters.topic_reader import open_reader
from fintank.audit.differences import AuditFindings
from fintank.audit.fill_matching import FillMatching
from fintank.audit.input_log import InputLog, open_log
from fintank.audit.known_symbols import KnownSymbols
from fintank.audit.report_matching import ReportMatching, ShardReports
from fintank.audit.shard_audit import ShardAudit
from fintank.audit.shard_start import ShardStart, shard_start
from fintank.audit.topic_records import OffsetSpan, WrittenFills, WrittenReports
from fintank.terminal.screen import progress
from fintank.trading.changes import Entry
from fintank.trading.log_positions import Positions
from fintank.trading.messages import ExecType
from fintank.trading.partition_log import Partition
from fintank.trading.reports import Report
from fintank.trading.resharding import Division
from fintank.trading.timeline import TimelineEvent
from fintank.waiting import wait_until

LATE_SECONDS_MAX = 30.0
"""How long to wait for what an open transaction hides."""


class Generation(NamedTuple):
    """A generation of shards. decided: how far each has come; None if it has decided nothing. reports: by
    partition of `executions`, where its reports are. is_last: it may still decide."""

    number: int
    decided: Sequence[Positions | None]
    timelines: Sequence[Sequence[TimelineEvent]]
    reports: Mapping[int, OffsetSpan]
    is_last: bool


class Carried(NamedTuple):
    """What the shards of a generation remembered in the end, divided among those of the next, by shard.

    known: the symbols about which everything is known.
    """

    entries: Mapping[int, Sequence[Entry]]
    known: KnownSymbols


@dataclass
class _Shard:
    """A shard that is audited: until where, and its reports in the topic."""

    number: int
    decided: Positions
    audit: ShardAudit
    written: Sequence[tuple[WrittenReports, ReportMatching]]
    start: ShardStart


class GenerationAudit:
    """Audits one generation; use `run`, once."""

    def __init__(
        self, address: str, generation: Generation, findings: AuditFindings, fills: FillMatching
    ) -> None:
        self._address = address
        self._generation = generation
        self._findings = findings
        self._fills = fills
        self._shards: list[_Shard] = []
        self.reports_from_ms: dict[int, int] = dict.fromkeys(generation.reports, 0)
        """By partition of `executions`: some reports up to this time are no longer there."""

    def run(self, carried: Carried | None, booked: WrittenFills) -> None:
        """Decide everything again, and compare. carried: what is known of the generation before."""
        with ExitStack() as stack:
            for number in range(len(self._generation.decided)):
                self._begin(number, carried, stack)
            self._decide_again(stack)
            for shard in self._shards:
                shard.audit.let_time_pass(shard.decided.reached)
            self._wait_for_late(booked)
            for shard in self._shards:
                undecided = self._undecided(shard, is_at_rest=self._is_at_rest(shard))
                for written, matching in shard.written:
                    matching.finish(undecided, written.from_ms * 1000)

    def carry(self, point: Positions, shards: int) -> Carried | None:
        """Return what the next generation, of this many shards, begins with; None if that is not known."""
        if len(self._shards) < len(self._generation.decided):
            return None
        division = Division(shards, lambda symbol: partition_for(symbol, shards))
        entries: dict[int, list[Entry]] = {shard: [] for shard in range(shards)}
        for audit in (shard.audit for shard in self._shards):
            reached = audit.remembered()
            for number, entry in division.take(audit.entries(), reached):
                entries[number].append(entry)
        for shard in range(shards):
            entries[shard] += division.shared(point)
        return Carried(entries, KnownSymbols.joined(shard.start.known for shard in self._shards))

    def _begin(self, number: int, carried: Carried | None, stack: ExitStack) -> None:
        written = self._open_reports(number, stack)
        decided = self._generation.decided[number]
        start = None
        if decided is not None:
            given = None if carried is None else carried.entries[number]
            known = KnownSymbols(None) if carried is None else carried.known
            start = shard_start(self._address, self._generation.timelines[number], decided, given, known)
        if start is None or decided is None:
            self._leave_out(number, written)
            return
        start = start._replace(keeps_state=start.keeps_state or not self._generation.is_last)
        self._findings.notes += [f"{self._name(number)}: {note}" for note in start.notes]

        def seen(report: Report) -> bool:
            is_known = start.known.saw(report)
            if not is_known:
                self._ignore_fill(report)
            return is_known

        matchings = {
            partition: ReportMatching(self._findings, reports.read(), seen)
            for partition, reports in written.items()
        }
        shards = len(self._generation.decided)
        audit = ShardAudit(number, shards, start, ShardReports(matchings), self._fills)
        pairs = [(written[partition], matching) for partition, matching in matchings.items()]
        self._shards.append(_Shard(number, decided, audit, pairs, start))

    def _name(self, number: int) -> str:
        generation = self._generation.number
        return f"shard {number}" + (f" of generation {generation}" if generation else "")

    def _open_reports(self, number: int, stack: ExitStack) -> dict[int, WrittenReports]:
        """Open the partitions that may have reports of a shard's symbols."""
        shards, partitions = len(self._generation.decided), topics()["executions"].partitions
        common = gcd(shards, partitions)
        found = {}
        for partition in range(number % common, partitions, common):
            reader = stack.enter_context(open_reader(self._address, "executions"))
            found[partition] = WrittenReports(
                reader,
                partition,
                self._generation.reports[partition],
                lambda symbol: partition_for(symbol, shards) == number,
            )
            from_ms = max(self.reports_from_ms[partition], found[partition].from_ms)
            self.reports_from_ms[partition] = from_ms
        return found

    def _leave_out(self, number: int, written: Mapping[int, WrittenReports]) -> None:
        reports = 0
        for _, report in (each for some in written.values() for each in some.read()):
            reports += 1
            self._ignore_fill(report)
        if reports:
            self._findings.not_audited += reports
            self._findings.notes.append(f"{self._name(number)}: the timeline does not say how it was adopted")

    def _decide_again(self, stack: ExitStack) -> None:
        audits = [shard.audit for shard in self._shards]
        logs = self._open_logs(stack)
        shards = len(self._generation.decided)
        total = sum(max(log.left, 0) for log in logs.values())
        with progress(transient=True) as bar:
            task = bar.add_task("deciding again", total=total)
            for audit in audits:
                audit.go_on()
            # The shard that is furthest behind chooses, so none has to keep much that it can't use yet.
            while waiting := [audit for audit in audits if audit.replay.wanted is not None]:
                behind = min(waiting, key=lambda audit: audit.log_ms)
                partition = behind.replay.wanted
                assert partition is not None
                part = logs[partition].read()
                for shard in self._shards:
                    shard.audit.offer(partition, part.range(shard.number, shards))
                bar.advance(task, part.next - part.first)

    def _open_logs(self, stack: ExitStack) -> dict[Partition, InputLog]:
        """Open every partition from where the first shard needs it to where the last one stands."""
        firsts: dict[Partition, int] = {}
        ends: dict[Partition, int] = {}
        for shard in self._shards:
            for place, first in shard.audit.replay.positions.items():
                end = shard.decided.partitions[place].next
                if first is not None and end is not None:
                    firsts[place] = min(first, firsts.get(place, first))
                    ends[place] = max(end, ends.get(place, end))
        # The shards are adopted with the same rules, one right after the other.
        starts = [shard.start for shard in self._shards]
        rules = {place: starts[place.number % len(starts)].rules_of_ticks(place) for place in firsts}
        _, unread = rejected_offsets(self._address)

        def opened(place: Partition) -> InputLog:
            span = (place, firsts[place], ends[place])
            return stack.enter_context(
                open_log(self._address, *span, rules=rules[place], rejected=unread.get(place, {}))
            )

        return {place: opened(place) for place in firsts}

    def _wait_for_late(self, booked: WrittenFills) -> None:
        """Wait for reports and fills that were written before the positions and are still hidden."""

        def are_matched() -> bool:
            self._fills.take(booked.read())
            self._fills.match_late()
            matched = [self._fills.is_matched]
            for written, matching in (pair for shard in self._shards for pair in shard.written):
                matching.read_on(written.read())
                matched.append(matching.is_matched)
            return all(matched)

        wait_until(are_matched, LATE_SECONDS_MAX if self._generation.is_last else 0)

    def _is_at_rest(self, shard: _Shard) -> bool:
        """Whether the shard has decided nothing since the audit began."""
        if not self._generation.is_last:
            return True
        return decided_positions(self._address, self._generation.number, [shard.number]) == [shard.decided]

    def _undecided(self, shard: _Shard, *, is_at_rest: bool) -> Callable[[Report], bool]:
        reached_us = shard.decided.reached.us

        def is_undecided(report: Report) -> bool:
            log_us = report.log_time_us or 0
            is_later = log_us > reached_us or (log_us == reached_us and not is_at_rest)
            if is_later:
                self._ignore_fill(report)
            return is_later

        return is_undecided

    def _ignore_fill(self, report: Report) -> None:
        if report.exec_type == ExecType.TRADE:
            self._fills.ignore(report.exec_id)
