"""A report as one self-contained HTML page: no network, no other file."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from html import escape
from pathlib import Path
from statistics import median
from string import Template

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from fintank.colors import ORANGE, VERMILION
from fintank.report import plots, tables
from fintank.report.data import ExecutionRow, Line, ReportData
from fintank.terminal.texts import counted, utc
from fintank.trading.reports import CANCEL_REJECTED

TEMPLATE = Path(__file__).parent / "page.html"
CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": False}
REJECTIONS = {"REJECTED": "order", CANCEL_REJECTED: "cancel"}
UNFILLED = ("REJECTED", "CANCELED", "EXPIRED")
SYMBOLS_NAMED_MAX = 8


def page(data: ReportData, source: str) -> str:
    """Return the page; source says where the data comes from."""
    span = data.span
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        plotly=get_plotlyjs(),
        period=f"{_to_second(span.since_ns)} to {_to_second(span.until_ns)} UTC",
        source=escape(source),
        interval=f"{(data.working or span).interval_s} s",
        cards="\n".join(_card(*card) for card in _cards(data)),
        summary=_summary(data),
        **{name: table or _nothing(otherwise) for name, (table, otherwise) in _tables(data).items()},
        **{name: _plot(figure, otherwise) for name, (figure, otherwise) in _plots(data).items()},
        prices=_prices(data),
    )


def _tables(data: ReportData) -> dict[str, tuple[str | None, str]]:
    """Return by placeholder the tables, each with a text for the case that it is empty."""
    unfilled = [row for row in data.last_reports if row.ord_status in UNFILLED]
    return {
        "trades": (tables.trades(data.trades, data.quote_times_ns), "No trades."),
        "positions": (tables.positions(data), "No positions."),
        "portfolio_orders": (tables.portfolio_orders(data.portfolio_orders), "No portfolio orders."),
        "quote_faults": (tables.quote_faults(data.faults), "No symbol was crossed and no exchange silent."),
        "unfilled": (tables.unfilled_orders(unfilled), "No order was rejected, canceled or expired."),
    }


def _plots(data: ReportData) -> dict[str, tuple[go.Figure | None, str]]:
    """Return by placeholder the plots, each with a text for the case that there is nothing to draw."""
    rejects = plots.counts(_rejects(data), "records, orders and cancels", VERMILION)
    discarded = plots.counts(data.discarded, "quotes, orders and tuples", ORANGE)
    return {
        "shares": (plots.shares(data), "No fills."),
        "cash": (plots.cash(data), "No fills."),
        "states": (plots.orders_by_state(data.last_reports), "No orders."),
        "rejects": (rejects, "No record, order or cancel was rejected."),
        "tick_latency": (plots.latency(data.tick_latency), "No ticks were stored."),
        "order_latency": (plots.latency(data.order_latency), "No orders were decided."),
        "tick_rate": (plots.rates(data.tick_rates, "per second"), "No ticks were stored."),
        "order_rate": (plots.rates(data.order_rates, "per second"), "No orders were stored."),
        "lag": (plots.rates(data.lags, "records"), "The topology was not running."),
        "discarded": (discarded, "No quote or order was discarded, and no tuple failed."),
    }


def _cards(data: ReportData) -> list[tuple[str, str, str]]:
    """Return the figures at the top: name, value and note."""
    orders, trades = data.last_reports, data.trades
    turnover: dict[str, float] = defaultdict(float)
    for trade in trades:
        turnover[trade.currency or ""] += abs(trade.turnover)
    sums = (f"{amount:,.0f} {currency}".rstrip() for currency, amount in sorted(turnover.items()))
    states = Counter(row.ord_status for row in orders)
    by_state = (f"{count:,} {state.lower().replace('_', ' ')}" for state, count in states.most_common())
    return [
        ("ticks", f"{data.ticks:,}", "quotes stored"),
        ("orders for one symbol", f"{len(orders):,}", ", ".join(by_state) or "none"),
        ("trades", f"{len(trades):,}", f"turnover {' and '.join(sums) or 'none'}"),
        ("tick to stored", *_latency_card(data.tick_latency)),
        ("order to execution", *_latency_card(data.order_latency)),
        ("rejects", f"{sum(data.rejects.values()):,}", "records that could not be used"),
    ]


def _latency_card(latency: Mapping[str, Line]) -> tuple[str, str]:
    if not latency:
        return "-", "not measured"
    typical, worst = median(latency["p50"].values), max(latency["p99"].values)
    return f"{typical:,.0f} ms", f"median p50; highest p99 {worst:,.0f} ms"


def _summary(data: ReportData) -> str:
    parts = []
    for side, verb in (("BUY", "Bought"), ("SELL", "Sold")):
        counts = Counter(trade.symbol for trade in data.trades if trade.side == side)
        named = ", ".join(
            f"{escape(symbol)} {count:,}" for symbol, count in counts.most_common(SYMBOLS_NAMED_MAX)
        )
        more = " ..." if len(counts) > SYMBOLS_NAMED_MAX else "."
        if counts:
            action = f'<span class="{side.lower()}">{verb}</span>'
            parts.append(f"{action} in {counts.total():,} trades: {named}{more}")
    if data.executions_left_out:
        parts.append(f"The {data.executions_left_out:,} earliest execution reports are left out.")
    return " ".join(parts)


def _prices(data: ReportData) -> str:
    parts = [
        f"<figure><figcaption>{escape(symbol)}<span>{_price_note(symbol, data)}</span></figcaption>"
        f"{_plot(plots.prices(symbol, data), 'No quotes are stored.')}</figure>"
        for symbol in data.prices
    ]
    return "\n".join(parts) or _nothing("No quotes are stored.")


def _price_note(symbol: str, data: ReportData) -> str:
    left_out = sum(trade.symbol == symbol for trade in data.trades) - len(data.marks(symbol))
    note = f"{counted(left_out, 'trade')} not drawn (quote unknown); " if left_out else ""
    return f"{note}one point per {data.prices[symbol].interval_s} s"


def _rejects(data: ReportData) -> dict[str, int]:
    """Count rejected records by reason, and rejected orders and cancels by code."""
    counts = Counter(data.rejects)
    counts.update(_code(row) for row in data.executions if row.exec_type in REJECTIONS)
    return dict(counts)


def _code(row: ExecutionRow) -> str:
    first = (row.text or "").split(" ")[0]
    return f"{REJECTIONS[row.exec_type]}: {first.removeprefix('code=') or row.exec_type}"


def _to_second(time_ns: int) -> str:
    return utc(time_ns // 1_000_000)[:19].replace("T", " ")


def _card(title: str, value: str, note: str) -> str:
    return f'<div class="card"><h3>{escape(title)}</h3><strong>{value}</strong><p>{escape(note)}</p></div>'


def _plot(figure: go.Figure | None, otherwise: str) -> str:
    if figure is None:
        return _nothing(otherwise)
    html: str = figure.to_html(full_html=False, include_plotlyjs=False, config=CONFIG)
    return html


def _nothing(text: str) -> str:
    return f'<p class="nothing">{escape(text)}</p>'
