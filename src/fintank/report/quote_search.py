"""Finding the quotes that were traded on: their points have their times and prices, but not their offsets.

The last digits of a point's time come from its record's offset (wire.points.record_time_ns). Price, venue
and these digits identify the quote; if they fit several, the quotes of the trades before and after narrow it
down. A quote that stays ambiguous is not named.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence

from fintank.adapters.sinks import Store, rows
from fintank.adapters.sinks.query import Query
from fintank.report.data import ExecutionRow
from fintank.report.span import SECOND_NS, Span

QUOTES_READ_MAX = 300_000
"""The latest ones are read, per symbol and venue."""
QUOTE_AGE_NS_MAX = 3600 * SECOND_NS
"""The search starts this long before the span: by default no trade is on a quote older than 5 minutes."""

Candidates = dict[tuple[float, int], list[int]]
"""Price and last three digits of the time in nanoseconds -> times of the points."""


def find_quotes(store: Store, span: Span, trades: Sequence[ExecutionRow]) -> dict[str, int]:
    """Return the times of the quotes of trades, in nanoseconds, by quote_id."""
    by_side: dict[tuple[str, str, str], list[ExecutionRow]] = defaultdict(list)
    for trade in trades:
        if trade.last_mkt and trade.quote_id:
            by_side[trade.symbol, trade.last_mkt, "ask" if trade.side == "BUY" else "bid"].append(trade)
    times_ns: dict[str, int] = {}
    for (symbol, exchange, side), own in by_side.items():
        wanted = {(trade.last_px, _offset(trade) % 1_000) for trade in own}
        candidates: Candidates = defaultdict(list)
        query = Query(
            "bid_ask",
            (side,),
            span.since_ns - QUOTE_AGE_NS_MAX,
            span.until_ns,
            tags={"symbol": [symbol], "exchange": [exchange]},
            latest=QUOTES_READ_MAX,
        )
        for time_ns, price in rows(store, query):
            if (price, time_ns % 1_000) in wanted:
                candidates[price, time_ns % 1_000].append(time_ns)
        times_ns |= _matched(own, candidates)
    return times_ns


def _matched(trades: Iterable[ExecutionRow], candidates: Candidates) -> dict[str, int]:
    """Match trades with the quotes of one symbol and venue, whose times increase with their offsets."""
    possible = {trade.quote_id: (_offset(trade), _times_ns(trade, candidates)) for trade in trades}
    times_ns = {quote_id: times[0] for quote_id, (_, times) in possible.items() if len(times) == 1}
    sure = sorted((possible[quote_id][0], time_ns) for quote_id, time_ns in times_ns.items())
    for quote_id, (offset, times) in possible.items():
        place = bisect(sure, (offset,))
        earliest_ns = sure[place - 1][1] if place else 0
        latest_ns = sure[place][1] if place < len(sure) else times[0] if times else 0
        between = [time_ns for time_ns in times if earliest_ns <= time_ns <= latest_ns]
        if len(between) == 1:
            times_ns[quote_id] = between[0]
    return times_ns


def _times_ns(trade: ExecutionRow, candidates: Candidates) -> list[int]:
    """Return the times of the points that may be a trade's quote, latest first."""
    offset = _offset(trade)
    times_ns = candidates.get((trade.last_px or 0, offset % 1_000), [])
    # A tick with a time in whole milliseconds carries six digits; three fit many points if prices repeat.
    return [time_ns for time_ns in times_ns if time_ns % 1_000_000 == offset % 1_000_000] or times_ns


def _offset(trade: ExecutionRow) -> int:
    return int(trade.quote_id.rpartition("-")[2])
