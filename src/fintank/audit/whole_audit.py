"""The audit of all shards: reads the topics once, in bounded memory."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from fintank.adapters import kafka, kafka_topics
from fintank.adapters.rejected_records import rejected_offsets
from fintank.audit.differences import AuditFindings
from fintank.audit.fill_matching import FillMatching
from fintank.audit.input_log import InputLog, log_starts, open_log
from fintank.audit.report_matching import ReportMatching
from fintank.audit.shard_audit import ShardAudit
from fintank.audit.shard_start import ShardStart, shard_start
from fintank.audit.topic_records import Growing, decided_positions, growing, timeline_of
from fintank.settings import Settings
from fintank.terminal.screen import progress
from fintank.trading.log_merge import Positions
from fintank.trading.messages import ExecType
from fintank.trading.partition_log import Partition
from fintank.trading.reports import Report

LATE_SECONDS_MAX = 30.0
"""How long to wait for what an open transaction hides."""
POLL_SECONDS = 0.2


@dataclass
class _Shard:
    """A shard that is audited: until where, and its reports in the topic."""

    number: int
    decided: Positions
    audit: ShardAudit
    written: Growing
    start: ShardStart


class WholeAudit:
    """One run of the audit; use `audit`."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.findings = AuditFindings()
        self._address = settings.kafka
        self._stack = stack
        # How far the shards are comes first: all that they wrote until then can be read after it.
        self._decided = {
            number: decided_positions(self._address, number) for number in range(kafka_topics.shards())
        }
        self._booked = stack.enter_context(growing(self._address, "fills"))
        self._fills = FillMatching(self.findings, self._booked.record_at)
        self._shards: list[_Shard] = []

    def run(self) -> None:
        """Decide everything again, and compare."""
        self._fills.take(self._booked.fills())
        for number, decided in self._decided.items():
            self._begin(number, decided)
        self._decide_again()
        for shard in self._shards:
            shard.audit.let_time_pass(shard.decided.reached.us)
        self._wait_for_late()
        for shard in self._shards:
            is_at_rest = decided_positions(self._address, shard.number) == shard.decided
            kept_from_us = shard.written.from_ms * 1000
            shard.audit.reports.finish(self._undecided(shard, is_at_rest=is_at_rest), kept_from_us)
        reports_from_ms = {shard.number: shard.written.from_ms for shard in self._shards}
        self._fills.finish(self._booked.from_ms, reports_from_ms)

    def _begin(self, number: int, decided: Positions | None) -> None:
        written = self._stack.enter_context(growing(self._address, "executions", [number]))
        events = timeline_of(self._address, number)
        logs = log_starts(self._address, decided.partitions) if decided else {}
        start = shard_start(self._address, events, decided, logs) if decided else None
        if start is None or decided is None:
            self._leave_out(number, written)
            return
        self.findings.notes += [f"shard {number}: {note}" for note in start.notes]

        def seen(report: Report) -> bool:
            is_known = start.known.saw(report)
            if not is_known:
                self._ignore_fill(report)
            return is_known

        reports = ReportMatching(self.findings, written.reports(), seen)
        audit = ShardAudit(number, start, reports, self._fills)
        self._shards.append(_Shard(number, decided, audit, written, start))

    def _leave_out(self, number: int, written: Growing) -> None:
        reports = 0
        for _, report in written.reports():
            reports += 1
            self._ignore_fill(report)
        if reports:
            self.findings.not_audited += reports
            self.findings.notes.append(f"shard {number}: the timeline does not tell how it was adopted")

    def _decide_again(self) -> None:
        audits = [shard.audit for shard in self._shards]
        logs = self._open_logs()
        total = sum(log.left for log in logs.values())
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
                    shard.audit.offer(partition, part.range(shard.number))
                bar.advance(task, part.next - part.first)

    def _open_logs(self) -> dict[Partition, InputLog]:
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
            return self._stack.enter_context(
                open_log(self._address, *span, rules=rules[place], rejected=unread.get(place, ()))
            )

        return {place: opened(place) for place in firsts}

    def _wait_for_late(self) -> None:
        """Wait for reports and fills that were written before the positions and are still hidden."""
        deadline = time.monotonic() + LATE_SECONDS_MAX
        while True:
            self._fills.take(self._booked.fills())
            self._fills.match_late()
            for shard in self._shards:
                shard.audit.reports.read_on(shard.written.reports())
            matched = [self._fills.is_matched, *(shard.audit.reports.is_matched for shard in self._shards)]
            if all(matched) or time.monotonic() > deadline:
                return
            time.sleep(POLL_SECONDS)

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


def audit(settings: Settings) -> AuditFindings:
    """Decide everything that the shards have decided again, from the topics alone, and compare."""
    with kafka.connect(settings.kafka) as admin:
        kafka.ensure_topics(admin)
    with ExitStack() as stack:
        made = WholeAudit(settings, stack)
        made.run()
    return made.findings
