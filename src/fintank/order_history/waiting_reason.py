"""Why an open order waits: the trading state, its session, its window, or the market as the latest quotes
make it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial

from fintank.adapters.kafka_topics import partition_for, topics
from fintank.adapters.topic_reader import Positions, TopicReader, open_reader
from fintank.order_history.states_in_force import forbids, scope
from fintank.terminal.screen import track
from fintank.terminal.texts import utc
from fintank.trading.changes import HeldQuote
from fintank.trading.clock import Clock, ClockState
from fintank.trading.collar import Collar
from fintank.trading.decimals import plain
from fintank.trading.depth import Depth, Level, is_worse
from fintank.trading.limits import SECOND_US, Limits
from fintank.trading.messages import Quote, Side, TradingState
from fintank.trading.quote_book import Counts, QuoteBook
from fintank.trading.working_order import WorkingOrder
from fintank.waiting import now_us
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import messages

AGES_READ = 2
"""How many times max_quote_age_ms are read: a clock that late ticks set back keeps quotes usable for longer,
and the reference price may come from earlier ones."""

Arrived = tuple[Quote, int]
"""A quote and the time at which Kafka appended it, in microseconds."""

_PRICE_NAMES = {Side.BUY: "ask", Side.SELL: "bid"}
"""What orders of a side trade at."""


def recent_quotes(address: str, symbol: str, limits: Limits) -> list[Arrived]:
    """Read the quotes of a symbol that may be usable, and as long a time before them.

    Without any in the partition of its key, the others are read: a producer may have chosen another one.
    """
    since_ms = (now_us() - AGES_READ * limits.max_quote_age_us) // 1000
    with open_reader(address, "ticks") as reader:
        partitions = topics()["ticks"].partitions
        usual = {partition_for(symbol, partitions)}
        others = {*range(partitions)} - usual
        return _quotes(reader, reader.starts(usual, since_ms), symbol, limits) or _quotes(
            reader, reader.starts(others, since_ms), symbol, limits
        )


def _quotes(reader: TopicReader, starts: Positions, symbol: str, limits: Limits) -> list[Arrived]:
    read = partial(tick_json.from_record, allows_negative=limits.instruments.allows_negative)
    found = track(reader.read(starts), reader.ahead(starts), "reading ticks")
    own = (record for record in found if record.key == symbol.encode())
    return [(quote, record.time_ms * 1000) for record, quote in messages(own, read)]


def of_order(
    working: WorkingOrder,
    quotes: Iterable[Arrived],
    states: Iterable[TradingState],
    now_us: int,
    limits: Limits,
) -> str | None:
    """Return why an open order waits; None if nothing is known that holds it up."""
    order = working.order
    halt = next((state for state in states if forbids(state, order)), None)
    if halt is not None:
        return f"trading is {halt.state}{scope(halt.symbol, halt.account)}"
    book, side = _book(quotes, limits), order.side
    reason = _no_market(order.symbol, book, now_us, limits, [side])
    if reason is not None or book is None:
        return reason
    clock_us = book.clock.now(now_us)
    market = book.market(clock_us)
    collar = _collar(book, clock_us, limits)
    reason = _price_reason(working, market, collar, limits)
    if reason is not None:
        return f"{reason}{_left_out(market)}"
    reached = [level for level in market.levels(side) if not is_worse(level.price, order.price, side)]
    levels = collar.within(reached) if order.price is None else reached
    reasons = [_block(working, limits), _lots(working, levels, limits), _sizes(levels)]
    return "; ".join(reason for reason in reasons if reason is not None) or None


def of_symbol(symbol: str, quotes: Iterable[Arrived], now_us: int, limits: Limits) -> str | None:
    """Return why MARKET orders for a symbol can't trade in full; None if they can."""
    book = _book(quotes, limits)
    reason = _no_market(symbol, book, now_us, limits, list(Side))
    if reason is not None or book is None:
        return reason
    clock_us = book.clock.now(now_us)
    market, collar = book.market(clock_us), _collar(book, clock_us, limits)
    reasons = [_beyond(side, market, collar, limits) for side in Side]
    reasons += [_sizes(collar.within(market.levels(side))) for side in Side]
    return next((reason for reason in reasons if reason is not None), None)


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
    if book is None or clock_us - book.clock.tick_time_us > limits.max_quote_age_us:
        return f"no quote is younger than {_seconds(limits.max_quote_age_us)} s (max_quote_age_ms)"
    market = book.market(clock_us)
    empty = next((side for side in sides if not market.levels(side)), None)
    if empty is None:
        return None
    return _crossed(market) if market.crossing else _nothing(empty, book, limits.max_quote_age_us)


