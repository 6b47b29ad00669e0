"""Reading from InfluxDB what a report tells."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fintank.adapters.influxdb import InfluxDB
from fintank.report.facts import Booking, Facts, Holdings, Latency, Line, PortfolioOrder, Quotes, Report
from fintank.report.quote_search import find_quotes
from fintank.report.span import Span

REPORTS_MAX = 50_000
SYMBOLS_MAX = 12
"""So many prices are drawn: of the symbols with the most trades, else with the most ticks."""
COMPONENT_RATES = ("tick-influxdb-loader", "component-order-influxdb-loader", "execution-influxdb-loader")
SPOUTS = {
    "tick-spout": "ticks",
    "order-spout": "orders",
    "execution-spout": "executions",
    "fill-spout": "fills",
}
OF_NO_USE = {
    "not_newer": "quotes not newer than the held one",
    "stale": "quotes too old when they came",
    "crossed": "orders that met a crossed market",
    "duplicates": "orders known already",
    "failed": "tuples given back by a loader",
}


def read(address: str, span: Span) -> Facts:
    """Read a span; what is not there stays empty.

    FintankError when InfluxDB (host:port) does not answer, or holds points of an earlier version.
    """
    influx = InfluxDB(address)
    influx.require_own_points()
    reports = _reports(influx, span)
    trades = [report for report in reports if report.exec_type == "TRADE"]
    quote_times_ns = find_quotes(influx, span, trades)
    ticks = {
        tags["symbol"]: int(rows[0][1])
        for tags, rows in influx.series(f"SELECT count(bid) FROM bid_ask WHERE {span.where} GROUP BY symbol")
    }
    drawn = Counter(trade.symbol for trade in trades) or Counter(ticks)
    symbols = sorted(symbol for symbol, _ in drawn.most_common(SYMBOLS_MAX))
    opening = _holdings({}, _bookings(influx, f"time < {span.since_ns}"))
    bookings = list(_bookings(influx, span.where))
    working = span.around(_edges_ns(influx, span, "records", "pipeline"))
    return Facts(
        span=span,
        ticks=sum(ticks.values()),
        reports=reports,
        reports_left_out=max(influx.count("exec_id", "executions", span.where) - len(reports), 0),
        quote_times_ns=quote_times_ns,
        portfolio_orders=_portfolio_orders(influx, span),
        quotes={symbol: _quotes(influx, span, symbol, trades, quote_times_ns) for symbol in symbols},
        bookings=bookings,
        opening=opening,
        holdings=_holdings(opening, bookings),
        working=working,
        tick_latency=_latency(influx, working, "tick-influxdb-loader"),
        order_latency=_latency(influx, working, "rule-engine"),
        rates=_rates(influx, working),
        lags=_lags(influx, working),
        rejects=_rejects(influx, working),
        of_no_use=_of_no_use(influx, working),
    )


def _reports(influx: InfluxDB, span: Span) -> list[Report]:
    """Read the latest REPORTS_MAX reports, the earliest first."""
    columns = ", ".join(f'"{name}"' for name in Report._fields[1:])
    rows = influx.rows(
        f"SELECT {columns} FROM executions WHERE {span.where} ORDER BY time DESC LIMIT {REPORTS_MAX}"
    )
    return [Report(*row) for row in reversed(rows)]


def _portfolio_orders(influx: InfluxDB, span: Span) -> list[PortfolioOrder]:
    columns = ", ".join(PortfolioOrder._fields[1:])
    return [
        PortfolioOrder(*row)
        for row in influx.rows(f"SELECT {columns} FROM portfolio_orders WHERE {span.where}")
    ]


def _quotes(
    influx: InfluxDB, span: Span, symbol: str, trades: Sequence[Report], times_ns: Mapping[str, int]
) -> Quotes:
    """Read a symbol's prices around its trades, all of them without any."""
    own = f"symbol = '{symbol}'"
    marked = [times_ns.get(trade.quote_id, trade.time_ns) for trade in trades if trade.symbol == symbol]
    shown = span.around(marked or _edges_ns(influx, span, "bid", "bid_ask", own))
    rows = influx.rows(
        f"SELECT last(bid), last(ask) FROM bid_ask WHERE {own} AND {shown.where} "
        f"GROUP BY time({shown.interval_s}s) fill(none)"
    )
    return Quotes(_line(rows, 1), _line(rows, 2), shown.interval_s)


def _edges_ns(
    influx: InfluxDB, span: Span, field: str, measurement: str, also: str | None = None
) -> list[int]:
    """Return the times of the first and the last point of a field."""
    where = f"{also} AND {span.where}" if also else span.where
    asked = (f"SELECT {edge}({field}) FROM {measurement} WHERE {where}" for edge in ("first", "last"))
    return [row[0] for query in asked for row in influx.rows(query)]


def _bookings(influx: InfluxDB, where: str) -> Iterator[Booking]:
    """Read bookings, the earliest first."""
    columns = ", ".join(Booking._fields[1:])
    return map(Booking._make, influx.stream(f"SELECT {columns} FROM fills WHERE {where}"))


def _holdings(opening: Holdings, bookings: Iterable[Booking]) -> Holdings:
    """Return what is held after the bookings; they are summed up here, as InfluxDB sums by tags only."""
    held = dict(opening)
    for booking in bookings:
        position = (booking.account, booking.symbol)
        shares, cash = held.get(position, (0.0, 0.0))
        held[position] = (shares + booking.delta_shares, cash + booking.delta_cash)
    return held


def _latency(influx: InfluxDB, span: Span, component: str) -> Latency | None:
    rows = influx.rows(
        "SELECT mean(latency_p50_ms), mean(latency_p95_ms), max(latency_p99_ms) FROM pipeline "
        f"WHERE component = '{component}' AND {span.where} GROUP BY time({span.interval_s}s) fill(none)"
    )
    return Latency(_line(rows, 1), _line(rows, 2), _line(rows, 3)) if rows else None


def _rates(influx: InfluxDB, span: Span) -> dict[str, Line]:
    named = " OR ".join(f"component = '{component}'" for component in COMPONENT_RATES)
    found = influx.series(
        f"SELECT sum(records) / {span.interval_s} FROM pipeline WHERE ({named}) AND {span.where} "
        f"GROUP BY time({span.interval_s}s), component fill(none)"
    )
    return {tags["component"]: _line(rows, 1) for tags, rows in found}


def _lags(influx: InfluxDB, span: Span) -> dict[str, Line]:
    found = influx.series(
        f"SELECT max(lag) FROM pipeline WHERE {span.where} "
        f"GROUP BY time({span.interval_s}s), component fill(none)"
    )
    return {SPOUTS[tags["component"]]: _line(rows, 1) for tags, rows in found if tags["component"] in SPOUTS}


def _rejects(influx: InfluxDB, span: Span) -> dict[str, int]:
    found = influx.series(f"SELECT sum(rejected) FROM pipeline WHERE {span.where} GROUP BY reason")
    return {tags["reason"]: int(rows[0][1]) for tags, rows in found if rows[0][1]}


def _of_no_use(influx: InfluxDB, span: Span) -> dict[str, int]:
    found = {}
    for field, name in OF_NO_USE.items():
        rows = influx.rows(f"SELECT sum({field}) FROM pipeline WHERE {span.where}")
        if rows and rows[0][1]:
            found[name] = int(rows[0][1])
    return found


def _line(rows: Sequence[Sequence[Any]], column: int) -> Line:
    """Take a column of rows without those that have nothing there."""
    points = [(row[0], row[column]) for row in rows if row[column] is not None]
    return Line([time_ns for time_ns, _ in points], [value for _, value in points])
