"""What a check found, and what it knows of the logs that it judges."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

CLOCK_SKEW_MS_MAX = 60_000
"""Records that belong together were appended within it; the broker's clock may have been set meanwhile."""
BREAKS_NAMED_MAX = 100_000
"""Of each check so many breaks are kept by name; the others are counted."""


class Kind(StrEnum):
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
    """One thing that is not as it must be: what kind, whose (an id to look for), and how."""

    kind: Kind
    id: str
    detail: str


@dataclass
class Result:
    """What one check compared.

    pending: not done yet by the topology. beyond_retention: can't be judged, as a log no longer has all of
    it. rejected: accounted for in the topic `rejects`. collisions: records whose points overwrote each other.
    """

    what: str
    compared: int = 0
    pending: int = 0
    beyond_retention: int = 0
    rejected: int = 0
    collisions: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    named: list[Break] = field(default_factory=list)

    @property
    def breaks(self) -> int:
        """How many breaks there are."""
        return self.kinds.total()

    def add(self, kind: Kind, what: str, detail: str) -> None:
        """Note a break of this, an id to look for."""
        self.kinds[kind] += 1
        if len(self.named) < BREAKS_NAMED_MAX:
            self.named.append(Break(kind, what, detail))


class Log(NamedTuple):
    """One partition of a topic, as it was before anything was read.

    oldest_ms: when its first record was appended. committed: where its consumer group starts again; None
    without a group, or before its first commit.
    """

    first_offset: int = 0
    oldest_ms: int = 0
    committed: int | None = None

    def is_done(self, offset: int) -> bool:
        """Whether the topology has done all that this record asks for."""
        return self.committed is not None and offset < self.committed

    def may_have_lost(self, time_ms: int) -> bool:
        """Whether retention may have deleted what was appended at that time."""
        return self.first_offset > 0 and time_ms <= self.oldest_ms + CLOCK_SKEW_MS_MAX


Logs = Mapping[tuple[str, int], Log]
"""(topic, partition) -> its log, for every partition of every topic."""
