"""Groups: the orders of one symbol, side and priority that may trade."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from math import inf
from typing import NamedTuple

from fintank.trading.messages import Side
from fintank.trading.sorting import SortedItems
from fintank.trading.working_order import WorkingOrder

BestPrice = Callable[[bool], Decimal | None]
"""Returns the best price at which anything is left, for cash orders (True) or others; None without any."""

_ANY_PRICE = Decimal("-Infinity")
"""The rank of an order without a limit: it is the first."""


class GroupKey(NamedTuple):
    """Identifies a group of a symbol; BUY sorts before SELL."""

    priority: int
    side: Side


class Group:
    """The orders of one side and priority that may trade: all but stops that wait for their price.

    window_end_us: when a group of priority 2 or more trades as a block; None until there is a clock.
    idle_reach: its reach, if the group is idle: it was tried after that, and only a better quote helps.
    Orders are sorted by price and time, cash orders apart, as they can't trade less than a lot. The better a
    limit, the lower its rank.
    """

    __slots__ = ("_ranked", "idle_reach", "key", "window_end_us")

    def __init__(self, key: GroupKey) -> None:
        self.key = key
        self.window_end_us: int | None = None
        self.idle_reach: float | None = None
        self._ranked: tuple[SortedItems[tuple[Decimal, int]], ...] = (SortedItems(), SortedItems())

    def __bool__(self) -> bool:
        return any(self._ranked)

    def add(self, working: WorkingOrder) -> None:
        """Add an order."""
        self._ranked[_is_cash(working)].add(self._item(working))

    def remove(self, working: WorkingOrder) -> None:
        """Remove an order."""
        self._ranked[_is_cash(working)].remove(self._item(working))

    def taking_part(self, price: Decimal) -> list[int]:
        """Return the orders that would trade at a price, by arrival_seq."""
        bound = (self._rank(price), inf)
        return sorted(seq for ranked in self._ranked for _, seq in ranked.up_to(bound))

    def takers(self, best: BestPrice) -> Iterator[int]:
        """Yield the orders that can trade at the best price, those without a limit first, by limit and
        arrival_seq.

        Between two of them the best price may get worse, and the order may leave the group. Beyond the orders
        that are yielded only the next one is looked at.
        """
        heads = [
            (*ranked.first, bool(is_cash)) for is_cash, ranked in enumerate(self._ranked) if ranked.first
        ]
        heapify(heads)
        while heads:
            rank, seq, is_cash = heads[0]
            price = best(is_cash)
            if price is None or rank > self._rank(price):
                heappop(heads)
                continue
            yield seq
            following = self._ranked[is_cash].after((rank, seq))
            if following is None:
                heappop(heads)
            else:
                heapreplace(heads, (*following, is_cash))

    @property
    def reach(self) -> float:
        """The worst price at which any of its orders would trade."""
        first = min((ranked.first for ranked in self._ranked if ranked.first is not None), default=None)
        rank = inf if first is None else float(first[0])
        return -rank if self.key.side is Side.BUY else rank

    def _item(self, working: WorkingOrder) -> tuple[Decimal, int]:
        price = working.order.price
        return (_ANY_PRICE if price is None else self._rank(price)), working.arrival_seq

    def _rank(self, price: Decimal) -> Decimal:
        return price.copy_negate() if self.key.side is Side.BUY else price


def _is_cash(working: WorkingOrder) -> bool:
    return working.order.cash_order_qty is not None
