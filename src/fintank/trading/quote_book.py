"""The quote book: one symbol's current quote of each exchange, what was taken from it, and the clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import inf

from fintank.trading.changes import Change, Entry, HeldQuote, SymbolClock, SymbolReference
from fintank.trading.clock import Clock
from fintank.trading.decimals import EXACT, ZERO
from fintank.trading.depth import Depth, Level, Sizes, age_of
from fintank.trading.limits import SECOND_US, Limits
from fintank.trading.messages import Quote, Side
from fintank.trading.reference_price import ReferencePrice, middle_of

NOTHING_TAKEN = Sizes(ZERO, ZERO)


@dataclass(slots=True)
class Counts:
    """Counts since the process started.

    not_newer: quotes discarded, as not newer than the exchange's held quote. stale: quotes older than
    max_quote_age_us on arrival. crossed: how often open orders met a market in which quotes were left out, as
    they crossed others. duplicates: orders whose identity was known.
    """

    not_newer: int = 0
    stale: int = 0
    crossed: int = 0
    duplicates: int = 0


class QuoteBook:
    """One symbol's held quote of each exchange, and its clock; made with the symbol's first quote.

    forgotten_us: the latest timestamp of what was forgotten of the symbol. keep_until_us: until when,
    on the clock, nothing is to be forgotten.
    """

    def __init__(self, symbol: str, clock: Clock, limits: Limits, counts: Counts) -> None:
        self.symbol = symbol
        self.clock = clock
        self._max_quote_lag_us = limits.max_quote_lag_us
        self._max_quote_age_us = limits.max_quote_age_us
        self._counts = counts
        self._held: dict[str, Quote] = {}
        self._taken: dict[str, Sizes] = {}
        self._changed: dict[str, None] = {}
        """The exchanges that changes() has yet to return; a dict for its order."""
        self._journaled_clock: SymbolClock | None = None
        self.forgotten_us = 0
        self.keep_until_us: float = inf
        self.reference = ReferencePrice()
        self._journaled_reference = self.reference.state
        self._middle: tuple[str, str, Decimal | None] | None = None
        """A bid, an ask and what middle_of returned for them last."""

    def accept(self, quote: Quote, log_us: int) -> int | None:
        """Hold a quote and return the clock after it; None, and nothing changes, unless it is newer.

        Newer than the held one, that is, by (time_us, offset): in real data almost half of the quotes share
        their millisecond with the one before. What was taken of a side stays taken while its price and size
        stay the same.
        """
        time_us = quote.time_us
        exchange = quote.exchange
        held = self._held.get(exchange)
        if held is not None and (
            time_us < held.time_us or (time_us == held.time_us and quote.offset <= held.offset)
        ):
            self._counts.not_newer += 1
            return None
        reference = self.reference
        if reference.due_us < inf:
            # Also up to the time before the quote: a late one sets the clock back, but undoes nothing.
            now_us = max(time_us, self.clock.now(log_us))
            if now_us >= reference.due_us:
                reference.advance(now_us, self.middle)
        self._held[exchange] = quote
        self._changed[exchange] = None
        if exchange in self._taken:
            assert held is not None
            taken = _still_taken(held, quote, self._taken.pop(exchange))
            if taken != NOTHING_TAKEN:
                self._taken[exchange] = taken
        now_us = self.clock.on_tick(time_us, log_us)
        if now_us - time_us > self._max_quote_age_us:
            self._counts.stale += 1
        if reference.due_us == inf:
            reference.offer(self.middle(now_us), now_us)
        elif now_us <= reference.due_us - SECOND_US:
            reference.offer_again(self.middle(now_us), now_us)
        return now_us

    def is_due(self, log_us: int) -> bool:
        """Whether anything of the symbol may be too old at a log time."""
        clock = self.clock
        silence_us = log_us - clock.arrival_us
        return silence_us > self._max_quote_age_us or clock.tick_time_us + silence_us > self.keep_until_us

    def market(self, now_us: int) -> Depth:
        """Return the depth of the quotes that are not too old at now_us, nor too far behind the newest."""
        oldest_us = self._oldest_us(now_us)
        return Depth(
            (quote, self._taken.get(exchange, NOTHING_TAKEN))
            for exchange, quote in self._held.items()
            if quote.time_us >= oldest_us
        )

    def reference_at(self, now_us: int) -> Decimal | None:
        """Return the reference price at now_us, with no quote after those that are held; None without one."""
        self.reference.advance(now_us, self.middle)
        return self.reference.state.price

    def middle(self, now_us: int) -> Decimal | None:
        """Return the middle of the NBBO at now_us; None if a side is empty or they are too far apart.

        Floats are looked at first: where two differ, the exact numbers differ the same way.
        """
        oldest_us = self._oldest_us(now_us)
        bid = ask = None
        bid_float, ask_float = -inf, inf
        for quote in self._held.values():
            if quote.time_us < oldest_us:
                continue
            if quote.bid is not None and (found := float(quote.bid)) >= bid_float:
                if found == bid_float and quote.bid != bid:
                    return self._exact_middle(now_us)
                bid, bid_float = quote.bid, found
            if quote.ask is not None and (found := float(quote.ask)) <= ask_float:
                if found == ask_float and quote.ask != ask:
                    return self._exact_middle(now_us)
                ask, ask_float = quote.ask, found
        if bid is None or ask is None:
            return None
        if bid_float >= ask_float and bid != ask:
            return self._exact_middle(now_us)
        if self._middle is None or self._middle[0] != bid or self._middle[1] != ask:
            self._middle = bid, ask, middle_of(Decimal(bid), Decimal(ask))
        return self._middle[2]

    def _exact_middle(self, now_us: int) -> Decimal | None:
        market = self.market(now_us)
        return middle_of(market.bid, market.ask)

    def crossing(self, now_us: int) -> Sequence[Quote]:
        """Return the usable quotes that are left out at now_us, as they cross themselves or others."""
        oldest_us = self._oldest_us(now_us)
        usable = [quote for quote in self._held.values() if quote.time_us >= oldest_us]
        highest = max((float(quote.bid) for quote in usable if quote.bid is not None), default=-inf)
        lowest = min((float(quote.ask) for quote in usable if quote.ask is not None), default=inf)
        return () if highest < lowest else self.market(now_us).crossing

    def silent(self) -> list[Quote]:
        """Return the quotes that are too far behind the newest one, the oldest first."""
        oldest_us = self.clock.tick_time_us - self._max_quote_lag_us
        found = [quote for quote in self._held.values() if quote.time_us < oldest_us]
        return sorted((quote for quote in found if quote.bid or quote.ask), key=age_of)

    def as_of(self, now_us: int) -> str | None:
        """Return which usable quotes are known at now_us, as in "0-1234 2-99".

        For each partition of `ticks` that one of them came from: the offset after the latest of them. None
        without such a quote.
        """
        oldest_us = self._oldest_us(now_us)
        ends: dict[int, int] = {}
        for quote in self._held.values():
            if quote.time_us >= oldest_us:
                ends[quote.partition] = max(ends.get(quote.partition, 0), quote.offset + 1)
        return " ".join(f"{partition}-{end}" for partition, end in sorted(ends.items())) or None

    def _oldest_us(self, now_us: int) -> int:
        """Return the time of the oldest quote that is usable at now_us."""
        return max(now_us - self._max_quote_age_us, self.clock.tick_time_us - self._max_quote_lag_us)

    def next_stale_us(self, now_us: int) -> int | None:
        """Return when the oldest usable quote will be too old; None without a usable quote at now_us."""
        stale_us = (held.time_us + self._max_quote_age_us + 1 for held in self._held.values())
        return min((time_us for time_us in stale_us if time_us > now_us), default=None)

    def take(self, side: Side, level: Level, quantity: Decimal) -> None:
        """Take a quantity from a level for an order of this side; a quote without a size is never used up."""
        if level.left is None:
            return
        level.left = EXACT.subtract(level.left, quantity)
        bid_taken, ask_taken = self._taken.get(level.quote.exchange, NOTHING_TAKEN)
        if side is Side.BUY:
            ask_taken = EXACT.add(ask_taken, quantity)
        else:
            bid_taken = EXACT.add(bid_taken, quantity)
        self._taken[level.quote.exchange] = Sizes(bid_taken, ask_taken)
        self._changed[level.quote.exchange] = None

    def changes(self) -> list[Change]:
        """Return the quotes and the clock that changed since the last call."""
        changes: list[Change] = [
            HeldQuote(self._held[exchange], self._taken.get(exchange, NOTHING_TAKEN))
            for exchange in self._changed
        ]
        self._changed.clear()
        clock = SymbolClock(self.symbol, self.clock.state, self.forgotten_us)
        if clock != self._journaled_clock:
            self._journaled_clock = clock
            changes.append(clock)
        if self.reference.state is not self._journaled_reference:
            self._journaled_reference = self.reference.state
            changes.append(SymbolReference(self.symbol, self._journaled_reference))
        return changes

    def entries(self) -> Iterator[Entry]:
        """Return all that the journal holds of the book."""
        for exchange, quote in self._held.items():
            yield HeldQuote(quote, self._taken.get(exchange, NOTHING_TAKEN))
        yield SymbolClock(self.symbol, self.clock.state, self.forgotten_us)
        yield SymbolReference(self.symbol, self.reference.state)

    def hold(self, quote: Quote, taken: Sizes) -> None:
        """Restore a held quote; the clock stays as it is."""
        self._held[quote.exchange] = quote
        if taken != NOTHING_TAKEN:
            self._taken[quote.exchange] = taken


def _still_taken(held: Quote, quote: Quote, taken: Sizes) -> Sizes:
    is_same_bid = _is_same(held.bid, quote.bid) and _is_same(held.bid_size, quote.bid_size)
    is_same_ask = _is_same(held.ask, quote.ask) and _is_same(held.ask_size, quote.ask_size)
    return Sizes(taken.bid_taken if is_same_bid else ZERO, taken.ask_taken if is_same_ask else ZERO)


def _is_same(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or Decimal(one) == Decimal(other)
