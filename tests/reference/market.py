"""One symbol's quotes and clock."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any

from reference.messages import Message, Place, RejectError
from reference.numbers import MICROSECONDS, number


@dataclass
class Quote:
    """An exchange's held quote; an empty side has no price. taken: by the side of the order."""

    exchange: str
    time_us: int
    partition: int
    offset: int
    bid: Fraction | None
    ask: Fraction | None
    bid_size: Fraction | None
    ask_size: Fraction | None
    taken: dict[str, Fraction] = field(default_factory=lambda: {"BUY": Fraction(), "SELL": Fraction()})

    @property
    def quote_id(self) -> str:
        return f"{self.partition}-{self.offset}"

    @property
    def age(self) -> tuple[int, int]:
        return self.time_us, self.offset

    @property
    def crosses_itself(self) -> bool:
        return self.bid is not None and self.ask is not None and self.bid > self.ask

    def has(self, side: str) -> bool:
        return (self.ask if side == "BUY" else self.bid) is not None

    def price(self, side: str) -> Fraction:
        """The price that an order of this side gets."""
        price = self.ask if side == "BUY" else self.bid
        assert price is not None
        return price

    def size(self, side: str) -> Fraction | None:
        return self.ask_size if side == "BUY" else self.bid_size

    def offer(self, side: str) -> Fraction | None:
        """What is left for an order of this side; None is any quantity."""
        size = self.size(side)
        return None if size is None else size - self.taken[side]

    def is_same(self, other: "Quote", side: str) -> bool:
        """Whether another quote of the exchange shows the same on a side."""
        prices = (self.ask, other.ask) if side == "BUY" else (self.bid, other.bid)
        return prices[0] == prices[1] and self.size(side) == other.size(side)


def read_quote(message: Message, place: Place, allow_negative: bool) -> Quote:
    """Read a tick."""
    sides = [side for name in ("bid", "ask") for side in read_side(message, name, allow_negative)]
    time_us = int(float(message["timestamp"]) * MICROSECONDS + 0.5)
    place.time_us({"timestamp": message["timestamp"]})
    bid, bid_size, ask, ask_size = sides
    counted_us = min(time_us, place.append_us)
    sizes = (bid_size, ask_size)
    return Quote(message["exchange"], counted_us, place.partition, place.offset, bid, ask, *sizes)


def read_side(message: Message, name: str, allow_negative: bool) -> tuple[Fraction | None, Fraction | None]:
    """Read price and size; neither of an empty side."""
    price = message.get(name)
    price = number(price) if allow_negative else at_least_zero(price, "NOT_POSITIVE")
    size = at_least_zero(message.get(f"{name}_size"), "NEGATIVE")
    is_empty = price is None or size == 0 or (price == 0 and not allow_negative)
    return (None, None) if is_empty else (price, size)


def at_least_zero(value: Any, reason: str) -> Fraction | None:
    if value is not None and not isfinite(float(value)):
        raise RejectError("NOT_FINITE")
    found = number(value)
    if found is not None and found < 0:
        raise RejectError(reason)
    return found


