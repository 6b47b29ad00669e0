"""Depth: the usable quotes of a symbol at one moment, and what they still offer."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from fintank.trading.decimals import EXACT
from fintank.trading.messages import Quote, Side

_NO_SIZE = Decimal(-1)
_WITHOUT_LEVEL = itemgetter(0, 1, 2)


@dataclass(slots=True)
class Level:
    """One quote's price on one side; left: the displayed size not taken yet, None for any quantity."""

    price: Decimal
    quote: Quote
    left: Decimal | None

    def offers(self, quantity: Decimal) -> bool:
        """Whether a quantity can be taken."""
        return self.left is None or self.left >= quantity


class Sizes(NamedTuple):
    """What was taken from the sizes of a held quote."""

    bid_taken: Decimal
    ask_taken: Decimal


class Depth:
    """The levels of both sides, best price first; crossing: the quotes left out so that bid <= ask."""

    __slots__ = ("asks", "bids", "crossing")

    def __init__(self, held: Iterable[tuple[Quote, Sizes]] = ()) -> None:
        """Sort quotes by price, then by size (the largest first, none last), then by time and offset.

        A quote that crosses itself is left out, then of the quotes of the best bid and the best ask the older
        one, as long as the bid is above the ask.
        """
        bids, asks = [], []
        self.crossing: list[Quote] = []
        for quote, taken in held:
            bid = None if quote.bid is None else Decimal(quote.bid)
            ask = None if quote.ask is None else Decimal(quote.ask)
            if bid is not None and ask is not None and bid > ask:
                self.crossing.append(quote)
                continue
            age = age_of(quote)
            if bid is not None:
                size = _size(quote.bid_size)
                level = Level(bid, quote, _left(size, taken.bid_taken))
                bids.append((bid.copy_negate(), size.copy_negate(), age, level))
            if ask is not None:
                size = _size(quote.ask_size)
                level = Level(ask, quote, _left(size, taken.ask_taken))
                asks.append((ask, size.copy_negate(), age, level))
        self.bids = [found[-1] for found in sorted(bids, key=_WITHOUT_LEVEL)]
        self.asks = [found[-1] for found in sorted(asks, key=_WITHOUT_LEVEL)]
        while self.bids and self.asks and self.bids[0].price > self.asks[0].price:
            self._leave_out(min(self.bids[0].quote, self.asks[0].quote, key=age_of))

    def levels(self, side: Side) -> list[Level]:
        """Return the levels that an order of this side takes from: asks for BUY, bids for SELL."""
        return self.asks if side is Side.BUY else self.bids

    def best(self, side: Side) -> Decimal | None:
        """Return the NBBO's price for an order of this side; None if that side is empty."""
        levels = self.levels(side)
        return levels[0].price if levels else None

    @property
    def bid(self) -> Decimal | None:
        """The highest bid."""
        return self.best(Side.SELL)

    @property
    def ask(self) -> Decimal | None:
        """The lowest ask."""
        return self.best(Side.BUY)

    def _leave_out(self, quote: Quote) -> None:
        self.crossing.append(quote)
        self.bids = [level for level in self.bids if level.quote is not quote]
        self.asks = [level for level in self.asks if level.quote is not quote]


def age_of(quote: Quote) -> tuple[int, int]:
    """Return the key by which a symbol's quotes are sorted, the oldest first."""
    return quote.time_us, quote.offset


def is_worse(price: Decimal, limit: Decimal | None, side: Side) -> bool:
    """Whether an order with this limit (None: any price) does not trade at a price."""
    if limit is None:
        return False
    return price > limit if side is Side.BUY else price < limit


def _size(text: str | None) -> Decimal:
    return _NO_SIZE if text is None else Decimal(text)


def _left(size: Decimal, taken: Decimal) -> Decimal | None:
    return None if size is _NO_SIZE else EXACT.subtract(size, taken)
