"""Depth: the usable quotes of a symbol at one moment, and what they still offer."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from fintank.trading.decimals import EXACT
from fintank.trading.messages import Quote, Side

_NO_SIZE = Decimal(-1)
_HALF = Decimal("0.5")
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
    """The levels of both sides, best price first."""

    __slots__ = ("asks", "bids")

    def __init__(self, held: Iterable[tuple[Quote, Sizes]] = ()) -> None:
        """Sort quotes by price, then by size (the largest first, none last), then by time and offset."""
        bids, asks = [], []
        for quote, taken in held:
            bid, ask = Decimal(quote.bid), Decimal(quote.ask)
            bid_size, ask_size = _size(quote.bid_size), _size(quote.ask_size)
            age = (quote.time_us, quote.offset)
            bid_level = Level(bid, quote, _left(bid_size, taken.bid_taken))
            ask_level = Level(ask, quote, _left(ask_size, taken.ask_taken))
            bids.append((bid.copy_negate(), bid_size.copy_negate(), age, bid_level))
            asks.append((ask, ask_size.copy_negate(), age, ask_level))
        self.bids = [found[-1] for found in sorted(bids, key=_WITHOUT_LEVEL)]
        self.asks = [found[-1] for found in sorted(asks, key=_WITHOUT_LEVEL)]

    def levels(self, side: Side) -> list[Level]:
        """Return the levels that an order of this side takes from: asks for BUY, bids for SELL."""
        return self.asks if side is Side.BUY else self.bids

    def best(self, side: Side) -> Decimal | None:
        """Return the NBBO's price for an order of this side; None without a usable quote."""
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

    @property
    def is_crossed(self) -> bool:
        """Whether the bid is above the ask, so that nothing trades."""
        return bool(self.bids) and self.bids[0].price > self.asks[0].price

    @property
    def is_open(self) -> bool:
        """Whether there is an NBBO that is not crossed."""
        return bool(self.bids) and not self.is_crossed

    @property
    def mid(self) -> Decimal:
        """The middle of the NBBO, exactly; needs a usable quote."""
        return EXACT.multiply(EXACT.add(self.bids[0].price, self.asks[0].price), _HALF)


def is_worse(price: Decimal, limit: Decimal | None, side: Side) -> bool:
    """Whether an order with this limit (None: any price) does not trade at a price."""
    if limit is None:
        return False
    return price > limit if side is Side.BUY else price < limit


def _size(text: str | None) -> Decimal:
    return _NO_SIZE if text is None else Decimal(text)


def _left(size: Decimal, taken: Decimal) -> Decimal | None:
    return None if size is _NO_SIZE else EXACT.subtract(size, taken)
