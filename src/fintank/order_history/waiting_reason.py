"""Why an open order waits: its session, or the market as the latest quotes make it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial

from fintank.adapters.kafka_topics import partition_for, topics
from fintank.adapters.topic_reader import open_reader
from fintank.terminal.texts import utc
from fintank.trading.clock import Clock, ClockState
from fintank.trading.decimals import plain
from fintank.trading.depth import Depth, is_worse
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, Quote, Side
from fintank.trading.quote_book import Counts, QuoteBook
from fintank.waiting import now_us
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import messages

Arrived = tuple[Quote, int]
"""A quote and the time at which Kafka appended it, in microseconds."""


def recent_quotes(address: str, symbol: str, limits: Limits) -> list[Arrived]:
    """Read the quotes of a symbol that may be usable; what came earlier is too old by now."""
    since_ms = (now_us() - limits.max_quote_age_us) // 1000
    read = partial(tick_json.from_record, allows_negative=limits.instruments.allows_negative)
    with open_reader(address, "ticks") as reader:
        found = reader.read(reader.starts([partition_for(symbol, topics()["ticks"].partitions)], since_ms))
        own = (record for record in found if record.key == symbol.encode())
        return [(quote, record.time_ms * 1000) for record, quote in messages(own, read)]


def of_order(order: Order, quotes: Iterable[Arrived], now_us: int, limits: Limits) -> str | None:
    """Return why an order waits; None if nothing is known that holds it up."""
    book, side = _book(quotes, limits), order.side
    reason = _no_market(order.symbol, book, now_us, limits, [side])
    if reason is not None or book is None:
        return reason
    market = book.market(book.clock.now(now_us))
    best = market.best(side)
    assert best is not None
    name, above, below = ("ask", "above", "below") if side is Side.BUY else ("bid", "below", "above")
    if order.stop_px is not None and is_worse(order.stop_px, best, side):
        return f"the best {name} {plain(best)} is {below} its stop {plain(order.stop_px)}"
    if order.price is not None and is_worse(best, order.price, side):
        return f"the best {name} {plain(best)} is {above} its limit {plain(order.price)}"
    return _sizes(market, [side])


def of_symbol(symbol: str, quotes: Iterable[Arrived], now_us: int, limits: Limits) -> str | None:
    """Return why MARKET orders for a symbol can't trade in full; None if they can."""
    book = _book(quotes, limits)
    reason = _no_market(symbol, book, now_us, limits, list(Side))
    if reason is not None or book is None:
        return reason
    return _sizes(book.market(book.clock.now(now_us)), list(Side))


def _no_market(
    symbol: str, book: QuoteBook | None, now_us: int, limits: Limits, sides: Sequence[Side]
) -> str | None:
    clock_us = now_us if book is None else book.clock.now(now_us)
    sessions = limits.instruments.of(symbol).sessions
    if sessions is not None and not sessions.is_open(clock_us):
        opens_us = sessions.next_open_us(clock_us)
        if opens_us is None:
            return f"the calendar {sessions.name} knows no later session"
        return f"the session opens at {utc(opens_us / 1000)}"
    if book is None:
        return f"no quote is younger than {limits.max_quote_age_us // 1_000_000} s (max_quote_age_ms)"
    market = book.market(clock_us)
    if all(market.levels(side) for side in sides):
        return None
    return _crossed(market) if market.crossing else "a side has no quote that is new enough"


def _sizes(market: Depth, sides: Sequence[Side]) -> str | None:
    if any(level.left is not None for side in sides for level in market.levels(side)):
        return "the quotes have sizes, and no more than the displayed size is traded"
    return None


def _book(quotes: Iterable[Arrived], limits: Limits) -> QuoteBook | None:
    book: QuoteBook | None = None
    for quote, arrival_us in quotes:
        if book is None:
            clock = Clock(ClockState(quote.time_us, arrival_us))
            book = QuoteBook(quote.symbol, clock, limits, Counts())
        book.accept(quote, arrival_us)
    return book


def _crossed(market: Depth) -> str:
    """Name the highest bid and the lowest ask, with those that were left out."""
    quotes = [*market.crossing, *(level.quote for level in (*market.bids, *market.asks))]
    bids = [(Decimal(quote.bid), quote.exchange) for quote in quotes if quote.bid is not None]
    asks = [(Decimal(quote.ask), quote.exchange) for quote in quotes if quote.ask is not None]
    (bid, bid_at), (ask, ask_at) = max(bids), min(asks)
    return f"the NBBO is crossed: {bid_at} bid {plain(bid)} above {ask_at} ask {plain(ask)}"
