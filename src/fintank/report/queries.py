"""The queries behind a report."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from fintank.adapters import sinks
from fintank.adapters.sinks import Store
from fintank.adapters.sinks.query import Function, Query
from fintank.report.data import (
    ExecutionRow,
    FaultRow,
    FillRow,
    Held,
    Holdings,
    Line,
    PortfolioOrderRow,
    PriceLines,
    ReportData,
)
from fintank.report.quote_search import find_quotes
from fintank.report.span import SECOND_NS, Span
from fintank.scale import READERS
from fintank.sink_url import SinkUrl

Row = TypeVar("Row", ExecutionRow, FaultRow, FillRow, PortfolioOrderRow)

EXECUTIONS_MAX = 50_000
FAULTS_MAX = 50_000
LATEST_QUOTES = 1_000
"""How many of a symbol's latest quotes are searched for its last bid and its last ask."""
SYMBOLS_MAX = 12
"""How many price plots are drawn: of the symbols with the most trades or, without trades, the most ticks."""
TICK_RATES = {"tick-influxdb-loader": "ticks"}
ORDER_RATES = {
    "component-order-influxdb-loader": "orders for one symbol",
    "execution-influxdb-loader": "execution reports",
}
DISCARDED = {
    "not_newer": "quotes not newer than the current one",
    "stale": "quotes stale on arrival",
    "crossed": "orders in a crossed market",
    "duplicates": "duplicate orders",
    "failed": "tuples failed by a loader",
}


def read(url: SinkUrl, span: Span) -> ReportData:
    """Read a span; what is missing stays empty.

    FintankError if the sink does not answer, or holds points of an earlier version.
    """
    store = sinks.open_store(url)
    store.require_own_points()
    executions = list(_read(store, ExecutionRow, "executions", span, latest=EXECUTIONS_MAX))[::-1]
    trades = [row for row in executions if row.exec_type == "TRADE"]
    quote_times_ns = find_quotes(store, span, trades)
    ticks = {
        tags["symbol"]: int(rows[0][1])
        for tags, rows in store.series(Query("bid_ask", ("bid",), *span, function="count", by="symbol"))
    }
    drawn = Counter(trade.symbol for trade in trades) or Counter(ticks)
    symbols = sorted(symbol for symbol, _ in drawn.most_common(SYMBOLS_MAX))
    opening = _holdings({}, _read(store, FillRow, "fills", (None, span.since_ns - 1)))
    fills = _steps(_read(store, FillRow, "fills", span), span.interval_s * SECOND_NS)
    working = span.around(store.edges_ns(Query("pipeline", ("records",), *span)))
    counted = sinks.count(store, Query("executions", ("exec_id",), *span, function="count"))
    return ReportData(
        span=span,
        ticks=sum(ticks.values()),
        executions=executions,
        executions_left_out=max(counted - len(executions), 0),
        quote_times_ns=quote_times_ns,
        portfolio_orders=list(_read(store, PortfolioOrderRow, "portfolio_orders", span)),
        prices={symbol: _prices(store, span, symbol, trades, quote_times_ns) for symbol in symbols},
        fills=fills,
        opening=opening,
        holdings=_holdings(opening, fills),
        working=working,
        tick_latency=_latency(store, working, "tick-influxdb-loader"),
        order_latency=_latency(store, working, "rule-engine"),
        tick_rates=_rates(store, working, TICK_RATES),
        order_rates=_rates(store, working, ORDER_RATES),
        lags=_by_component(store, working, "max", "lag", READERS),
        rejects=_rejects(store, working),
        discarded=_discarded(store, working),
        faults=list(_read(store, FaultRow, "quote_faults", span, latest=FAULTS_MAX)),
    )


def _read(
    store: Store, kind: type[Row], measurement: str, span: tuple[int | None, int | None], latest: int = 0
) -> Iterator[Row]:
    """Read the points of a measurement, in order of time or the latest ones, newest first."""
    return map(kind._make, sinks.rows(store, Query(measurement, kind._fields[1:], *span, latest=latest)))


