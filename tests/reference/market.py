"""One symbol's quotes and clock."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any

from reference.messages import Message, Place, RejectError
from reference.numbers import MICROSECONDS, number


@dataclass
class Quote:
    """An exchange's held quote; taken: what earlier trades took from it, by the side of the order."""

    exchange: str
    time_us: int
    partition: int
    offset: int
    bid: Fraction
    ask: Fraction
    bid_size: Fraction | None
    ask_size: Fraction | None
    taken: dict[str, Fraction] = field(default_factory=lambda: {"BUY": Fraction(), "SELL": Fraction()})

    @property
    def quote_id(self) -> str:
        return f"{self.partition}-{self.offset}"

    def price(self, side: str) -> Fraction:
        """The price that an order of this side gets."""
        return self.ask if side == "BUY" else self.bid

    def size(self, side: str) -> Fraction | None:
        return self.ask_size if side == "BUY" else self.bid_size

    def offer(self, side: str) -> Fraction | None:
        """What is left for an order of this side; None is any quantity."""
        size = self.size(side)
        return None if size is None else size - self.taken[side]


def read_quote(message: Message, place: Place) -> Quote:
    """Read a tick."""
    prices = [positive(message[name]) for name in ("bid", "ask")]
    sizes = [number(message.get(name)) for name in ("bid_size", "ask_size")]
    if any(size is not None and size < 0 for size in sizes):
        raise RejectError("NEGATIVE")
    time_us = int(float(message["timestamp"]) * MICROSECONDS + 0.5)
    place.time_us({"timestamp": message["timestamp"]})
    return Quote(message["exchange"], time_us, place.partition, place.offset, *prices, *sizes)


def positive(value: Any) -> Fraction:
    if not isfinite(float(value)):
        raise RejectError("NOT_FINITE")
    found = number(value)
    assert found is not None
    if found <= 0:
        raise RejectError("NOT_POSITIVE")
    return found


class Market:
    """The held quotes of a symbol, and its clock."""

    def __init__(self, max_quote_age_us: int) -> None:
        self.quotes: dict[str, Quote] = {}
        self.tick_time_us: int | None = None
        self._max_quote_age_us = max_quote_age_us
        self._arrival_us = 0
        self._latest_us = 0

    def clock(self, log_us: int) -> int | None:
        """Return the symbol's time; it never runs back."""
        if self.tick_time_us is None:
            return None
        self._latest_us = max(self._latest_us, self.tick_time_us + log_us - self._arrival_us)
        return self._latest_us

    def accept(self, quote: Quote, log_us: int) -> bool:
        """Hold a quote, if it is newer than the held one of its exchange."""
        held = self.quotes.get(quote.exchange)
        if held is not None and (quote.time_us, quote.offset) <= (held.time_us, held.offset):
            return False
        self.quotes[quote.exchange] = quote
        self.clock(log_us)
        if self.tick_time_us is None or quote.time_us > self.tick_time_us:
            self.tick_time_us, self._arrival_us = quote.time_us, log_us
        return True

    def levels(self, side: str, log_us: int) -> list[Quote]:
        """Return the usable quotes, the best first for an order of this side."""
        now_us = self.clock(log_us)
        usable = [
            quote
            for quote in self.quotes.values()
            if now_us is not None and now_us - quote.time_us <= self._max_quote_age_us
        ]
        sign = 1 if side == "BUY" else -1
        return sorted(
            usable,
            key=lambda quote: (
                sign * quote.price(side),
                0 if quote.size(side) is not None else 1,
                -(quote.size(side) or 0),
                quote.time_us,
                quote.offset,
            ),
        )

    def as_of(self, log_us: int) -> str | None:
        """Return the offset after the latest usable quote of each partition, as in `0-1234 2-99`."""
        known = self.levels("BUY", log_us)
        ends = {
            number: max(quote.offset + 1 for quote in known if quote.partition == number)
            for number in sorted({quote.partition for quote in known})
        }
        return " ".join(f"{number}-{end}" for number, end in ends.items()) or None

    def nbbo(self, log_us: int) -> tuple[Fraction | None, Fraction | None]:
        """Return the highest bid and the lowest ask of the usable quotes."""
        bids, asks = self.levels("SELL", log_us), self.levels("BUY", log_us)
        return (bids[0].bid if bids else None, asks[0].ask if asks else None)

    def uncrossed(self, log_us: int) -> tuple[Fraction, Fraction] | None:
        """Return the NBBO if there is one and it is not crossed."""
        bid, ask = self.nbbo(log_us)
        return None if bid is None or ask is None or bid > ask else (bid, ask)
