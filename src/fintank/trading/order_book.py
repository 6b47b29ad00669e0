"""The order book: the open orders of one symbol, sorted so that a step looks only at those it touches.

A quote is first compared as floats with the worst limits and the nearest stops: where two floats differ, the
exact numbers differ the same way.
"""

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from math import inf
from typing import Any

from fintank.trading.depth import Depth
from fintank.trading.groups import Group, GroupKey
from fintank.trading.messages import Order, Quote, Side
from fintank.trading.sorting import SortedItems
from fintank.trading.windows import Windows
from fintank.trading.working_order import WorkingOrder


class OrderBook:
    """The open orders of a symbol; by_seq holds them by arrival_seq.

    alone: the orders of priority 1. windows: those that trade in blocks. unchecked: those still to be checked
    by the rules that need a price. due_us: the symbol's time of the next step that needs no message.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.by_seq: dict[int, WorkingOrder] = {}
        self.alone: dict[Side, Group] = {side: Group(GroupKey(1, side)) for side in Side}
        self.windows = Windows(symbol)
        self.stops: dict[Side, SortedItems[tuple[Decimal, int]]] = {side: SortedItems() for side in Side}
        self.ends: SortedItems[tuple[int, int]] = SortedItems()
        self.unchecked: dict[Side, dict[int, None]] = {side: {} for side in Side}
        self.due_us: float = -inf
        self._must_look = True
        self._settled_us: float = -inf
        self._times: SortedItems[tuple[int, int]] = SortedItems()
        self._buy_reach = self._sell_stop = -inf
        self._sell_reach = self._buy_stop = inf

    def add(self, working: WorkingOrder) -> None:
        """Add an open order."""
        self.by_seq[working.arrival_seq] = working
        if not working.is_checked:
            self.unchecked[working.order.side][working.arrival_seq] = None
        for items, item in self._places(working):
            items.add(item)
        if not working.is_stop:
            self._group_of(working.order).add(working)

    def put(self, working: WorkingOrder) -> None:
        """Replace an order by its new state; remove it if it is no longer open."""
        before = self.by_seq[working.arrival_seq]
        if not working.is_open:
            self._remove(before)
            return
        self.by_seq[working.arrival_seq] = working
        if working.is_checked:
            self.unchecked[working.order.side].pop(working.arrival_seq, None)
        if before.is_stop and not working.is_stop:
            assert before.order.stop_px is not None
            self.stops[before.order.side].remove((before.order.stop_px, before.arrival_seq))
            self._group_of(working.order).add(working)

    def replace(self, before: WorkingOrder, working: WorkingOrder) -> None:
        """Put an order in the place of another; with the same arrival_seq it stays in its group."""
        if working.is_open and working.arrival_seq == before.arrival_seq:
            self.by_seq[working.arrival_seq] = working
            self._times.remove((before.order.order_time_us, before.arrival_seq))
            self._times.add((working.order.order_time_us, working.arrival_seq))
            unchecked = self.unchecked[working.order.side]
            if working.is_checked:
                unchecked.pop(working.arrival_seq, None)
            else:
                unchecked[working.arrival_seq] = None
            return
        self._remove(before)
        if working.is_open:
            self.add(working)

    def is_touched(self, quote: Quote, now_us: int, newest_us: int) -> bool:
        """Whether a quote that was just accepted may lead to anything; newest_us: the newest quote's time.

        A quote may take the best price away from the market without touching any order itself: if it has an
        empty side, or crosses itself, or is older than a quote that it crosses. Otherwise it is the newest,
        stays in the market, and its own prices keep the stops from being triggered.
        """
        if self._must_look or not self._settled_us <= now_us < self.due_us or quote.time_us < newest_us:
            return True
        if quote.bid is None or quote.ask is None:
            return True
        bid, ask = float(quote.bid), float(quote.ask)
        if bid >= ask or ask <= self._buy_reach or ask >= self._buy_stop:
            return True
        return bid >= self._sell_reach or bid <= self._sell_stop

    def settle(
        self,
        now_us: int,
        next_stale_us: int | None,
        next_session_us: float,
        reference_us: float,
        *,
        sides: Collection[Side],
        must_look: bool,
    ) -> None:
        """After a step at now_us, set what `is_touched` compares the next quote and the time with.

        next_stale_us: when the oldest usable quote will be too old: the price behind it may trigger a stop.
        next_session_us: when the symbol next opens or closes. reference_us: when the reference price changes:
        orders that wait for a price within the collar may trade then. sides: the sides that could trade. Any
        quote leads to a step unless both could, and if must_look says so. So does one that sets the clock
        back before now_us: quotes that were too old may be usable again.
        """
        due_us = [
            self.windows.next_end_us(now_us),
            inf if self.ends.first is None else self.ends.first[0],
            inf if next_stale_us is None else next_stale_us,
            next_session_us,
        ]
        self.due_us = min(due_us)
        self._settled_us = now_us
        self._must_look = must_look or len(sides) < len(Side) or self.windows.must_try
        self._buy_reach = max(self.alone[Side.BUY].reach, self.windows.idle_reach(Side.BUY))
        self._sell_reach = min(self.alone[Side.SELL].reach, self.windows.idle_reach(Side.SELL))
        first, last = self.stops[Side.BUY].first, self.stops[Side.SELL].last
        self._buy_stop = inf if first is None else float(first[0])
        self._sell_stop = -inf if last is None else float(last[0])
        if self._must_look or self._buy_reach == inf or self._sell_reach == -inf:
            self.due_us = min(self.due_us, reference_us)

    def touched_stops(self, market: Depth, sides: Iterable[Side]) -> list[int]:
        """Return the stops that the best prices of some sides touch, none of them empty, by arrival_seq."""
        found: list[int] = []
        for side in sides:
            stops, best = self.stops[side], market.best(side)
            items = stops.up_to((best, inf)) if side is Side.BUY else stops.from_((best, -1))
            found += [seq for _, seq in items]
        return sorted(found)

    def given_by(self, time_us: int) -> int:
        """Return how many orders have a timestamp at or before a time."""
        return self._times.count_up_to((time_us, inf))

    def _remove(self, working: WorkingOrder) -> None:
        del self.by_seq[working.arrival_seq]
        self.unchecked[working.order.side].pop(working.arrival_seq, None)
        for items, item in self._places(working):
            items.remove(item)
        if not working.is_stop:
            self._group_of(working.order).remove(working)

    def _places(self, working: WorkingOrder) -> Iterator[tuple[SortedItems[Any], tuple[Any, int]]]:
        """Yield the sorted items that hold an order, and the order's item in each."""
        seq, order = working.arrival_seq, working.order
        yield self._times, (order.order_time_us, seq)
        if working.end_us is not None:
            yield self.ends, (working.end_us, seq)
        if working.is_stop:
            yield self.stops[order.side], (order.stop_px, seq)

    def _group_of(self, order: Order) -> Group | Windows:
        return self.alone[order.side] if order.priority == 1 else self.windows