def _prices(
    store: Store, span: Span, symbol: str, trades: Sequence[ExecutionRow], times_ns: Mapping[str, int]
) -> PriceLines:
    """Read a symbol's prices around its trades, or all of them if there are none."""
    own = {"symbol": [symbol]}
    marked = [times_ns.get(trade.quote_id, trade.time_ns) for trade in trades if trade.symbol == symbol]
    shown = span.around(marked or store.edges_ns(Query("bid_ask", ("bid",), *span, tags=own)))

    def lasts(measurement: str, *fields: str) -> list[Line]:
        query = Query(measurement, fields, *shown, tags=own, function="last", interval_s=shown.interval_s)
        rows = list(sinks.rows(store, query))
        return [_line(rows, column) for column in range(1, len(fields) + 1)]

    bid, ask = lasts("bid_ask", "bid", "ask")
    reference, low, high = lasts("reference_price", "price", "collar_low", "collar_high")
    return PriceLines(bid, ask, shown.interval_s, reference, low, high, _middle(store, span, own))


def _middle(store: Store, span: Span, own: Mapping[str, Sequence[str]]) -> float | None:
    query = Query("bid_ask", ("bid", "ask"), *span, tags=own, latest=LATEST_QUOTES)
    latest = list(sinks.rows(store, query))
    bid, ask = (next((row[side] for row in latest if row[side] is not None), None) for side in (1, 2))
    return None if bid is None or ask is None else (bid + ask) / 2


def _steps(fills: Iterable[FillRow], interval_ns: int) -> list[FillRow]:
    """Sum what an account traded of a symbol in an interval; the time is that of the last fill in it.

    A plot can't tell them apart, and in a span there may be millions.
    """
    steps: dict[tuple[int, str, str, str | None], FillRow] = {}
    for fill in fills:
        key = (fill.time_ns // interval_ns, fill.account, fill.symbol, fill.currency)
        before = steps.get(key)
        steps[key] = (
            fill
            if before is None
            else fill._replace(
                delta_shares=before.delta_shares + fill.delta_shares,
                delta_cash=before.delta_cash + fill.delta_cash,
                commission=(before.commission or 0.0) + (fill.commission or 0.0),
            )
        )
    return list(steps.values())


def _holdings(opening: Holdings, fills: Iterable[FillRow]) -> Holdings:
    """Return the holdings after the fills; summed here because databases may group by tags only."""
    held = dict(opening)
    for fill in fills:
        key = (fill.account, fill.symbol, fill.currency or "")
        before = held.get(key, Held())
        held[key] = Held(
            before.shares + fill.delta_shares,
            before.cash + fill.delta_cash,
            before.commission + (fill.commission or 0.0),
            fill.multiplier or 1.0,
        )
    return held


def _latency(store: Store, span: Span, component: str) -> dict[str, Line]:
    """Read the mean p50 and p95 and the highest p99 of each interval."""
    functions: dict[str, Function] = {"p50": "mean", "p95": "mean", "p99": "max"}
    found = {
        name: _by_component(store, span, function, f"latency_{name}_ms", {component: name})
        for name, function in functions.items()
    }
    return {name: lines[name] for name, lines in found.items() if lines}


def _rates(store: Store, span: Span, names: Mapping[str, str]) -> dict[str, Line]:
    """Read the records per second of each component, by its display name."""
    found = _by_component(store, span, "sum", "records", names)
    return {
        name: Line(line.times_ns, [n / span.interval_s for n in line.values]) for name, line in found.items()
    }


def _by_component(
    store: Store, span: Span, function: Function, field: str, names: Mapping[str, str]
) -> dict[str, Line]:
    """Read one line per component, by its display name."""
    rows: dict[str, list[Sequence[Any]]] = defaultdict(list)
    query = Query(
        "pipeline",
        (field,),
        *span,
        tags={"component": list(names)},
        function=function,
        by="component",
        interval_s=span.interval_s,
    )
    for tags, part in store.series(query):
        rows[names[tags["component"]]] += part
    return {name: line for name, found in rows.items() if (line := _line(found, 1)).times_ns}


def _rejects(store: Store, span: Span) -> dict[str, int]:
    query = Query("pipeline", ("rejected",), *span, function="sum", by="reason")
    return {tags["reason"]: int(rows[0][1]) for tags, rows in store.series(query) if rows[0][1]}


def _discarded(store: Store, span: Span) -> dict[str, int]:
    rows = list(sinks.rows(store, Query("pipeline", tuple(DISCARDED), *span, function="sum")))
    counts = rows[0][1:] if rows else []
    return {name: int(count) for name, count in zip(DISCARDED.values(), counts, strict=False) if count}


def _line(rows: Sequence[Sequence[Any]], column: int) -> Line:
    """Return a column of the rows as a line, without its gaps."""
    points = [(row[0], row[column]) for row in rows if row[column] is not None]
    return Line([time_ns for time_ns, _ in points], [value for _, value in points])
