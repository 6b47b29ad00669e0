"""A report's plots. A plot is None if there is nothing to draw; the page then says so in words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import accumulate, cycle

import plotly.graph_objects as go

from fintank.colors import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from fintank.report.data import ExecutionRow, FillRow, Line, ReportData
from fintank.report.span import SECOND_NS
from fintank.terminal.texts import number, utc

BAND = "rgba(138, 143, 152, 0.18)"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK, GREY)
LATENCY_PALETTE = (BLUE, ORANGE, VERMILION)
DASHES = ("solid", "dash")
LINES_MAX = len(PALETTE) * len(DASHES)
"""More lines in one plot can't be told apart: the busiest are drawn."""
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
LEGEND = {"orientation": "h", "traceorder": "normal", "yanchor": "bottom", "xanchor": "left", "y": 1, "x": 0}
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
HEIGHT_PX = 340


def prices(symbol: str, data: ReportData) -> go.Figure | None:
    """Draw a symbol's bid and ask, and its trades at the times of the quotes they were made on."""
    lines = data.prices[symbol]
    if not lines.bid.times_ns:
        return None
    figure = _figure("price", hovermode="closest")
    style = {"width": 1, "shape": "hv"}
    figure.add_scatter(**_points(lines.bid), name="bid", line={"color": GREY, **style})
    figure.add_scatter(
        **_points(lines.ask), name="ask", line={"color": BLACK, **style}, fill="tonexty", fillcolor=BAND
    )
    if lines.reference.times_ns:
        dotted = {"dash": "dot", **style}
        figure.add_scatter(**_points(lines.reference), name="reference", line={"color": PURPLE, **dotted})
        # A click on its name shows the collar: it is so wide that the prices would be one line.
        for line, is_named in ((lines.collar_low, True), (lines.collar_high, False)):
            drawn = {"legendgroup": "collar", "showlegend": is_named, "visible": "legendonly"}
            figure.add_scatter(**_points(line), name="collar", line={"color": SKY, **dotted}, **drawn)
    for side, marker in SIDE_MARKERS.items():
        marks = [(time_ns, trade) for time_ns, trade in data.marks(symbol) if trade.side == side]
        if marks:
            figure.add_scatter(
                x=_times(time_ns for time_ns, _ in marks),
                y=[trade.last_px for _, trade in marks],
                name=f"{side} ({len(marks):,})",
                mode="markers",
                marker={**marker, "size": 9, "line": {"color": "white", "width": 0.8}},
                text=[_trade_text(trade) for _, trade in marks],
                hovertemplate="%{text}<extra></extra>",
            )
    return figure


def shares(data: ReportData) -> go.Figure | None:
    """Draw how many shares of each symbol all accounts hold together."""
    return _running_sums("shares", data, lambda fill: (fill.symbol, fill.delta_shares))


def cash(data: ReportData) -> go.Figure | None:
    """Draw the cash that each account's trades brought and cost, by currency."""
    return _running_sums(
        "cash", data, lambda fill: (f"{fill.account} {fill.currency or ''}".rstrip(), fill.delta_cash)
    )


def orders_by_state(last_reports: Iterable[ExecutionRow]) -> go.Figure | None:
    """Draw how many of each symbol's orders are in which state, given the last report of each order."""
    counts = Counter((row.symbol, row.ord_status) for row in last_reports)
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
            figure.add_bar(
                x=values, y=[_shown(symbol) for symbol in symbols], **style, hovertemplate="%{y}: %{x:,}"
            )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text="orders")
    figure.update_yaxes(type="category")  # or a symbol of digits would be a number
    return figure


def latency(percentiles: Mapping[str, Line]) -> go.Figure | None:
    """Draw the percentiles of a latency, in milliseconds."""
    figure = _lines(percentiles, LATENCY_PALETTE, None, "%{y:,.0f} ms")
    if figure is not None:
        figure.update_yaxes(type="log", dtick=1, ticksuffix=" ms")
    return figure


