"""Finding the ticks that trades were made on: InfluxDB holds their times and prices, but not their offsets.

A point's time ends with digits of its record's offset (wire.points.record_time_ns), so that price, venue and
these digits tell which one it is, or, where they fit several, the quotes of the trades before and after it.
Where even that leaves several, none is named.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence

from fintank.adapters.influxdb import InfluxDB
from fintank.report.facts import Report
from fintank.report.span import SECOND_NS, Span

QUOTES_READ_MAX = 300_000
"""So many of a symbol and venue, the latest."""
QUOTE_AGE_NS_MAX = 3600 * SECOND_NS
"""No trade is made on an older quote by its clock; so far back it is looked for."""

Found = dict[tuple[float, int], list[int]]
"""Price and last three digits of the time in nanoseconds -> times of the points."""


def find_quotes(influx: InfluxDB, span: Span, trades: Sequence[Report]) -> dict[str, int]:
    """Return when the quotes of trades were made, in nanoseconds, by Report.quote_id."""
    sought: dict[tuple[str, str, str], list[Report]] = defaultdict(list)
    for trade in trades:
        if trade.last_mkt and trade.quote_id:
            sought[trade.symbol, trade.last_mkt, "ask" if trade.side == "BUY" else "bid"].append(trade)
    times_ns: dict[str, int] = {}
    for (symbol, exchange, side), some in sought.items():
        wanted = {(trade.last_px, _offset(trade) % 1_000) for trade in some}
        found: Found = defaultdict(list)
        rows = influx.rows(
            f"SELECT {side} FROM bid_ask WHERE symbol = '{symbol}' AND exchange = '{exchange}' "
            f"AND time >= {span.since_ns - QUOTE_AGE_NS_MAX} AND time <= {span.until_ns} "
            f"ORDER BY time DESC LIMIT {QUOTES_READ_MAX}"
        )
        for time_ns, price in rows:
            if (price, time_ns % 1_000) in wanted:
                found[price, time_ns % 1_000].append(time_ns)
        times_ns |= _matched(some, found)
    return times_ns


def _matched(trades: Iterable[Report], found: Found) -> dict[str, int]:
    """Match the trades on one symbol and venue; their quotes' times rise with their offsets."""
    candidates = {trade.quote_id: _candidates(trade, found) for trade in trades}
    offsets = {trade.quote_id: _offset(trade) for trade in trades}
    times_ns = {quote_id: times[0] for quote_id, times in candidates.items() if len(times) == 1}
    sure = sorted((offsets[quote_id], time_ns) for quote_id, time_ns in times_ns.items())
    for quote_id, times in candidates.items():
        place = bisect(sure, (offsets[quote_id],))
        earliest_ns = sure[place - 1][1] if place else 0
        latest_ns = sure[place][1] if place < len(sure) else times[0] if times else 0
        between = [time_ns for time_ns in times if earliest_ns <= time_ns <= latest_ns]
        if len(between) == 1:
            times_ns[quote_id] = between[0]
    return times_ns


def _candidates(trade: Report, found: Found) -> list[int]:
    """Return the times of the points that may be a trade's quote, the latest first."""
    offset = _offset(trade)
    times_ns = found.get((trade.last_px or 0, offset % 1_000), [])
    # Six digits are of a tick with a time in whole milliseconds; three fit many, if prices repeat.
    return [time_ns for time_ns in times_ns if time_ns % 1_000_000 == offset % 1_000_000] or times_ns


def _offset(trade: Report) -> int:
    return int(trade.quote_id.rpartition("-")[2])
