"""What the audit found."""

from collections import Counter
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from fintank.trading.decimals import plain
from fintank.trading.reports import Fill, Report

NAMED_MAX = 10_000
"""How many differences are kept by name; the others are only counted."""


class DifferenceKind(StrEnum):
    """How what was decided again differs from what the topics hold."""

    REPORT_DIFFERS = "REPORT_DIFFERS"
    REPORT_MISSING = "REPORT_MISSING"
    REPORT_NOT_DECIDED = "REPORT_NOT_DECIDED"
    REPORT_OUT_OF_ORDER = "REPORT_OUT_OF_ORDER"
    FILL_DIFFERS = "FILL_DIFFERS"
    FILL_MISSING = "FILL_MISSING"
    FILL_NOT_DECIDED = "FILL_NOT_DECIDED"


class AuditDifference(NamedTuple):
    """One difference. field: of the message, empty if it is about the message as a whole. ours: as decided
    again; theirs: as in the topic, at `place` if it is there."""

    kind: DifferenceKind
    account: str
    cl_ord_id: str
    field: str
    ours: str
    theirs: str
    place: str

    @property
    def line(self) -> str:
        """The difference in words."""
        what = f"{self.kind}: {self.account} {self.cl_ord_id}"
        field = f" {self.field}" if self.field else ""
        return f"{what}{field}: ours {self.ours}, theirs {self.theirs}" + (
            f" ({self.place})" if self.place else ""
        )


@dataclass
class AuditFindings:
    """What was compared. not_audited: reports that rest on what the logs no longer hold. undecided: reports
    that were decided after the positions up to which all was decided again."""

    reports: int = 0
    fills: int = 0
    not_audited: int = 0
    undecided: int = 0
    kinds: Counter[DifferenceKind] = field(default_factory=Counter)
    named: list[AuditDifference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """From where a shard could be audited, if not from its beginning, and other things to know."""

    @property
    def differences(self) -> int:
        """How many there are."""
        return self.kinds.total()

    def add(
        self,
        kind: DifferenceKind,
        message: Report | Fill,
        *,
        name: str = "",
        ours: object = None,
        theirs: object = None,
        place: str = "",
    ) -> None:
        """Add a difference in a field, or, without a name, in the message."""
        self.kinds[kind] += 1
        if len(self.named) < NAMED_MAX:
            texts = shown(ours), shown(theirs)
            self.named.append(AuditDifference(kind, message.account, message.cl_ord_id, name, *texts, place))

    def compare(self, kind: DifferenceKind, ours: Report | Fill, theirs: Report | Fill, place: str) -> None:
        """Add every field that differs."""
        if ours == theirs:
            return
        if type(ours) is not type(theirs):
            self.add(kind, ours, ours=brief(ours), theirs=brief(theirs), place=place)
            return
        for name in (each.name for each in fields(ours)):
            mine, found = getattr(ours, name), getattr(theirs, name)
            if mine != found:
                self.add(kind, ours, name=name, ours=mine, theirs=found, place=place)


def brief(message: Report | Fill) -> str:
    """Name a report or a fill in a few words."""
    if isinstance(message, Fill):
        return f"{message.side} {plain(message.last_qty)} at {plain(message.last_px)}"
    return f"{message.exec_type} {message.ord_status}"


def shown(value: object) -> str:
    """Write a value for a person."""
    if value is None:
        return "nothing"
    return plain(value) if isinstance(value, Decimal) else str(value)
