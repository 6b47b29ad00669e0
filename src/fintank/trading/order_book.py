"""The open orders of one symbol, kept so that only what a quote touches is looked at.

Orders are found by arrival_seq. Limits, stops and ends are sorted by price and time. Beside them stand
floats that a quote is held against first: where two floats differ, the exact numbers differ the same way.
"""

from collections.abc import Collection
from decimal import Decimal
from math import inf

from fintank.trading.groups import Group, GroupKey
from fintank.trading.messages import Order, Quote, Side
from fintank.trading.orders import WorkingOrder
from fintank.trading.sorting import SortedItems
from fintank.trading.windows import Windows


class OrderBook:
    """The open orders of a symbol, by arrival_seq in by_seq.

    unchecked: of each side, those that came without a price and are still to be held against the rules that
    need one. due_us: from then on any quote leads to a step, and so does the passing of a second; -inf: at
    once.
    """

    __slots__ = (
        "_buy_reach",
        "_buy_stop",
        "_must_look",
        "_sell_reach",
        "_sell_stop",
        "_times",
        "alone",
        "by_seq",
        "due_us",
        "ends",
        "stops",
        "symbol",
        "unchecked",
        "windows",
    )

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
        self._times: SortedItems[tuple[int, int]] = SortedItems()
        self._buy_reach = self._sell_stop = -inf
        self._sell_reach = self._buy_stop = inf

    def add(self, working: WorkingOrder) -> None:
        """Take an open order in."""
        seq, order = working.arrival_seq, working.order
        self.by_seq[seq] = working
        self._times.add((order.order_time_us, seq))
        if not working.is_checked:
            self.unchecked[order.side][seq] = None
        if working.end_us is not None:
            self.ends.add((working.end_us, seq))
        if working.is_stop:
            assert order.stop_px is not None
            self.stops[order.side].add((order.stop_px, seq))
        else:
            self._group_of(order).add(working)

    def put(self, working: WorkingOrder) -> None:
        """Take in what happened to an order; one that is not open any more leaves."""
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

    def is_touched(self, quote: Quote, now_us: int) -> bool:
        """Whether a quote, just accepted, may lead to anything."""
        if self._must_look or now_us >= self.due_us:
            return True
        ask = float(quote.ask)
        if ask <= self._buy_reach or ask >= self._buy_stop:
            return True
        bid = float(quote.bid)
        return bid >= self._sell_reach or bid <= self._sell_stop

    def settle(self, next_stale_us: int | None, sides: Collection[Side], must_go_on: bool) -> None:
        """After a step: learn what the next quote, and the time, are held against.

        next_stale_us: when the oldest usable quote will be too old: the price behind it may trigger a stop.
        Should an older quote come meanwhile, nothing depends on its age: those that are held now outlast it,
        and what replaces one of them and reaches a stop leads to a step. sides: those that were looked at; if
        one was not, any quote leads to a step. must_go_on: so does the next second.
        """
        due_us = [
            self.windows.next_end_us(sides),
            inf if self.ends.first is None else self.ends.first[0],
            inf if next_stale_us is None else next_stale_us,
        ]
        self._must_look = len(sides) < len(Side)
        self.due_us = -inf if must_go_on else min(due_us)
        self._buy_reach = max(self.alone[Side.BUY].reach, self.windows.idle_reach(Side.BUY))
        self._sell_reach = min(self.alone[Side.SELL].reach, self.windows.idle_reach(Side.SELL))
        first, last = self.stops[Side.BUY].first, self.stops[Side.SELL].last
        self._buy_stop = inf if first is None else float(first[0])
        self._sell_stop = -inf if last is None else float(last[0])

    def given_by(self, time_us: int) -> int:
        """Return how many orders were given at or before a time."""
        return self._times.count_up_to((time_us, inf))

    def _remove(self, working: WorkingOrder) -> None:
        seq, order = working.arrival_seq, working.order
        del self.by_seq[seq]
        self._times.remove((order.order_time_us, seq))
        self.unchecked[order.side].pop(seq, None)
        if working.end_us is not None:
            self.ends.remove((working.end_us, seq))
        if working.is_stop:
            assert order.stop_px is not None
            self.stops[order.side].remove((order.stop_px, seq))
            return
        self._group_of(order).remove(working)

    def _group_of(self, order: Order) -> Group | Windows:
        return self.alone[order.side] if order.priority == 1 else self.windows
