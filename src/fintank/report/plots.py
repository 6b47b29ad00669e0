"""A report's plots. Each is None where there is nothing to draw; the page says so in words then.

The colours are Okabe and Ito's, which colour-blind people tell apart; buys and sells also differ in shape.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, cycle

import plotly.graph_objects as go

from fintank.report.facts import Facts, Latency, Line, Report
from fintank.report.texts import SECOND_NS, milliseconds, moment, price, quantity

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#333333", "#8A8F98"
BAND = "rgba(138, 143, 152, 0.18)"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK, GREY)
DASHES = ("solid", "dash")
LINES_MAX = len(PALETTE) * len(DASHES)
"""More lines than that in one plot can't be told apart: the busiest are drawn."""
SIDE_MARKERS = {
    "BUY": {"color": BLUE, "symbol": "triangle-up"},
    "SELL": {"color": VERMILION, "symbol": "triangle-down"},
}
STATE_COLORS = {
    "FILLED": BLUE,
    "PARTIALLY_FILLED": SKY,
    "NEW": ORANGE,
    "CANCELED": GREY,
    "EXPIRED": PURPLE,
    "REJECTED": VERMILION,
}
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
HEIGHT_PX = 340

Change = tuple[str, int, float]
"""Of what, when in nanoseconds, and by how much."""


def prices(symbol: str, facts: Facts) -> go.Figure | None:
    """Draw a symbol's bid and ask, and its trades, each at the time of the quote that it was made on."""
    quotes = facts.quotes[symbol]
    if not quotes.bid.times_ns:
        return None
    figure = _figure("price", hovermode="closest")
    figure.add_scatter(**_points(quotes.bid), name="bid", line={"color": GREY, "width": 1, "shape": "hv"})
    line = {"color": BLACK, "width": 1, "shape": "hv"}
    figure.add_scatter(**_points(quotes.ask), name="ask", line=line, fill="tonexty", fillcolor=BAND)
    for side, marker in SIDE_MARKERS.items():
        found = [(time_ns, trade) for time_ns, trade in facts.marks(symbol) if trade.side == side]
        if found:
            figure.add_scatter(
                x=_times(time_ns for time_ns, _ in found),
                y=[trade.last_px for _, trade in found],
                name=f"{side} ({len(found):,})",
                mode="markers",
                marker={**marker, "size": 9, "line": {"color": "white", "width": 0.8}},
                text=[_trade_text(trade) for _, trade in found],
                hovertemplate="%{text}<extra></extra>",
            )
    return figure


def shares(facts: Facts) -> go.Figure | None:
    """Draw how many shares of each symbol all accounts together hold."""
    opening: dict[str, float] = defaultdict(float)
    for (_, symbol), (held, _) in facts.opening.items():
        opening[symbol] += held
    changes = [(booking.symbol, booking.time_ns, booking.delta_shares) for booking in facts.bookings]
    return _running_sums("shares", opening, changes)


def cash(facts: Facts) -> go.Figure | None:
    """Draw what each account's trades brought and cost."""
    opening: dict[str, float] = defaultdict(float)
    for (account, _), (_, money) in facts.opening.items():
        opening[account] += money
    changes = [(booking.account, booking.time_ns, booking.delta_cash) for booking in facts.bookings]
    return _running_sums("cash", opening, changes)


def orders_by_state(reports: Iterable[Report]) -> go.Figure | None:
    """Draw how many orders for each symbol are in which state; reports are the last ones of the orders."""
    counts = Counter((report.symbol, report.ord_status) for report in reports)
    totals: Counter[str] = Counter()
    for (symbol, _), count in counts.items():
        totals[symbol] += count
    if not totals:
        return None
    symbols = [symbol for symbol, _ in totals.most_common(LINES_MAX)][::-1]
    figure = _figure(None, hovermode="closest", barmode="stack")
    for state, color in STATE_COLORS.items():
        values = [counts[symbol, state] for symbol in symbols]
        if any(values):
            style = {"name": state, "orientation": "h", "marker_color": color}
            figure.add_bar(x=values, y=symbols, **style, hovertemplate="%{y}: %{x:,}")
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text="orders")
    return figure


