"""The reports decided again against those of the topic `executions`, in their order."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from fintank.adapters.kafka_topics import reports_partition
from fintank.audit.differences import AuditFindings, DifferenceKind, brief
from fintank.trading.reports import Report


class Written(NamedTuple):
    """A report of the topic; place: its record, as in "executions-0-17"."""

    place: str
    report: Report


class ReportMatching:
    """Compares one shard's reports in one partition. They are written in the order of their log times.

    seen: called with each report of the topic before it is compared; returns whether it can be audited.
    """

    def __init__(
        self, findings: AuditFindings, written: Iterator[Written], seen: Callable[[Report], bool]
    ) -> None:
        self._findings = findings
        self._written = written
        self._seen = seen
        self._next: Written | None = None
        self._read = 0
        self._waiting: dict[str, list[tuple[int, Written]]] = {}
        """Reports of the topic that were not decided again yet, by exec_id, each with its number."""
        self._missing: dict[str, Report] = {}
        """Reports decided again that are not in the topic."""
        self._last_number = -1

    def read_before(self, log_us: int) -> None:
        """Read on in the topic, up to the reports of this log time."""
        while (written := self._head()) is not None and (written.report.log_time_us or 0) < log_us:
            self._take(written)

    def compare(self, ours: Report) -> None:
        """Compare the next report that was decided again."""
        assert ours.log_time_us is not None
        self.read_before(ours.log_time_us + 1)
        if ours.exec_id not in self._waiting:
            self._missing[ours.exec_id] = ours
            return
        number, written = self._compare(ours)
        if number < self._last_number:
            self._findings.add(
                DifferenceKind.REPORT_OUT_OF_ORDER,
                ours,
                ours=f"{brief(ours)} after the report that follows it in the topic",
                theirs="before it",
                place=written.place,
            )
        self._last_number = max(self._last_number, number)

    @property
    def is_matched(self) -> bool:
        """Whether every report that was decided again was found so far."""
        return not self._missing

    def read_on(self, written: Iterator[Written]) -> None:
        """Look for what is missing in what was written since."""
        self._written = chain(self._written, written)
        while (more := self._head()) is not None:
            self._take(more)
        for exec_id in self._missing.keys() & self._waiting.keys():
            # A report whose log time differs, or that was written late.
            self._compare(self._missing.pop(exec_id))

    def finish(self, is_undecided: Callable[[Report], bool], kept_from_us: int) -> None:
        """Report what was found on one side only.

        is_undecided: whether a report may not be decided yet. kept_from_us: the topic no longer holds the
        reports up to this log time.
        """
        for ours in self._missing.values():
            if (ours.log_time_us or 0) <= kept_from_us:
                self._findings.not_audited += 1
            elif is_undecided(ours):
                self._findings.undecided += 1
            else:
                self._findings.add(DifferenceKind.REPORT_MISSING, ours, ours=brief(ours))
        for place, report in (written for found in self._waiting.values() for _, written in found):
            if is_undecided(report):
                self._findings.undecided += 1
            else:
                kind = DifferenceKind.REPORT_NOT_DECIDED
                self._findings.add(kind, report, theirs=brief(report), place=place)

    def _compare(self, ours: Report) -> tuple[int, Written]:
        """Compare a report with the one of the topic that waits for it; return that one and its number."""
        found = self._waiting[ours.exec_id]
        number, written = found.pop(0)
        if not found:
            del self._waiting[ours.exec_id]
        self._findings.reports += 1
        self._findings.compare(DifferenceKind.REPORT_DIFFERS, ours, written.report, written.place)
        return number, written

    def _head(self) -> Written | None:
        if self._next is None:
            self._next = next(self._written, None)
        return self._next

    def _take(self, written: Written) -> None:
        self._next = None
        if self._seen(written.report):
            self._waiting.setdefault(written.report.exec_id, []).append((self._read, written))
            self._read += 1
        else:
            self._findings.not_audited += 1


class ShardReports:
    """Compares one shard's reports in all partitions that have some."""

    def __init__(self, partitions: Mapping[int, ReportMatching]) -> None:
        self._partitions = partitions

    def read_before(self, log_us: int) -> None:
        """Read on in the partitions, up to the reports of this log time."""
        for matching in self._partitions.values():
            matching.read_before(log_us)

    def compare(self, ours: Report) -> None:
        """Compare the next report that was decided again."""
        self._partitions[reports_partition(ours.symbol)].compare(ours)
