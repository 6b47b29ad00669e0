"""Which symbols can be audited where the logs no longer hold all that was decided on.

What a symbol's orders meet is known once every usable quote was seen, none of its orders is open that came
before, what those took of the quotes no longer matters, and its reference price does not come from before:
the middle of its NBBO stayed the same for as long as a candidate and the one after it take.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from fintank.trading.limits import SECOND_US
from fintank.trading.messages import ExecType, Identity, Quote, Side
from fintank.trading.reports import ExecutionReport, OrderCancelReject, Report

STEADY_US = 2 * SECOND_US
"""By then the middle is the reference, whatever it and its candidate were before."""


@dataclass
class _Unknown:
    """Why a symbol is unknown: open orders, and by exchange and side the price at which some was taken."""

    open: set[Identity] = field(default_factory=set)
    taken_at: dict[tuple[str, Side], Decimal] = field(default_factory=dict)


class KnownSymbols:
    """A symbol is unknown until everything about it is known, and known from then on.

    known_from_us: the log time from which all usable quotes were seen; None if nothing was ever decided
    before the logs begin.
    """

    def __init__(self, known_from_us: int | None) -> None:
        self._known_from_us = known_from_us
        self._unknown: defaultdict[str, _Unknown] = defaultdict(_Unknown)
        self._since_us: dict[str, int] = {}
        self._steady: dict[str, tuple[Decimal | None, int]] = {}
        """The middle of each symbol's NBBO, and since when, by the symbol's clock."""
        self._with_reference: set[str] = set()
        self._unaudited: set[Identity] = set()
        """The orders of unknown symbols: what comes of them is not audited later either."""

    @classmethod
    def joined(cls, several: Iterable["KnownSymbols"]) -> "KnownSymbols":
        """Return what is known of the symbols of several shards."""
        found = cls(None)
        for each in several:
            if each._known_from_us is not None:
                found.unknown_until(each._known_from_us)
            found._unknown |= each._unknown
            found._since_us |= each._since_us
            found._steady |= each._steady
            found._with_reference |= each._with_reference
            found._unaudited |= each._unaudited
        return found

    def unknown_until(self, known_from_us: int) -> None:
        """Take in that not all usable quotes were seen before a log time."""
        self._known_from_us = max(known_from_us, self._known_from_us or 0)

    def on_quote(self, quote: Quote) -> None:
        """Take in a quote before the shard does: a new price is a new size."""
        unknown = self._unknown.get(quote.symbol)
        if unknown is not None:
            for side, price in ((Side.BUY, quote.ask), (Side.SELL, quote.bid)):
                taken_at = unknown.taken_at.get((quote.exchange, side))
                if taken_at is not None and (price is None or Decimal(price) != taken_at):
                    del unknown.taken_at[quote.exchange, side]

    def needs_middle(self, symbol: str) -> bool:
        """Whether on_middle is to be called for a symbol."""
        return self._known_from_us is not None and symbol not in self._with_reference

    def on_middle(self, symbol: str, middle: Decimal | None, now_us: int) -> None:
        """Take in the middle of the NBBO at a time of the symbol's clock: after each quote and before the
        next one, and before an order.
        """
        before, since_us = self._steady.setdefault(symbol, (middle, now_us))
        if middle != before or now_us < since_us:
            self._steady[symbol] = middle, now_us
        elif middle is not None and now_us - since_us >= STEADY_US:
            self._with_reference.add(symbol)

    def can_audit(self, identity: Identity, log_us: int) -> bool:
        """Whether an order that arrives at a log time can be decided again.

        All reports of earlier log times must have been seen.
        """
        if self._known_from_us is None:
            return True
        if identity.symbol not in self._since_us:
            unknown = self._unknown[identity.symbol]
            is_known = log_us >= self._known_from_us and identity.symbol in self._with_reference
            if not is_known or unknown.open or unknown.taken_at:
                if identity not in self._unaudited:
                    self._unaudited.add(identity)
                    unknown.open.add(identity)
                return False
            # Not from log_us on: other records of this log time may have come before.
            self._since_us[identity.symbol] = log_us + 1
            del self._unknown[identity.symbol]
        return identity not in self._unaudited

    def saw(self, report: Report) -> bool:
        """Take in a report of the topic; return whether it can be audited."""
        if report.log_time_us is None:
            return False
        if self._known_from_us is None or report.symbol in self._since_us:
            return self.is_known(report)
        self._unaudited.add(report.identity)
        if isinstance(report, ExecutionReport):
            self._note(self._unknown[report.symbol], report)
        return False

    def is_known(self, report: Report) -> bool:
        """Return whether a report rests on nothing that is unknown."""
        if self._known_from_us is None:
            return True
        orders = {report.identity}
        if isinstance(report, OrderCancelReject):
            orders.add(Identity(report.account, report.symbol, report.orig_cl_ord_id))
        return self._is_since(report) and not orders & self._unaudited

    def _is_since(self, report: Report) -> bool:
        since_us = self._since_us.get(report.symbol)
        return since_us is not None and (report.log_time_us or 0) >= since_us

    @staticmethod
    def _note(unknown: _Unknown, report: ExecutionReport) -> None:
        if report.ord_status.is_terminal:
            unknown.open.discard(report.identity)
        else:
            unknown.open.add(report.identity)
        if report.exec_type is ExecType.TRADE and report.last_mkt is not None and report.last_px is not None:
            unknown.taken_at[report.last_mkt, report.side] = report.last_px
