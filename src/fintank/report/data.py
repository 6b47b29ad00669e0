"""What a report shows, as `queries` reads it. Times are nanoseconds since the epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fintank.report.span import Span
from fintank.trading.reports import CANCEL_REJECTED


class ExecutionRow(NamedTuple):
    """A point of the measurement executions; a missing field is None."""

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
    order_id: str | None
    orig_cl_ord_id: str | None
    currency: str | None
    multiplier: float | None

    @property
    def turnover(self) -> float:
        """What a trade cost or brought, in its currency; 0 for any other report."""
        return (self.last_qty or 0) * (self.last_px or 0) * (self.multiplier or 1)

    @property
    def order_cl_ord_id(self) -> str:
        """The order's own cl_ord_id, also where cl_ord_id is that of a cancel."""
        return self.orig_cl_ord_id if self.exec_type == "CANCELED" and self.orig_cl_ord_id else self.cl_ord_id

    @property
    def quote_id(self) -> str:
        """The first quote that was traded on, as `partition-offset`."""
        return (self.quote_ids or "").split(" ")[0]


class FillRow(NamedTuple):
    """A point of the measurement fills, or the sum of several."""

    time_ns: int
    account: str
    symbol: str
    currency: str | None
    delta_shares: float
    delta_cash: float
    commission: float | None
    multiplier: float | None


class PortfolioOrderRow(NamedTuple):
    """A point of the measurement portfolio_orders: a deposit (BUY) or a withdrawal (SELL)."""

    time_ns: int
    account: str
    side: str
    order_id: str
    amount: float
    symbols: str


class Held(NamedTuple):
    """What fills sum to; cash does not include the commission. multiplier is that of the latest fill."""

    shares: float = 0.0
    cash: float = 0.0
    commission: float = 0.0
    multiplier: float = 1.0


Holdings = Mapping[tuple[str, str, str], Held]
"""What is held by account, symbol and currency."""


class Line(NamedTuple):
    """The points of a line in a plot."""

    times_ns: Sequence[int]
    values: Sequence[float]


NO_LINE = Line((), ())


class PriceLines(NamedTuple):
    """The last bid, ask and reference price of each interval, and the ends of the collar, for one symbol.

    They are of the time around its trades; middle: that of its last bid and ask in the whole span.
    """

    bid: Line
    ask: Line
    interval_s: int
    reference: Line = NO_LINE
    collar_low: Line = NO_LINE
    collar_high: Line = NO_LINE
    middle: float | None = None


class FaultRow(NamedTuple):
    """A point of the measurement quote_faults: a symbol that is crossed or has silent exchanges, in a second.

    exchanges: those that are not traded on, at most five of them. lasted_ms: see FaultySymbol.
    """

    time_ns: int
    fault: str
    symbol: str
    exchanges: str
    lasted_ms: int


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows.

    executions_left_out: execution reports before the ones that were read. quote_times_ns: by quote_id.
    opening, holdings: positions at the start and at the end of the span, counted from the very first fill.
    working: the part of the span in which the topology worked. tick_latency, order_latency: milliseconds by
    percentile; per interval the mean p50, the mean p95 and the highest p99 of its seconds. tick_rates,
    order_rates: records per second. lags: records by topic. rejects: by reason. discarded: by cause.
    faults: crossed symbols and silent exchanges, second by second. fills: of an account, a symbol and a
    currency, those of an interval are one.
    """

    span: Span
    ticks: int = 0
    executions: Sequence[ExecutionRow] = ()
    executions_left_out: int = 0
    quote_times_ns: Mapping[str, int] = field(default_factory=dict)
    portfolio_orders: Sequence[PortfolioOrderRow] = ()
    prices: Mapping[str, PriceLines] = field(default_factory=dict)
    fills: Sequence[FillRow] = ()
    opening: Holdings = field(default_factory=dict)
    holdings: Holdings = field(default_factory=dict)
    working: Span | None = None
    tick_latency: Mapping[str, Line] = field(default_factory=dict)
    order_latency: Mapping[str, Line] = field(default_factory=dict)
    tick_rates: Mapping[str, Line] = field(default_factory=dict)
    order_rates: Mapping[str, Line] = field(default_factory=dict)
    lags: Mapping[str, Line] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    discarded: Mapping[str, int] = field(default_factory=dict)
    faults: Sequence[FaultRow] = ()

    @property
    def trades(self) -> list[ExecutionRow]:
        """The execution reports of trades."""
        return [row for row in self.executions if row.exec_type == "TRADE"]

    def marks(self, symbol: str) -> list[tuple[int, ExecutionRow]]:
        """Return a symbol's trades, each with the time of its quote; trades on unknown quotes are left out.

        If none of the quotes is known, the time is that of the decision.
        """
        own = [trade for trade in self.trades if trade.symbol == symbol]
        known = [(self.quote_times_ns[t.quote_id], t) for t in own if t.quote_id in self.quote_times_ns]
        return known or [(trade.time_ns, trade) for trade in own]

    @property
    def last_reports(self) -> list[ExecutionRow]:
        """The latest execution report of each order; a rejected cancel is not one.

        Nor is the rejection of an order's message that came again after the order was forgotten.
        """
        found: dict[str | tuple[str, ...], ExecutionRow] = {}
        for row in self.executions:
            name = row.order_id or (row.account, row.symbol, row.order_cl_ord_id)
            if row.exec_type != CANCEL_REJECTED and not (row.exec_type == "REJECTED" and name in found):
                found[name] = row
        return list(found.values())
