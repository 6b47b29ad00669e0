"""The InfluxQL queries behind a report."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from fintank.adapters.influxdb import InfluxDB
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
from fintank.report.span import Span
from fintank.wire.points.influxql import quoted

Row = TypeVar("Row", ExecutionRow, FaultRow, FillRow, PortfolioOrderRow)

EXECUTIONS_MAX = 50_000
FAULTS_MAX = 50_000
SYMBOLS_MAX = 12
"""How many price plots are drawn: of the symbols with the most trades or, without trades, the most ticks."""
TICK_RATES = {"tick-influxdb-loader": "ticks"}
ORDER_RATES = {
    "component-order-influxdb-loader": "orders for one symbol",
    "execution-influxdb-loader": "execution reports",
}
LAGS = {
    "tick-spout": "ticks",
    "order-spout": "orders",
    "execution-spout": "executions",
    "fill-spout": "fills",
}
DISCARDED = {
    "not_newer": "quotes not newer than the current one",
    "stale": "quotes stale on arrival",
    "crossed": "orders in a crossed market",
    "duplicates": "duplicate orders",
    "failed": "tuples failed by a loader",
}


def read(address: str, span: Span) -> ReportData:
    """Read a span; what is missing stays empty.

    FintankError if InfluxDB (host:port) does not answer, or holds points of an earlier version.
    """
    influx = InfluxDB(address)
    influx.require_own_points()
    latest = f"ORDER BY time DESC LIMIT {EXECUTIONS_MAX}"
    executions = list(_read(influx, ExecutionRow, "executions", span.where, latest))[::-1]
    trades = [row for row in executions if row.exec_type == "TRADE"]
    quote_times_ns = find_quotes(influx, span, trades)
    ticks = {
        tags["symbol"]: int(rows[0][1])
        for tags, rows in influx.series(f"SELECT count(bid) FROM bid_ask WHERE {span.where} GROUP BY symbol")
    }
    drawn = Counter(trade.symbol for trade in trades) or Counter(ticks)
    symbols = sorted(symbol for symbol, _ in drawn.most_common(SYMBOLS_MAX))
    opening = _holdings({}, _read(influx, FillRow, "fills", f"time < {span.since_ns}"))
    fills = list(_read(influx, FillRow, "fills", span.where))
    working = span.around(_edges_ns(influx, span, "records", "pipeline"))
    rate = f"sum(records) / {working.interval_s}"
    return ReportData(
        span=span,
        ticks=sum(ticks.values()),
        executions=executions,
        executions_left_out=max(influx.count("exec_id", "executions", span.where) - len(executions), 0),
        quote_times_ns=quote_times_ns,
        portfolio_orders=list(_read(influx, PortfolioOrderRow, "portfolio_orders", span.where)),
        prices={symbol: _prices(influx, span, symbol, trades, quote_times_ns) for symbol in symbols},
        fills=fills,
        opening=opening,
        holdings=_holdings(opening, fills),
        working=working,
        tick_latency=_latency(influx, working, "tick-influxdb-loader"),
        order_latency=_latency(influx, working, "rule-engine"),
        tick_rates=_by_component(influx, working, rate, TICK_RATES),
        order_rates=_by_component(influx, working, rate, ORDER_RATES),
        lags=_by_component(influx, working, "max(lag)", LAGS),
        rejects=_rejects(influx, working),
        discarded=_discarded(influx, working),
        faults=list(
            _read(influx, FaultRow, "quote_faults", span.where, f"ORDER BY time DESC LIMIT {FAULTS_MAX}")
        ),
    )


def _read(influx: InfluxDB, kind: type[Row], measurement: str, where: str, then: str = "") -> Iterator[Row]:
    """Read the points of a measurement, by default in order of time."""
    columns = ", ".join(f'"{name}"' for name in kind._fields[1:])
    return map(kind._make, influx.stream(f"SELECT {columns} FROM {measurement} WHERE {where} {then}"))


def _prices(
    influx: InfluxDB, span: Span, symbol: str, trades: Sequence[ExecutionRow], times_ns: Mapping[str, int]
) -> PriceLines:
    """Read a symbol's prices around its trades, or all of them if there are none."""
    own = f"symbol = {quoted(symbol)}"
    marked = [times_ns.get(trade.quote_id, trade.time_ns) for trade in trades if trade.symbol == symbol]
    shown = span.around(marked or _edges_ns(influx, span, "bid", "bid_ask", own))

    def lasts(measurement: str, *fields: str) -> list[Line]:
        what = ", ".join(f"last({field})" for field in fields)
        rows = influx.rows(
            f"SELECT {what} FROM {measurement} WHERE {own} AND {shown.where} "
            f"GROUP BY time({shown.interval_s}s) fill(none)"
        )
        return [_line(rows, column) for column in range(1, len(fields) + 1)]

    bid, ask = lasts("bid_ask", "bid", "ask")
    return PriceLines(
        bid, ask, shown.interval_s, *lasts("reference_price", "price", "collar_low", "collar_high")
    )


def _edges_ns(influx: InfluxDB, span: Span, field: str, measurement: str, condition: str = "") -> list[int]:
    """Return the times of the first and the last point of a field."""
    where = " AND ".join(filter(None, [condition, span.where]))
    queries = (f"SELECT {edge}({field}) FROM {measurement} WHERE {where}" for edge in ("first", "last"))
    return [row[0] for query in queries for row in influx.rows(query)]


def _holdings(opening: Holdings, fills: Iterable[FillRow]) -> Holdings:
    """Return the holdings after the fills; summed here because InfluxDB can group by tags only."""
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


def _latency(influx: InfluxDB, span: Span, component: str) -> dict[str, Line]:
    rows = influx.rows(
        "SELECT mean(latency_p50_ms), mean(latency_p95_ms), max(latency_p99_ms) FROM pipeline "
        f"WHERE component = '{component}' AND {span.where} GROUP BY time({span.interval_s}s) fill(none)"
    )
    return {name: _line(rows, column) for column, name in enumerate(("p50", "p95", "p99"), 1)} if rows else {}


def _by_component(influx: InfluxDB, span: Span, what: str, names: Mapping[str, str]) -> dict[str, Line]:
    """Read one line per component, by its display name."""
    chosen = " OR ".join(f"component = '{component}'" for component in names)
    found = influx.series(
        f"SELECT {what} FROM pipeline WHERE ({chosen}) AND {span.where} "
        f"GROUP BY time({span.interval_s}s), component fill(none)"
    )
    return {names[tags["component"]]: _line(rows, 1) for tags, rows in found}


def _rejects(influx: InfluxDB, span: Span) -> dict[str, int]:
    found = influx.series(f"SELECT sum(rejected) FROM pipeline WHERE {span.where} GROUP BY reason")
    return {tags["reason"]: int(rows[0][1]) for tags, rows in found if rows[0][1]}


def _discarded(influx: InfluxDB, span: Span) -> dict[str, int]:
    sums = ", ".join(f"sum({field})" for field in DISCARDED)
    rows = influx.rows(f"SELECT {sums} FROM pipeline WHERE {span.where}")
    counts = rows[0][1:] if rows else []
    return {name: int(count) for name, count in zip(DISCARDED.values(), counts, strict=False) if count}


def _line(rows: Sequence[Sequence[Any]], column: int) -> Line:
    """Return a column of the rows as a line, without its gaps."""
    points = [(row[0], row[column]) for row in rows if row[column] is not None]
    return Line([time_ns for time_ns, _ in points], [value for _, value in points])
