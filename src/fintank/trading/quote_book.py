"""The quote book: one symbol's current quote of each exchange, what was taken from it, and the clock."""

from dataclasses import dataclass
from decimal import Decimal

from fintank.trading.changes import Change, HeldQuote, SymbolClock
from fintank.trading.clock import Clock, ClockState
from fintank.trading.decimals import EXACT, ZERO
from fintank.trading.depth import Depth, Level, Sizes
from fintank.trading.messages import Quote, Side

NOTHING_TAKEN = Sizes(ZERO, ZERO)


@dataclass(slots=True)
class Counts:
    """Counts since the process started.

    not_newer: quotes discarded, as not newer than the exchange's held quote. stale: quotes older than
    max_quote_age_us on arrival. crossed: how often open orders met a crossed NBBO. duplicates: orders whose
    identity was known.
    """

    not_newer: int = 0
    stale: int = 0
    crossed: int = 0
    duplicates: int = 0


class QuoteBook:
    """One symbol's held quote of each exchange, and its clock; made with the symbol's first quote."""

    def __init__(self, symbol: str, clock: Clock, max_quote_age_us: int, counts: Counts) -> None:
        self.symbol = symbol
        self.clock = clock
        self._max_quote_age_us = max_quote_age_us
        self._counts = counts
        self._held: dict[str, Quote] = {}
        self._taken: dict[str, Sizes] = {}
        self._changed: dict[str, None] = {}
        """The exchanges that changes() has yet to return; a dict for its order."""
        self._journaled_clock: ClockState | None = None

    def accept(self, quote: Quote, log_us: int) -> int | None:
        """Hold a quote and return the clock after it; None, and nothing changes, unless it is newer.

        Newer than the held one, that is, by (time_us, offset): in real data almost half of the quotes share
        their millisecond with the one before.
        """
        time_us = quote.time_us
        exchange = quote.exchange
        held = self._held.get(exchange)
        if held is not None and (
            time_us < held.time_us or (time_us == held.time_us and quote.offset <= held.offset)
        ):
            self._counts.not_newer += 1
            return None
        self._held[exchange] = quote
        self._changed[exchange] = None
        if self._taken:
            self._taken.pop(exchange, None)
        now_us = self.clock.on_tick(time_us, log_us)
        if now_us - time_us > self._max_quote_age_us:
            self._counts.stale += 1
        return now_us

    def market(self, now_us: int) -> Depth:
        """Return the depth of the held quotes that are not too old at now_us."""
        oldest_us = now_us - self._max_quote_age_us
        return Depth(
            (quote, self._taken.get(exchange, NOTHING_TAKEN))
            for exchange, quote in self._held.items()
            if quote.time_us >= oldest_us
        )

    def as_of(self, now_us: int) -> str | None:
        """Return which quotes are known that are not too old at now_us, as in "0-1234 2-99".

        For each partition of `ticks` that one of them came from: the offset after the latest of them. None
        without such a quote.
        """
        oldest_us = now_us - self._max_quote_age_us
        ends: dict[int, int] = {}
        for quote in self._held.values():
            if quote.time_us >= oldest_us:
                ends[quote.partition] = max(ends.get(quote.partition, 0), quote.offset + 1)
        return " ".join(f"{partition}-{end}" for partition, end in sorted(ends.items())) or None

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
        if self.clock.state != self._journaled_clock:
            self._journaled_clock = self.clock.state
            changes.append(SymbolClock(self.symbol, self._journaled_clock))
        return changes

    def hold(self, quote: Quote, taken: Sizes) -> None:
        """Restore a held quote; the clock stays as it is."""
        self._held[quote.exchange] = quote
        self._taken[quote.exchange] = taken
