"""What a report tells: values, read from InfluxDB by `reading`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fintank.report.span import Span
from fintank.trading.reports import CANCEL_REJECTED


class Report(NamedTuple):
    """A record of the topic executions. Times are nanoseconds since the epoch; what it has not is None."""

    time_ns: int
    exec_type: str
    ord_status: str
    account: str
    symbol: str
    side: str | None
    cl_ord_id: str
    last_qty: float | None
    last_px: float | None
    last_mkt: str | None
    bid: float | None
    ask: float | None
    quote_ids: str | None
    text: str | None

    @property
    def quote_id(self) -> str:
        """The first quote that a trade was made on, as `partition-offset`."""
        return (self.quote_ids or "").split(" ")[0]


Holdings = Mapping[tuple[str, str], tuple[float, float]]
"""Shares and cash, by account and symbol."""


class Booking(NamedTuple):
    """A fill's change of an account's shares of a symbol, and of its cash."""

    time_ns: int
    account: str
    symbol: str
    delta_shares: float
    delta_cash: float


class PortfolioOrder(NamedTuple):
    """A deposit (BUY) or a withdrawal (SELL)."""

    time_ns: int
    account: str
    side: str
    order_id: str
    amount: float
    symbols: str


@dataclass(frozen=True)
class Line:
    """Points of a line: times in nanoseconds, and for each of them a value."""

    times_ns: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True)
class Quotes:
    """One symbol's prices: of each interval the last bid and the last ask."""

    bid: Line
    ask: Line
    interval_s: int


@dataclass(frozen=True)
class Latency:
    """Milliseconds, of each interval the mean p50 and p95 and the highest p99 of its seconds."""

    p50: Line
    p95: Line
    p99: Line


@dataclass(frozen=True)
class Facts:
    """All that a report shows. Positions count from the very first booking, all else from span.since_ns on.

    reports_left_out: reports before those that were read. quote_times_ns: when the quote of a trade was made,
    by Report.quote_id. opening: what was held before the span, and holdings at its end, by account and
    symbol: shares and cash. working: the part of the span in which the topology worked. rates: a second, by
    component. lags: records, by topic. rejects: by reason. of_no_use: by what was wrong.
    """

    span: Span
    ticks: int = 0
    reports: Sequence[Report] = ()
    reports_left_out: int = 0
    quote_times_ns: Mapping[str, int] = field(default_factory=dict)
    portfolio_orders: Sequence[PortfolioOrder] = ()
    quotes: Mapping[str, Quotes] = field(default_factory=dict)
    bookings: Sequence[Booking] = ()
    opening: Holdings = field(default_factory=dict)
    holdings: Holdings = field(default_factory=dict)
    working: Span | None = None
    tick_latency: Latency | None = None
    order_latency: Latency | None = None
    rates: Mapping[str, Line] = field(default_factory=dict)
    lags: Mapping[str, Line] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    of_no_use: Mapping[str, int] = field(default_factory=dict)

    @property
    def trades(self) -> list[Report]:
        """The reports that tell of a trade."""
        return [report for report in self.reports if report.exec_type == "TRADE"]

    def marks(self, symbol: str) -> list[tuple[int, Report]]:
        """Return a symbol's trades with the times of their quotes; those with an unknown quote are left out.

        If no quote of them is known: with the time of the decision.
        """
        own = [trade for trade in self.trades if trade.symbol == symbol]
        known = [(self.quote_times_ns[t.quote_id], t) for t in own if t.quote_id in self.quote_times_ns]
        return known or [(trade.time_ns, trade) for trade in own]

    @property
    def last_reports(self) -> list[Report]:
        """The latest report of each order; the refusal of a cancel is none."""
        return list(
            {
                (report.account, report.symbol, report.cl_ord_id): report
                for report in self.reports
                if report.exec_type != CANCEL_REJECTED
            }.values()
        )
