"""A report as one HTML page that needs nothing else: no network, no file beside it."""

from collections import Counter
from collections.abc import Mapping
from html import escape
from pathlib import Path
from statistics import median
from string import Template

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from fintank.report import plots, tables
from fintank.report.facts import Facts, Latency, Line, Report
from fintank.report.texts import moment
from fintank.trading.reports import CANCEL_REJECTED

TEMPLATE = Path(__file__).parent / "page.html"
CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": False}
TO_SECOND = "%Y-%m-%d %H:%M:%S"
TICK_RATES = {"ticks": "tick-influxdb-loader"}
ORDER_RATES = {
    "orders for one symbol": "component-order-influxdb-loader",
    "execution reports": "execution-influxdb-loader",
}
REFUSALS = {"REJECTED": "order", CANCEL_REJECTED: "cancel"}
UNFILLED = ("REJECTED", "CANCELED", "EXPIRED")
SYMBOLS_NAMED_MAX = 8


def page(facts: Facts, source: str) -> str:
    """Return the page; source says where the facts were read."""
    span = facts.span
    return Template(TEMPLATE.read_text()).substitute(
        plotly=get_plotlyjs(),
        period=f"{moment(span.since_ns):{TO_SECOND}} to {moment(span.until_ns):{TO_SECOND}} UTC",
        source=escape(source),
        interval=f"{(facts.working or span).interval_s} s",
        cards="\n".join(_card(*card) for card in _cards(facts)),
        summary=_summary(facts),
        **_trading(facts),
        **_orders(facts),
        **_speed(facts),
    )


def _trading(facts: Facts) -> dict[str, str]:
    """Return what was traded, by the names of the template."""
    return {
        "trades": _trades(facts),
        "prices": _prices(facts),
        "positions": tables.positions(facts) if facts.holdings else _nothing("Nobody holds anything."),
        "shares": _plot(plots.shares(facts), "Nothing was booked."),
        "cash": _plot(plots.cash(facts), "Nothing was booked."),
    }


def _orders(facts: Facts) -> dict[str, str]:
    """Return what was asked for, by the names of the template."""
    unfilled = [report for report in facts.last_reports if report.ord_status in UNFILLED]
    portfolios = facts.portfolio_orders
    return {
        "states": _plot(plots.orders_by_state(facts.last_reports), "No order came."),
        "rejects": _plot(
            plots.counts(_refusals(facts), "records, orders and cancels", plots.VERMILION),
            "Nothing was rejected: no record, no order, no cancel.",
        ),
        "portfolio_orders": (
            tables.portfolio_orders(portfolios) if portfolios else _nothing("No portfolio order came.")
        ),
        "unfilled": tables.ended_unfilled(unfilled) if unfilled else _nothing("No order ended unfilled."),
    }


def _speed(facts: Facts) -> dict[str, str]:
    """Return how fast it was, by the names of the template."""
    return {
        "tick_latency": _plot(plots.latency(facts.tick_latency), "No tick was stored."),
        "order_latency": _plot(plots.latency(facts.order_latency), "No order was decided."),
        "tick_rate": _plot(plots.rates(_rates(facts, TICK_RATES), "a second"), "No tick was stored."),
        "order_rate": _plot(plots.rates(_rates(facts, ORDER_RATES), "a second"), "No order was stored."),
        "of_no_use": _plot(
            plots.counts(facts.of_no_use, "quotes, orders and tuples", plots.ORANGE),
            "All was of use: no quote was dropped, no order came twice, no tuple failed.",
        ),
        "lag": _plot(plots.rates(facts.lags, "records"), "The topology did not run."),
    }


def _cards(facts: Facts) -> list[tuple[str, str, str]]:
    """Return the figures on top: what, how much, and what that is."""
    orders, trades = facts.last_reports, facts.trades
    turnover = sum((trade.last_qty or 0) * (trade.last_px or 0) for trade in trades)
    states = Counter(report.ord_status for report in orders)
    told = ", ".join(f"{count:,} {state.lower().replace('_', ' ')}" for state, count in states.most_common())
    return [
        ("ticks", f"{facts.ticks:,}", "quotes stored"),
        ("orders for one symbol", f"{len(orders):,}", told or "none came"),
        ("trades", f"{len(trades):,}", f"{turnover:,.0f} of turnover"),
        ("tick to stored", *_latency_card(facts.tick_latency)),
        ("order to execution", *_latency_card(facts.order_latency)),
        ("rejects", f"{sum(facts.rejects.values()):,}", "records that could not be used"),
    ]


def _latency_card(latency: Latency | None) -> tuple[str, str]:
    if latency is None:
        return "-", "not measured"
    typical, worst = median(latency.p50.values), max(latency.p99.values)
    return f"{typical:,.0f} ms", f"p50 of the median second; worst p99 {worst:,.0f} ms"


def _summary(facts: Facts) -> str:
    parts = []
    for side, verb in (("BUY", "Bought"), ("SELL", "Sold")):
        counts = Counter(trade.symbol for trade in facts.trades if trade.side == side)
        named = ", ".join(
            f"{escape(symbol)} {count:,}" for symbol, count in counts.most_common(SYMBOLS_NAMED_MAX)
        )
        more = " ..." if len(counts) > SYMBOLS_NAMED_MAX else "."
        if counts:
            parts.append(
                f'<span class="{side.lower()}">{verb}</span> in {counts.total():,} trades: {named}{more}'
            )
    if facts.reports_left_out:
        parts.append(f"The {facts.reports_left_out:,} earliest execution reports are left out.")
    return " ".join(parts)


def _trades(facts: Facts) -> str:
    if not facts.trades:
        return _nothing("Nothing was traded.")
    return tables.trades(facts.trades, facts.quote_times_ns)


def _prices(facts: Facts) -> str:
    parts = [
        f"<figure><figcaption>{escape(symbol)}<span>{_drawn(symbol, facts)}</span></figcaption>"
        f"{_plot(plots.prices(symbol, facts), 'No quote is stored.')}</figure>"
        for symbol in facts.quotes
    ]
    return "\n".join(parts) or _nothing("No quote is stored.")


def _drawn(symbol: str, facts: Facts) -> str:
    left_out = sum(trade.symbol == symbol for trade in facts.trades) - len(facts.marks(symbol))
    told = f"{left_out:,} trades whose quote can't be told are not drawn; " if left_out else ""
    return f"{told}{facts.quotes[symbol].interval_s} s a point"


def _refusals(facts: Facts) -> dict[str, int]:
    """Count rejected records by their reason, and refused orders and cancels by their code."""
    counts = Counter(facts.rejects)
    counts.update(_code(report) for report in facts.reports if report.exec_type in REFUSALS)
    return dict(counts)


def _code(report: Report) -> str:
    first = (report.text or "").split(" ")[0]
    return f"{REFUSALS[report.exec_type]}: {first.removeprefix('code=') or report.exec_type}"


def _rates(facts: Facts, components: Mapping[str, str]) -> dict[str, Line]:
    return {name: facts.rates[id_] for name, id_ in components.items() if id_ in facts.rates}


def _card(title: str, value: str, note: str) -> str:
    return f'<div class="card"><h3>{escape(title)}</h3><strong>{value}</strong><p>{escape(note)}</p></div>'


def _plot(figure: go.Figure | None, otherwise: str) -> str:
    if figure is None:
        return _nothing(otherwise)
    html: str = figure.to_html(full_html=False, include_plotlyjs=False, config=CONFIG)
    return html


def _nothing(text: str) -> str:
    return f'<p class="nothing">{escape(text)}</p>'
