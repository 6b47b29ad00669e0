"""The orders of one symbol that may trade, in groups of one side and priority."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from math import inf
from typing import NamedTuple

from fintank.trading.decimals import ZERO
from fintank.trading.depth import is_worse
from fintank.trading.messages import Side
from fintank.trading.orders import WorkingOrder
from fintank.trading.sorting import SortedItems

BestPrice = Callable[[bool], Decimal | None]
"""Gives the best price at which something is left to trade on, for cash orders (True) or others, or None."""

_ANY_PRICE = {Side.BUY: Decimal("Infinity"), Side.SELL: ZERO}
"""The limit of an order without one."""


class GroupKey(NamedTuple):
    """What orders that trade together have in common; BUY sorts before SELL."""

    priority: int
    side: Side


class Group:
    """The orders of one side and priority that may trade: all but stops that wait for their price.

    window_end_us: when orders of a lower priority than 1 trade as a block; None until there is a clock.
    idle_reach: its reach when it was last tried after that, if nothing but a quote within it is of use to it.
    Orders are kept by limit and arrival_seq, cash orders apart: less than a lot is not for them.
    """

    __slots__ = ("_limits", "idle_reach", "key", "window_end_us")

    def __init__(self, key: GroupKey) -> None:
        self.key = key
        self.window_end_us: int | None = None
        self.idle_reach: float | None = None
        self._limits: tuple[SortedItems[tuple[Decimal, int]], ...] = (SortedItems(), SortedItems())

    def __bool__(self) -> bool:
        return any(self._limits)

    def add(self, working: WorkingOrder) -> None:
        """Take an order in."""
        self._limits[_is_cash(working)].add(self._item(working))

    def remove(self, working: WorkingOrder) -> None:
        """Take an order out."""
        self._limits[_is_cash(working)].remove(self._item(working))

    def taking_part(self, price: Decimal) -> list[int]:
        """Return the orders that would trade at a price, by arrival_seq."""
        if self.key.side is Side.BUY:
            found = [item for limits in self._limits for item in limits.from_((price, -1))]
        else:
            found = [item for limits in self._limits for item in limits.up_to((price, inf))]
        return sorted(seq for _, seq in found)

    def takers(self, best: BestPrice) -> Iterator[int]:
        """Yield the orders that can trade at the best price, one after the other, by arrival_seq.

        What an order takes may make the best price a worse one before the next is asked for, and the order
        may leave the group. No order is looked at that is not yielded, but the first of each limit.
        """
        side = self.key.side
        runs = list(self._runs(best))
        heapify(runs)
        while runs:
            seq, limit, is_cash = runs[0]
            price = best(is_cash)
            if price is None or is_worse(price, limit, side):
                heappop(runs)
                continue
            yield seq
            following = self._limits[is_cash].after((limit, seq))
            if following is None or following[0] != limit:
                heappop(runs)
            else:
                heapreplace(runs, (following[1], limit, is_cash))

    def _runs(self, best: BestPrice) -> Iterator[tuple[int, Decimal, bool]]:
        """Yield the first order of each limit that allows the best price, with the limit."""
        side = self.key.side
        for is_cash, limits in zip((False, True), self._limits, strict=True):
            price = best(is_cash)
            if price is None:
                continue
            item = limits.after((price if side is Side.BUY else ZERO, -1))
            while item is not None and not is_worse(price, item[0], side):
                yield item[1], item[0], is_cash
                item = limits.after((item[0], inf))

    @property
    def reach(self) -> float:
        """The worst price at which any of its orders would trade."""
        if self.key.side is Side.BUY:
            return max(-inf if limits.last is None else float(limits.last[0]) for limits in self._limits)
        return min(inf if limits.first is None else float(limits.first[0]) for limits in self._limits)

    def _item(self, working: WorkingOrder) -> tuple[Decimal, int]:
        price = working.order.price
        return (_ANY_PRICE[self.key.side] if price is None else price), working.arrival_seq


def _is_cash(working: WorkingOrder) -> bool:
    return working.order.cash_order_qty is not None