def rates(lines: Mapping[str, Line], unit: str) -> go.Figure | None:
    """Draw lines by name."""
    figure = _lines(lines, PALETTE, unit, "%{y:,.0f}")
    if figure is not None:
        figure.update_layout(showlegend=len(lines) > 1)
        figure.update_yaxes(rangemode="tozero")
    return figure


def counts(named: Mapping[str, int], unit: str, color: str) -> go.Figure | None:
    """Draw counts by name, the largest on top."""
    if not named:
        return None
    names, values = zip(*sorted(named.items(), key=lambda item: item[1]), strict=True)
    figure = _figure(None, hovermode="closest")
    figure.add_bar(
        x=values,
        y=names,
        orientation="h",
        marker_color=color,
        text=[f"{count:,}" for count in values],
        hovertemplate="%{y}: %{x:,}<extra></extra>",
    )
    figure.update_xaxes(title_text=unit)
    return figure


def _lines(
    lines: Mapping[str, Line], palette: Sequence[str], unit: str | None, hover: str
) -> go.Figure | None:
    if not lines:
        return None
    figure = _figure(unit)
    for (name, line), color in zip(lines.items(), cycle(palette), strict=False):
        style = {"name": name, "mode": "lines+markers", "line_color": color, "marker_size": 4}
        figure.add_scatter(**_points(line), **style, hovertemplate=hover)
    return figure


def _running_sums(
    unit: str, data: ReportData, change: Callable[[FillRow], tuple[str, float]]
) -> go.Figure | None:
    """Draw running sums by name; `change` returns the name and the summand of a fill."""
    fills = sorted(data.fills, key=lambda fill: fill.time_ns)
    if not fills:
        return None
    opening: dict[str, float] = defaultdict(float)
    for key, held in data.opening.items():
        name, summand = change(FillRow(0, *key, *held))
        opening[name] += summand
    by_name: dict[str, dict[int, tuple[int, float]]] = defaultdict(dict)
    for fill in fills:
        name, summand = change(fill)
        interval = fill.time_ns // (data.span.interval_s * SECOND_NS)
        by_name[name][interval] = (fill.time_ns, by_name[name].get(interval, (0, 0.0))[1] + summand)
    first_ns, last_ns = fills[0].time_ns, fills[-1].time_ns
    margin_ns = max((last_ns - first_ns) // 50, SECOND_NS)
    figure = _figure(unit)
    busiest = sorted(by_name, key=lambda name: -len(by_name[name]))[:LINES_MAX]
    for position, name in enumerate(sorted(busiest)):
        steps = by_name[name].values()
        times = [first_ns - margin_ns, *(time_ns for time_ns, _ in steps), last_ns + margin_ns]
        sums = list(accumulate((summand for _, summand in steps), initial=opening[name]))
        color, dash = PALETTE[position % len(PALETTE)], DASHES[position // len(PALETTE)]
        figure.add_scatter(
            x=_times(times),
            y=[*sums, sums[-1]],
            name=_shown(name),
            mode="lines",
            line={"color": color, "dash": dash, "shape": "hv"},
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
        legend=LEGEND,
        hoverlabel={"align": "left"},
        **{"hovermode": "x unified", **layout},
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True, title_text=unit, tickformat=",~f" if unit else None)
    return figure


def _points(line: Line) -> dict[str, Sequence[object]]:
    return {"x": _times(line.times_ns), "y": line.values}


def _times(times_ns: Iterable[int]) -> list[str]:
    return [utc(time_ns / 1e6) for time_ns in times_ns]


def _shown(text: str) -> str:
    """Write a foreign text as it is: Plotly reads tags and entities in all of its texts."""
    return escape(text, quote=False)


def _trade_text(trade: ExecutionRow) -> str:
    what = f"{trade.side} {number(trade.last_qty, 6)} {_shown(trade.symbol)} at {number(trade.last_px)}"
    return (
        f"<b>{what}</b><br>"
        f"quote: bid {number(trade.bid)} ask {number(trade.ask)} on {_shown(trade.last_mkt or '')}<br>"
        f"decided at {utc(trade.time_ns / 1e6)[11:-1]}<br>"
        f"account {_shown(trade.account)}<br>{_shown(trade.cl_ord_id)}"
    )
