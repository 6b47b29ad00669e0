"""Groups: the orders of one symbol, side and priority that may trade."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from math import inf
from typing import NamedTuple

from fintank.trading.depth import is_worse
from fintank.trading.messages import Side
from fintank.trading.sorting import SortedItems
from fintank.trading.working_order import WorkingOrder

BestPrice = Callable[[bool], Decimal | None]
"""Returns the best price at which anything is left, for cash orders (True) or others; None without any."""

_ANY_PRICE = {Side.BUY: Decimal("Infinity"), Side.SELL: Decimal("-Infinity")}
"""The limit of an order without one."""


class GroupKey(NamedTuple):
    """Identifies a group of a symbol; BUY sorts before SELL."""

    priority: int
    side: Side


class Group:
    """The orders of one side and priority that may trade: all but stops that wait for their price.

    window_end_us: when a group of priority 2 or more trades as a block; None until there is a clock.
    idle_reach: its reach, if the group is idle: it was tried after that, and only a better quote helps.
    Orders are sorted by limit and arrival_seq, cash orders apart, as they can't trade less than a lot.
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
        """Add an order."""
        self._limits[_is_cash(working)].add(self._item(working))

    def remove(self, working: WorkingOrder) -> None:
        """Remove an order."""
        self._limits[_is_cash(working)].remove(self._item(working))

    def taking_part(self, price: Decimal) -> list[int]:
        """Return the orders that would trade at a price, by arrival_seq."""
        if self.key.side is Side.BUY:
            found = [item for limits in self._limits for item in limits.from_((price, -1))]
        else:
            found = [item for limits in self._limits for item in limits.up_to((price, inf))]
        return sorted(seq for _, seq in found)

    def takers(self, best: BestPrice) -> Iterator[int]:
        """Yield the orders that can trade at the best price, by arrival_seq.

        Between two of them the best price may get worse, and the order may leave the group. Beyond the orders
        that are yielded only the first of each limit is looked at.
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
        """Yield the first order at each limit that allows the best price: seq, limit, is_cash."""
        side = self.key.side
        for is_cash, limits in zip((False, True), self._limits, strict=True):
            price = best(is_cash)
            if price is None:
                continue
            item = limits.after((price if side is Side.BUY else _ANY_PRICE[side], -1))
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