class Market:
    """The held quotes of a symbol, and its clock."""

    def __init__(self, max_quote_lag_us: int, max_quote_age_us: int) -> None:
        self.quotes: dict[str, Quote] = {}
        self.tick_time_us: int | None = None
        self._max_quote_lag_us = max_quote_lag_us
        self._max_quote_age_us = max_quote_age_us
        self._arrival_us = 0
        self._reference: Fraction | None = None
        self._candidate: tuple[Fraction, int] | None = None

    def clock(self, log_us: int) -> int | None:
        """Return the symbol's time."""
        return None if self.tick_time_us is None else self.tick_time_us + log_us - self._arrival_us

    def is_silent(self, log_us: int) -> bool:
        """Whether it has been so long since the latest tick that no quote is usable."""
        return self.tick_time_us is not None and log_us - self._arrival_us > self._max_quote_age_us

    def log_time(self, time_us: int) -> int:
        """Return the log time at which the clock shows a time."""
        assert self.tick_time_us is not None
        return time_us - self.tick_time_us + self._arrival_us

    def accept(self, quote: Quote, log_us: int) -> bool:
        """Hold a quote, if it is newer than the held one of its exchange."""
        held = self.quotes.get(quote.exchange)
        if held is not None and quote.age <= held.age:
            return False
        tick_time_us = self.tick_time_us
        if tick_time_us is not None:
            shown_us = tick_time_us + log_us - self._arrival_us
            self.age_candidate(shown_us)
            if quote.time_us >= tick_time_us:
                self.age_candidate(quote.time_us)
        if held is not None:
            for side in ("BUY", "SELL"):
                if quote.is_same(held, side):
                    quote.taken[side] = held.taken[side]
        self.quotes[quote.exchange] = quote
        if self.tick_time_us is None or quote.time_us >= self.tick_time_us:
            self.tick_time_us, self._arrival_us = quote.time_us, log_us
        now_us = self.clock(log_us)
        assert now_us is not None
        if self._candidate is not None and now_us <= self._candidate[1]:
            middle = self.middle(now_us)
            self._candidate = self._candidate[0] if middle is None else middle, now_us
            if self._candidate[0] == self._reference:
                self._candidate = None
        else:
            self.offer_candidate(now_us)
        return True

    def stale_times(self) -> list[int]:
        """Return when each held quote is too old, by the clock."""
        return [quote.time_us + self._max_quote_age_us + 1 for quote in self.quotes.values()]

    def candidate_times(self) -> list[int]:
        """Return when the candidate becomes the reference, by the clock."""
        return [] if self._candidate is None else [self._candidate[1] + MICROSECONDS]

    def reference(self, log_us: int) -> Fraction | None:
        """Return the reference price."""
        now_us = self.clock(log_us)
        if now_us is not None:
            self.age_candidate(now_us)
        return self._reference

    def age_candidate(self, now_us: int) -> None:
        """Let each candidate that is a second old become the reference."""
        while self._candidate is not None and self._candidate[1] + MICROSECONDS <= now_us:
            self._reference, at_us = self._candidate[0], self._candidate[1] + MICROSECONDS
            self._candidate = None
            self.offer_candidate(at_us)

    def middle(self, now_us: int) -> Fraction | None:
        """Return the middle of the NBBO, if it can be a reference."""
        quotes = without_crossing(self.usable_at(now_us))
        bids, asks = sorted_levels(quotes, "SELL"), sorted_levels(quotes, "BUY")
        if not bids or not asks:
            return None
        bid, ask = bids[0].price("SELL"), asks[0].price("BUY")
        middle = (bid + ask) / 2
        return middle if ask - bid <= abs(middle) / 10 else None

    def offer_candidate(self, now_us: int) -> None:
        """Take the middle of the NBBO as the candidate, if it can be one."""
        middle = self.middle(now_us)
        if middle is None:
            return
        if self._reference is None:
            self._reference = middle
        elif self._candidate is None and middle != self._reference:
            self._candidate = middle, now_us

    def usable(self, log_us: int) -> list[Quote]:
        """Return the quotes that are not too old."""
        return self.usable_at(self.clock(log_us))

    def usable_at(self, now_us: int | None) -> list[Quote]:
        if now_us is None or not self.quotes:
            return []
        newest_us = max(quote.time_us for quote in self.quotes.values())
        return [
            quote
            for quote in self.quotes.values()
            if now_us - quote.time_us <= self._max_quote_age_us
            and newest_us - quote.time_us <= self._max_quote_lag_us
        ]

    def uncrossed(self, log_us: int) -> list[Quote]:
        """Return the usable quotes without those that cross."""
        return without_crossing(self.usable(log_us))

    def crosses(self, log_us: int) -> bool:
        """Whether a usable quote is left out as it crosses."""
        return len(self.uncrossed(log_us)) < len(self.usable(log_us))

    def levels(self, side: str, log_us: int) -> list[Quote]:
        """Return the quotes to trade on, the best first for an order of this side."""
        return sorted_levels(self.uncrossed(log_us), side)

    def as_of(self, log_us: int) -> str | None:
        """Return the offset after the latest usable quote of each partition, as in `0-1234 2-99`."""
        known = self.usable(log_us)
        ends = {
            number: max(quote.offset + 1 for quote in known if quote.partition == number)
            for number in sorted({quote.partition for quote in known})
        }
        return " ".join(f"{number}-{end}" for number, end in ends.items()) or None

    def nbbo(self, log_us: int) -> tuple[Fraction | None, Fraction | None]:
        """Return the highest bid and the lowest ask."""
        bids, asks = self.levels("SELL", log_us), self.levels("BUY", log_us)
        return (bids[0].bid if bids else None, asks[0].ask if asks else None)


def without_crossing(usable: list[Quote]) -> list[Quote]:
    quotes = [quote for quote in usable if not quote.crosses_itself]
    while True:
        bids, asks = sorted_levels(quotes, "SELL"), sorted_levels(quotes, "BUY")
        if not bids or not asks or bids[0].price("SELL") <= asks[0].price("BUY"):
            return quotes
        older = min(bids[0], asks[0], key=lambda quote: quote.age)
        quotes.remove(older)


def sorted_levels(quotes: list[Quote], side: str) -> list[Quote]:
    sign = 1 if side == "BUY" else -1
    return sorted(
        (quote for quote in quotes if quote.has(side)),
        key=lambda quote: (
            sign * quote.price(side),
            0 if quote.size(side) is not None else 1,
            -(quote.size(side) or 0),
            quote.age,
        ),
    )