def latency(found: Latency | None) -> go.Figure | None:
    """Draw percentiles of a latency."""
    if found is None:
        return None
    figure = _figure(None)
    for name, line, color in (
        ("p50", found.p50, BLUE),
        ("p95", found.p95, ORANGE),
        ("p99", found.p99, VERMILION),
    ):
        figure.add_scatter(**_points(line), **_line_style(name, color), hovertemplate="%{y:,.0f} ms")
    figure.update_yaxes(type="log", dtick=1, ticksuffix=" ms")
    return figure


def rates(lines: Mapping[str, Line], unit: str) -> go.Figure | None:
    """Draw lines by their names."""
    if not lines:
        return None
    figure = _figure(unit)
    for (name, line), color in zip(lines.items(), cycle(PALETTE), strict=False):
        figure.add_scatter(**_points(line), **_line_style(name, color), hovertemplate="%{y:,.0f}")
    figure.update_layout(showlegend=len(lines) > 1)
    figure.update_yaxes(rangemode="tozero")
    return figure


def counts(named: Mapping[str, int], unit: str, color: str) -> go.Figure | None:
    """Draw counts by their names, the largest on top."""
    if not named:
        return None
    found = sorted(named.items(), key=lambda item: item[1])
    figure = _figure(None, hovermode="closest")
    figure.add_bar(
        x=[count for _, count in found],
        y=[name for name, _ in found],
        orientation="h",
        marker_color=color,
        text=[f"{count:,}" for _, count in found],
        hovertemplate="%{y}: %{x:,}<extra></extra>",
    )
    figure.update_xaxes(title_text=unit)
    return figure


def _running_sums(unit: str, opening: Mapping[str, float], changes: Sequence[Change]) -> go.Figure | None:
    """Draw running sums by name, from the opening ones on."""
    if not changes:
        return None
    by_name: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for name, time_ns, change in sorted(changes, key=lambda item: item[1]):
        by_name[name].append((time_ns, change))
    first_ns, last_ns = min(change[1] for change in changes), max(change[1] for change in changes)
    room_ns = max((last_ns - first_ns) // 50, SECOND_NS)
    figure = _figure(unit)
    busiest = sorted(by_name, key=lambda name: -len(by_name[name]))[:LINES_MAX]
    for number, name in enumerate(sorted(busiest)):
        times = [first_ns - room_ns, *(time_ns for time_ns, _ in by_name[name]), last_ns + room_ns]
        sums = list(accumulate((change for _, change in by_name[name]), initial=opening.get(name, 0)))
        color, dash = PALETTE[number % len(PALETTE)], DASHES[number // len(PALETTE)]
        line = {"color": color, "dash": dash, "shape": "hv"}
        figure.add_scatter(
            x=_times(times),
            y=[*sums, sums[-1]],
            name=name,
            mode="lines",
            line=line,
            hovertemplate="%{y:,.2f}",
        )
    return figure


def _figure(unit: str | None, **layout: object) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        height=HEIGHT_PX,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        font={"family": FONT, "size": 12, "color": BLACK},
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "yanchor": "bottom",
            "y": 1.0,
            "xanchor": "left",
            "x": 0,
        },
        hoverlabel={"align": "left"},
        **{"hovermode": "x unified", **layout},
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True, title_text=unit, tickformat=",~f" if unit else None)
    return figure


def _line_style(name: str, color: str) -> dict[str, object]:
    return {"name": name, "mode": "lines+markers", "line_color": color, "marker_size": 4}


def _points(line: Line) -> dict[str, Sequence[object]]:
    return {"x": _times(line.times_ns), "y": line.values}


def _times(times_ns: Iterable[int]) -> list[str]:
    """Write times as Plotly reads them: UTC, to the millisecond."""
    return [moment(time_ns).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] for time_ns in times_ns]


def _trade_text(trade: Report) -> str:
    return (
        f"<b>{trade.side} {quantity(trade.last_qty)} {trade.symbol} at {price(trade.last_px)}</b><br>"
        f"quote: bid {price(trade.bid)} ask {price(trade.ask)} on {trade.last_mkt}<br>"
        f"decided at {milliseconds(trade.time_ns)}<br>"
        f"account {trade.account}<br>{trade.cl_ord_id}"
    )
