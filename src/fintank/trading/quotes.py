"""The quotes of one symbol, and its national best bid and offer (NBBO)."""

from dataclasses import dataclass
from decimal import Decimal

from fintank.trading import journal
from fintank.trading.clock import Clock, ClockState
from fintank.trading.journal import JournalRecord
from fintank.trading.messages import Quote

_NO_SIZE = Decimal(-1)


@dataclass(slots=True)
class Counts:
    """How often a quote, or an order, was of no use, since the process started.

    not_newer: dropped, not newer than the held quote of its exchange. stale: held, but at its arrival already
    older than max_quote_age_us. crossed: an NBBO that an order needed had its bid above its ask.
    duplicates: orders that were known already.
    """

    not_newer: int = 0
    stale: int = 0
    crossed: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """The best price of one side, and the quote it comes from."""

    price: Decimal
    quote: Quote


@dataclass(frozen=True, slots=True)
class Nbbo:
    """The highest bid and the lowest ask; None where no usable quote has that side."""

    bid: Level | None = None
    ask: Level | None = None

    @property
    def is_crossed(self) -> bool:
        """Whether the bid is above the ask: then nothing trades."""
        return self.bid is not None and self.ask is not None and self.bid.price > self.ask.price


class Book:
    """One symbol's held quote of each exchange, and its clock. Made when the symbol's first quote comes."""

    __slots__ = ("_counts", "_held", "_journaled", "_journaled_clock", "_max_quote_age_us", "clock", "symbol")

    def __init__(self, symbol: str, clock: Clock, max_quote_age_us: int, counts: Counts) -> None:
        self.symbol = symbol
        self.clock = clock
        self._max_quote_age_us = max_quote_age_us
        self._counts = counts
        self._held: dict[str, Quote] = {}
        self._journaled: dict[str, Quote] = {}
        self._journaled_clock: ClockState | None = None

    def accept(self, quote: Quote, wall_us: int) -> bool:
        """Hold a quote and move the clock; False, and nothing moves, if it is not newer than the held one.

        Newer means a greater (time_us, offset): in real data almost half of the quotes share their
        millisecond with the one before.
        """
        time_us = quote.time_us
        held = self._held.get(quote.exchange)
        if held is not None and (
            time_us < held.time_us or (time_us == held.time_us and quote.offset <= held.offset)
        ):
            self._counts.not_newer += 1
            return False
        self._held[quote.exchange] = quote
        if self.clock.on_tick(time_us, wall_us) - time_us > self._max_quote_age_us:
            self._counts.stale += 1
        return True

    def nbbo(self, now_us: int) -> Nbbo:
        """Return the NBBO over the held quotes that are not too old at now_us.

        Of equal prices the larger size wins (a quote without a size counts as the smallest), then the
        earlier quote.
        """
        usable = [held for held in self._held.values() if now_us - held.time_us <= self._max_quote_age_us]
        bids = [
            ((Decimal(quote.bid), _size(quote.bid_size), -quote.time_us, -quote.offset), quote)
            for quote in usable
            if quote.bid is not None
        ]
        asks = [
            ((Decimal(quote.ask), _size(quote.ask_size).copy_negate(), quote.time_us, quote.offset), quote)
            for quote in usable
            if quote.ask is not None
        ]
        bid, ask = max(bids, default=None), min(asks, default=None)
        return Nbbo(
            bid=None if bid is None else Level(bid[0][0], bid[1]),
            ask=None if ask is None else Level(ask[0][0], ask[1]),
        )

    def changes(self) -> list[JournalRecord]:
        """Return the records of the quotes and the clock that changed since they were last asked for."""
        changed = [
            quote for exchange, quote in self._held.items() if self._journaled.get(exchange) is not quote
        ]
        self._journaled.update((quote.exchange, quote) for quote in changed)
        records = [journal.quote_record(quote) for quote in changed]
        if self.clock.state != self._journaled_clock:
            self._journaled_clock = self.clock.state
            records.append(journal.clock_record(self.symbol, self._journaled_clock))
        return records

    def hold(self, quote: Quote) -> None:
        """Hold a quote that was accepted before the clock came to where it is."""
        self._held[quote.exchange] = quote


def _size(text: str | None) -> Decimal:
    return _NO_SIZE if text is None else Decimal(text)
