"""The fills decided again against those of the topic `fills`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b

from fintank.adapters.kafka_topics import reports_partition
from fintank.audit.differences import AuditFindings, DifferenceKind, brief
from fintank.trading.reports import Fill
from fintank.wire.kafka import fills
from fintank.wire.kafka.records import Record

DIGEST_BYTES = 16


class FillMatching:
    """Compares the fills of all shards, by exec_id.

    A fill of the topic is remembered as its place and a digest; record_at reads it again where it differs.
    """

    def __init__(self, findings: AuditFindings, record_at: Callable[[int, int], Record | None]) -> None:
        self.findings = findings
        self._record_at = record_at
        self._written: dict[str, list[tuple[int, int, bytes]]] = {}
        self._missing: dict[str, tuple[Fill, int]] = {}

    def take(self, written: Iterable[tuple[Record, Fill]]) -> None:
        """Take in fills of the topic."""
        for record, fill in written:
            digest = _digest(record.text)
            place = record.partition, record.offset, digest
            self._written.setdefault(fill.exec_id, []).append(place)

    def compare(self, ours: Fill, log_us: int) -> None:
        """Compare a fill that was decided again at a log time."""
        if ours.exec_id in self._written:
            self._compare(ours, *self._pop(ours.exec_id))
        else:
            self._missing[ours.exec_id] = ours, log_us

    def ignore(self, exec_id: str) -> None:
        """Leave out the fill of a trade that is not audited."""
        self._written.pop(exec_id, None)

    @property
    def is_matched(self) -> bool:
        """Whether every fill that was decided again was found so far."""
        return not self._missing

    def match_late(self) -> None:
        """Compare those that were taken in late."""
        for exec_id in self._missing.keys() & self._written.keys():
            self._compare(self._missing.pop(exec_id)[0], *self._pop(exec_id))

    def finish(self, fills_from_ms: int, reports_from_ms: Mapping[int, int]) -> None:
        """Report what was found on one side only.

        fills_from_ms: some fills up to this log time are no longer in the topic. reports_from_ms: the same of
        the reports, by partition of `executions`.
        """
        for ours, log_us in self._missing.values():
            if log_us <= fills_from_ms * 1000:
                self.findings.not_audited += 1
            else:
                self.findings.add(DifferenceKind.FILL_MISSING, ours, ours=brief(ours))
        for record, fill in self._left():
            if record.time_ms <= reports_from_ms[reports_partition(fill.symbol)]:
                self.findings.not_audited += 1
            else:
                kind = DifferenceKind.FILL_NOT_DECIDED
                self.findings.add(kind, fill, theirs=brief(fill), place=record.place)

    def _left(self) -> Iterator[tuple[Record, Fill]]:
        for partition, offset, _ in (place for found in self._written.values() for place in found):
            record = self._record_at(partition, offset)
            if record is not None:
                yield record, fills.from_record(record)

    def _pop(self, exec_id: str) -> tuple[int, int, bytes]:
        found = self._written[exec_id]
        place = found.pop(0)
        if not found:
            del self._written[exec_id]
        return place

    def _compare(self, ours: Fill, partition: int, offset: int, digest: bytes) -> None:
        self.findings.fills += 1
        if digest == _digest(fills.to_json(ours)):
            return
        record = self._record_at(partition, offset)
        if record is not None:
            theirs = fills.from_record(record)
            self.findings.compare(DifferenceKind.FILL_DIFFERS, ours, theirs, record.place)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()
