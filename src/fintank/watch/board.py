"""What the live view shows, kept up to date by records of the topics."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from heapq import nsmallest
from typing import NamedTuple

import orjson

from fintank.adapters.rejected_records import reject_of
from fintank.trading.decimals import EXACT, ZERO
from fintank.trading.messages import Quote
from fintank.trading.reports import ExecutionReport, Report
from fintank.wire.kafka import executions, tick_json
from fintank.wire.kafka.records import Record, messages
from fintank.wire.kafka.tick_record import AllowsNegative, only_positive

SYMBOLS_MAX = 10_000
LATEST_MAX = 100
ROWS_MAX = 1_000
"""More rows than any terminal has."""
DIGITS_MAX = 100
"""The most digits of a fill's number before or after its point."""
QUOTE_AGE_US_MAX = 300_000_000
"""A venue whose quote is older than its symbol's newest one by more is not shown."""

QUIET_US = 60_000_000
"""A symbol whose newest quote is this much older than the newest of all is shown after the others."""


class BestPrice(NamedTuple):
    """The best bid and ask of a symbol, how many venues have either, and the time of its newest quote."""

    symbol: str
    bid: Decimal | None
    ask: Decimal | None
    venues: int
    time_us: int


class Holding(NamedTuple):
    """What fills did to an account's shares of a symbol, and to its cash in a currency."""

    account: str
    symbol: str
    currency: str
    shares: Decimal
    cash: Decimal


class SeenReject(NamedTuple):
    """A record of the topic rejects: when it was written, and what it says."""

    time_us: int
    text: str


class Rates(NamedTuple):
    """Records per second by topic, and how many the topology has not read yet."""

    per_second: Mapping[str, float]
    lag: Mapping[str, int]


class Board:
    """The latest quotes, reports and fills, and the sums of all fills."""

    def __init__(self, allows_negative: AllowsNegative = only_positive) -> None:
        self.reports: deque[ExecutionReport] = deque(maxlen=LATEST_MAX)
        self.fills: deque[ExecutionReport] = deque(maxlen=LATEST_MAX)
        self.counts: Counter[str] = Counter()
        """How many reports of each exec_type came."""
        self.rates = Rates({}, {})
        self.rejects: deque[SeenReject] = deque(maxlen=LATEST_MAX)
        self._read_tick = partial(tick_json.from_record, allows_negative=allows_negative)
        self._quotes: dict[str, dict[str, Quote]] = {}
        self._holdings: dict[tuple[str, str, str], tuple[Decimal, Decimal]] = {}

    def on_ticks(self, records: Iterable[Record]) -> None:
        """Take in ticks; of each venue the newest quote counts."""
        for _, quote in messages(records, self._read_tick):
            held = self._quotes.pop(quote.symbol, {})
            before = held.get(quote.exchange)
            if before is None or before.time_us <= quote.time_us:
                held[quote.exchange] = quote
            self._quotes[quote.symbol] = held  # the latest symbols last
            if len(self._quotes) > SYMBOLS_MAX:
                del self._quotes[next(iter(self._quotes))]

    def on_reports(self, records: Iterable[Record]) -> None:
        """Take in the records of the topic executions."""
        for _, report in messages(records, executions.from_record):
            self._on_report(report)

    def on_fills(self, records: Iterable[Record]) -> None:
        """Take in the records of the topic fills, of which only the sums are kept."""
        for record in records:
            try:
                fill = orjson.loads(record.value or b"")
                place = fill["account"], fill["symbol"], fill.get("currency") or ""
                shares, cash = self._holdings.get(place, (ZERO, ZERO))
                held = _sum(shares, fill["delta_shares"]), _sum(cash, fill["delta_cash"])
            except (ValueError, KeyError, TypeError, ArithmeticError):
                continue
            self._holdings[place] = held

    def on_rejects(self, records: Iterable[Record]) -> None:
        """Take in the records of the topic rejects."""
        for record in records:
            if reject := reject_of(record):
                self.rejects.append(SeenReject(reject.time_ms * 1000, f"{reject.place} {reject.reason}"))

    def prices(self, symbols_max: int = SYMBOLS_MAX) -> list[BestPrice]:
        """Return the best prices by name, those of symbols without a quote of late after all others."""
        times = {symbol: _newest_us(quotes) for symbol, quotes in self._quotes.items()}
        quiet_us = max(times.values(), default=0) - QUIET_US
        symbols = nsmallest(symbols_max, times, key=lambda symbol: (times[symbol] < quiet_us, symbol))
        return [self._best(symbol, times[symbol]) for symbol in symbols]

    def holdings(self, rows_max: int = ROWS_MAX) -> list[Holding]:
        """Return what is not flat, the largest cash amounts first."""
        held = self._holdings
        found = ((-abs(cash), place) for place, (shares, cash) in held.items() if shares or cash)
        return [Holding(*place, *held[place]) for _, place in nsmallest(rows_max, found)]

    def _on_report(self, report: Report) -> None:
        self.counts[report.exec_type] += 1
        if isinstance(report, ExecutionReport):
            (self.reports if report.last_qty is None else self.fills).append(report)

    def _best(self, symbol: str, newest_us: int) -> BestPrice:
        quotes = self._quotes[symbol].values()
        recent = [quote for quote in quotes if newest_us - quote.time_us <= QUOTE_AGE_US_MAX]
        bids = [Decimal(quote.bid) for quote in recent if quote.bid is not None]
        asks = [Decimal(quote.ask) for quote in recent if quote.ask is not None]
        venues = sum(quote.bid is not None or quote.ask is not None for quote in recent)
        return BestPrice(symbol, max(bids, default=None), min(asks, default=None), venues, newest_us)


def _newest_us(quotes: Mapping[str, Quote]) -> int:
    return max(quote.time_us for quote in quotes.values())


def _sum(total: Decimal, text: str) -> Decimal:
    """Add a number; ValueError if no fill can have it."""
    number = Decimal(text)
    if not number.is_finite() or not -DIGITS_MAX < number.adjusted() < DIGITS_MAX:
        raise ValueError(text)
    return EXACT.add(total, number)
