"""What a check found."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

BREAKS_NAMED_MAX = 100_000
"""How many breaks of a check are kept by name; the others are only counted."""


class BreakKind(StrEnum):
    """What is wrong. `docs/reconcile.md` explains each."""

    ORDER_NOT_ANSWERED = "ORDER_NOT_ANSWERED"
    ORDER_ANSWERED_TWICE = "ORDER_ANSWERED_TWICE"
    REPORT_WITHOUT_ORDER = "REPORT_WITHOUT_ORDER"
    REPORT_NOT_AS_ORDERED = "REPORT_NOT_AS_ORDERED"
    REPORT_AFTER_THE_END = "REPORT_AFTER_THE_END"
    REPORT_DOES_NOT_ADD_UP = "REPORT_DOES_NOT_ADD_UP"
    CANCEL_NOT_ANSWERED = "CANCEL_NOT_ANSWERED"
    CANCEL_ANSWERED_TWICE = "CANCEL_ANSWERED_TWICE"
    REPORT_WITHOUT_CANCEL = "REPORT_WITHOUT_CANCEL"
    TRADE_TWICE = "TRADE_TWICE"
    TRADE_NOT_BOOKED = "TRADE_NOT_BOOKED"
    TRADE_BOOKED_TWICE = "TRADE_BOOKED_TWICE"
    FILL_WITHOUT_TRADE = "FILL_WITHOUT_TRADE"
    FILL_DIFFERS = "FILL_DIFFERS"
    POSITION_DIFFERS = "POSITION_DIFFERS"
    QUOTE_MISSING = "QUOTE_MISSING"
    QUOTE_DIFFERS = "QUOTE_DIFFERS"
    QUOTE_OVERDRAWN = "QUOTE_OVERDRAWN"
    RECORD_NOT_REJECTED = "RECORD_NOT_REJECTED"
    POINT_MISSING = "POINT_MISSING"
    POINT_DIFFERS = "POINT_DIFFERS"
    POINT_WITHOUT_RECORD = "POINT_WITHOUT_RECORD"


class Break(NamedTuple):
    """One break: its kind, the id to look for, and what is wrong."""

    kind: BreakKind
    id: str
    detail: str


@dataclass
class Result:
    """What one check compared.

    pending: unprocessed by the topology. beyond_retention: can't be judged because data was deleted.
    rejected: found in the topic `rejects`. collisions: records whose points overwrote each other.
    """

    what: str
    compared: int = 0
    pending: int = 0
    beyond_retention: int = 0
    rejected: int = 0
    collisions: int = 0
    kinds: Counter[BreakKind] = field(default_factory=Counter)
    named: list[Break] = field(default_factory=list)

    @property
    def breaks(self) -> int:
        """The number of breaks."""
        return self.kinds.total()

    def add(self, kind: BreakKind, what: str, detail: str) -> None:
        """Add a break of the id `what`."""
        self.kinds[kind] += 1
        if len(self.named) < BREAKS_NAMED_MAX:
            self.named.append(Break(kind, what, detail))
