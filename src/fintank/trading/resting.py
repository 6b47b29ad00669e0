"""The open orders of one symbol, kept so that only what a quote touches is looked at.

Orders are found by arrival_seq. Limits, stops and ends are sorted by price and time. Beside them stand
floats that a quote is held against first: where two floats differ, the exact numbers differ the same way.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal
from math import inf
from typing import Generic, NamedTuple, TypeVar

from fintank.trading import journal
from fintank.trading.journal import JournalRecord
from fintank.trading.messages import Quote, Side
from fintank.trading.orders import WorkingOrder

Key = TypeVar("Key", int, Decimal)


class SortedSeqs(Generic[Key]):
    """Orders' arrival_seqs, sorted by a price or a time."""

    __slots__ = ("_pairs",)

    def __init__(self) -> None:
        self._pairs: list[tuple[Key, int]] = []

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def add(self, key: Key, seq: int) -> None:
        """Take an order in."""
        insort(self._pairs, (key, seq))

    def remove(self, key: Key, seq: int) -> None:
        """Take an order out."""
        del self._pairs[bisect_left(self._pairs, (key, seq))]

    def up_to(self, key: Key) -> list[int]:
        """Return the orders whose key is at most this one."""
        return [seq for _, seq in self._pairs[: bisect_right(self._pairs, (key, inf))]]

    def from_(self, key: Key) -> list[int]:
        """Return the orders whose key is at least this one."""
        return [seq for _, seq in self._pairs[bisect_left(self._pairs, (key, -1)) :]]

    @property
    def first(self) -> Key | None:
        """The smallest key."""
        return self._pairs[0][0] if self._pairs else None

    @property
    def last(self) -> Key | None:
        """The largest key."""
        return self._pairs[-1][0] if self._pairs else None


class GroupKey(NamedTuple):
    """What orders that trade together have in common; BUY sorts before SELL."""

    priority: int
    side: Side


class Group:
    """The orders of one side and priority that may trade: all but stops that wait for their price.

    window_end_us: when orders of a lower priority than 1 trade as a block; None until there is a clock.
    is_idle: whether it was tried after that, and will trade on no quote but one that its limits reach.
    """

    __slots__ = ("_any_price", "_limits", "is_idle", "key", "window_end_us")

    def __init__(self, key: GroupKey) -> None:
        self.key = key
        self.window_end_us: int | None = None
        self.is_idle = False
        self._any_price: list[int] = []
        self._limits: SortedSeqs[Decimal] = SortedSeqs()

    def __bool__(self) -> bool:
        return bool(self._any_price) or bool(self._limits)

    def add(self, working: WorkingOrder) -> None:
        """Take an order in."""
        self.is_idle = False
        if working.order.price is None:
            insort(self._any_price, working.arrival_seq)
        else:
            self._limits.add(working.order.price, working.arrival_seq)

    def remove(self, working: WorkingOrder) -> None:
        """Take an order out."""
        if working.order.price is None:
            del self._any_price[bisect_left(self._any_price, working.arrival_seq)]
        else:
            self._limits.remove(working.order.price, working.arrival_seq)

    def taking_part(self, price: Decimal) -> list[int]:
        """Return the orders that would trade at a price, by arrival_seq."""
        limits = self._limits
        allowing = limits.from_(price) if self.key.side is Side.BUY else limits.up_to(price)
        return sorted(self._any_price + allowing)

    @property
    def reach(self) -> float:
        """The worst price at which any of its orders would trade."""
        is_buy = self.key.side is Side.BUY
        worst = self._limits.last if is_buy else self._limits.first
        if self._any_price or worst is None:
            return inf if is_buy else -inf
        return float(worst)