def _nothing(side: Side, book: QuoteBook, max_age_us: int) -> str:
    """Say that no exchange has a quote on a side, or only one that is too old or too far behind."""
    name = _PRICE_NAMES[side]
    silent = [quote for quote in book.silent() if _has(quote, side)]
    if not silent:
        priced = f"{'an' if name == 'ask' else 'a'} {name}"
        if any(isinstance(entry, HeldQuote) and _has(entry.quote, side) for entry in book.entries()):
            return f"no quote with {priced} is younger than {_seconds(max_age_us)} s (max_quote_age_ms)"
        return f"no exchange has {priced}"
    behind = _seconds(book.clock.tick_time_us - silent[-1].time_us)
    venue = silent[-1].exchange
    return f"the newest quotes have no {name}; that of {venue} is {behind} s behind them (max_quote_lag_ms)"


def _has(quote: Quote, side: Side) -> bool:
    return (quote.ask if side is Side.BUY else quote.bid) is not None


def _price_reason(working: WorkingOrder, market: Depth, collar: Collar, limits: Limits) -> str | None:
    """Return why the best price triggers no stop, or why the order does not trade at it."""
    order, side = working.order, working.order.side
    best = market.best(side)
    assert best is not None
    name = _PRICE_NAMES[side]
    above, below = ("above", "below") if side is Side.BUY else ("below", "above")
    if working.is_stop:
        assert order.stop_px is not None
        if is_worse(order.stop_px, best, side):
            return f"the best {name} {plain(best)} is {below} its stop {plain(order.stop_px)}"
        return _beyond(side, market, collar, limits)
    if order.price is None:
        return _beyond(side, market, collar, limits)
    if is_worse(best, order.price, side):
        return f"the best {name} {plain(best)} is {above} its limit {plain(order.price)}"
    return None


def _beyond(side: Side, market: Depth, collar: Collar, limits: Limits) -> str | None:
    """Return why the best price of a side trades no MARKET orders and triggers no stops."""
    best = market.best(side)
    assert best is not None
    if collar.reference is None:
        # There may be one from before these quotes; then the best price is beyond its collar.
        empty = next((_PRICE_NAMES[each] for each in Side if not market.levels(each)), None)
        why = "the bid and the ask are too far apart" if empty is None else f"there is no {empty}"
        span = _seconds(AGES_READ * limits.max_quote_age_us)
        return f"the quotes of the last {span} s give no reference price: {why}"
    if collar.allows(best):
        return None
    ends = f"{plain(collar.lowest)} to {plain(collar.highest)}"
    name = _PRICE_NAMES[side]
    reference = f"the reference price {plain(collar.reference)}"
    return f"the best {name} {plain(best)} is not within {ends}, the collar of {reference} (market_collar)"


def _collar(book: QuoteBook, clock_us: int, limits: Limits) -> Collar:
    return Collar(book.reference_at(clock_us), limits.market_collar)


def _block(working: WorkingOrder, limits: Limits) -> str | None:
    priority = working.order.priority
    if priority == 1:
        return None
    window = f"a window of {_seconds(limits.aggregation_window_us)} s (aggregation_window_ms)"
    return f"orders of priority {priority} trade as a block, after {window}"


def _lots(working: WorkingOrder, levels: Sequence[Level], limits: Limits) -> str | None:
    """Return why no quote that an order reaches has enough for one that takes whole lots."""
    order, lot_size = working.order, limits.instruments.of(working.order.symbol).lot_size
    takes_lots = order.cash_order_qty is not None or order.priority > 1
    if not takes_lots or any(level.offers(lot_size) for level in levels):
        return None
    who = "a block" if order.cash_order_qty is None else "an order by cash"
    return f"{who} takes whole lots of {plain(lot_size)}, and no quote that it can trade on has one"


def _sizes(levels: Sequence[Level]) -> str | None:
    """Return why these levels may not be enough: each has a size."""
    if all(level.left is not None for level in levels):
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


def _left_out(market: Depth) -> str:
    """Say which exchanges are left out of the best prices; nothing if there are none."""
    if not market.crossing:
        return ""
    names = " and ".join(quote.exchange for quote in market.crossing)
    return f" ({_crossed(market)}; {names} left out)"


def _crossed(market: Depth) -> str:
    """Name the highest bid and the lowest ask, with those that were left out."""
    quotes = [*market.crossing, *(level.quote for level in (*market.bids, *market.asks))]
    bids = [(Decimal(quote.bid), quote.exchange) for quote in quotes if quote.bid is not None]
    asks = [(Decimal(quote.ask), quote.exchange) for quote in quotes if quote.ask is not None]
    (bid, bid_at), (ask, ask_at) = max(bids), min(asks)
    return f"the NBBO is crossed: {bid_at} bid {plain(bid)} above {ask_at} ask {plain(ask)}"


def _seconds(us: int) -> str:
    return plain(Decimal(us) / SECOND_US)