class OpenOrders:
    """The open orders of a symbol, by arrival_seq in by_seq.

    unchecked: those that came without a price and are still to be held against the rules that need one.
    due_us: from then on any quote leads to a step, and so does the passing of a second; -inf: at once.
    """

    __slots__ = (
        "_buy_reach",
        "_buy_stop",
        "_journaled_windows",
        "_sell_reach",
        "_sell_stop",
        "by_seq",
        "due_us",
        "ends",
        "groups",
        "stops",
        "symbol",
        "unchecked",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.by_seq: dict[int, WorkingOrder] = {}
        self.groups: dict[GroupKey, Group] = {}
        self.stops: dict[Side, SortedSeqs[Decimal]] = {side: SortedSeqs() for side in Side}
        self.ends: SortedSeqs[int] = SortedSeqs()
        self.unchecked: set[int] = set()
        self.due_us: float = -inf
        self._buy_reach = self._sell_stop = -inf
        self._sell_reach = self._buy_stop = inf
        self._journaled_windows: dict[GroupKey, int] = {}

    def add(self, working: WorkingOrder) -> None:
        """Take an open order in."""
        seq, order = working.arrival_seq, working.order
        self.by_seq[seq] = working
        if not working.is_checked:
            self.unchecked.add(seq)
        if working.end_us is not None:
            self.ends.add(working.end_us, seq)
        if working.is_stop:
            assert order.stop_px is not None
            self.stops[order.side].add(order.stop_px, seq)
        else:
            self.group(GroupKey(order.priority, order.side)).add(working)

    def put(self, working: WorkingOrder) -> None:
        """Take in what happened to an order; one that is not open any more leaves."""
        before = self.by_seq[working.arrival_seq]
        if not working.is_open:
            self._remove(before)
            return
        self.by_seq[working.arrival_seq] = working
        if working.is_checked:
            self.unchecked.discard(working.arrival_seq)
        if before.is_stop and not working.is_stop:
            assert before.order.stop_px is not None
            self.stops[before.order.side].remove(before.order.stop_px, before.arrival_seq)
            self.group(GroupKey(working.order.priority, working.order.side)).add(working)

    def group(self, key: GroupKey) -> Group:
        """Return the group of a side and priority, a new one if there is none."""
        found = self.groups.get(key)
        if found is None:
            found = self.groups[key] = Group(key)
        return found

    def blocks(self) -> Iterator[Group]:
        """Yield the groups that trade as blocks, by priority, BUY before SELL."""
        for key in sorted(self.groups):
            if key.priority > 1 and key in self.groups:
                yield self.groups[key]

    def open_windows(self, end_us: int) -> None:
        """Give an end to the windows that have none yet."""
        for group in self.groups.values():
            if group.key.priority > 1 and group.window_end_us is None:
                group.window_end_us = end_us

    def restore_window(self, priority: int, side: Side, end_us: int) -> None:
        """Give a group the end of its window back."""
        self.groups[GroupKey(priority, side)].window_end_us = end_us

    def is_touched(self, quote: Quote, now_us: int) -> bool:
        """Whether a quote, just accepted, may lead to anything."""
        if now_us >= self.due_us:
            return True
        ask = float(quote.ask)
        if ask <= self._buy_reach or ask >= self._buy_stop:
            return True
        bid = float(quote.bid)
        return bid >= self._sell_reach or bid <= self._sell_stop

    def settle(self, next_stale_us: int | None, must_look: bool) -> None:
        """After a step: learn what the next quote is held against. must_look: it is looked at anyway.

        next_stale_us: when the oldest usable quote will be too old: the price behind it may trigger a stop.
        Should an older quote come meanwhile, nothing depends on its age: those that are held now outlast it,
        and what replaces one of them and reaches a stop leads to a step.
        """
        due_us = [self.ends.first, next_stale_us]
        reach = {Side.BUY: -inf, Side.SELL: inf}
        for key, group in self.groups.items():
            if key.priority > 1 and not group.is_idle:
                due_us.append(group.window_end_us)
            else:
                worse = max if key.side is Side.BUY else min
                reach[key.side] = worse(reach[key.side], group.reach)
        self.due_us = min((time_us for time_us in due_us if time_us is not None), default=inf)
        if must_look:
            self.due_us = -inf
        self._buy_reach, self._sell_reach = reach[Side.BUY], reach[Side.SELL]
        first, last = self.stops[Side.BUY].first, self.stops[Side.SELL].last
        self._buy_stop = inf if first is None else float(first)
        self._sell_stop = -inf if last is None else float(last)

    def window_changes(self) -> list[JournalRecord]:
        """Return the records of the windows that changed since they were last asked for."""
        windows = {
            key: group.window_end_us for key, group in self.groups.items() if group.window_end_us is not None
        }
        if windows == self._journaled_windows:
            return []
        records = [
            journal.window_record(self.symbol, *key, windows.get(key))
            for key in sorted(windows.keys() | self._journaled_windows.keys())
            if windows.get(key) != self._journaled_windows.get(key)
        ]
        self._journaled_windows = windows
        return records

    def _remove(self, working: WorkingOrder) -> None:
        seq, order = working.arrival_seq, working.order
        del self.by_seq[seq]
        self.unchecked.discard(seq)
        if working.end_us is not None:
            self.ends.remove(working.end_us, seq)
        if working.is_stop:
            assert order.stop_px is not None
            self.stops[order.side].remove(order.stop_px, seq)
            return
        key = GroupKey(order.priority, order.side)
        self.groups[key].remove(working)
        if not self.groups[key]:
            del self.groups[key]
