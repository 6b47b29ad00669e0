"""Windows: the groups of one symbol that trade as blocks, found by window end or by limit."""

from collections.abc import Mapping
from decimal import Decimal
from heapq import heappop, heappush
from math import inf

from fintank.trading.changes import BlockWindow, Change, Forgotten
from fintank.trading.groups import Group, GroupKey
from fintank.trading.messages import Side
from fintank.trading.sorting import SortedItems
from fintank.trading.working_order import WorkingOrder


class Windows:
    """The groups of priority 2 and more, none of them empty.

    A group is new until there is a clock; then it waits for the end of its window. After that it is tried in
    every step, unless it is idle: then it can trade only on a quote that its limits reach.
    """

    __slots__ = (
        "_changed",
        "_ended",
        "_ends",
        "_groups",
        "_idle",
        "_journaled",
        "_new",
        "_now_us",
        "_symbol",
    )

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._groups: dict[GroupKey, Group] = {}
        self._new: dict[GroupKey, Group] = {}
        # An entry that is out of date is skipped when it comes up.
        self._ends: list[tuple[int, GroupKey]] = []
        self._ended: set[GroupKey] = set()
        self._idle: dict[Side, SortedItems[tuple[float, GroupKey]]] = {side: SortedItems() for side in Side}
        self._changed: dict[GroupKey, None] = {}
        self._journaled: dict[GroupKey, int] = {}
        self._now_us: float = -inf

    def add(self, working: WorkingOrder) -> None:
        """Add an order; its group may trade now."""
        key = GroupKey(working.order.priority, working.order.side)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = self._new[key] = Group(key)
        elif group.idle_reach is not None:
            self._rouse(group)
        group.add(working)

    def remove(self, working: WorkingOrder) -> None:
        """Remove an order."""
        key = GroupKey(working.order.priority, working.order.side)
        group = self._groups[key]
        if group.idle_reach is not None:
            # The rest may want so little that a level which was too small for all is enough.
            self._rouse(group)
        group.remove(working)
        if not group:
            del self._groups[key]
            self._new.pop(key, None)
            self._ended.discard(key)
            self._changed[key] = None

    def open(self, end_us: int) -> None:
        """Open the windows of the new groups."""
        for key, group in self._new.items():
            group.window_end_us = end_us
            self._wait(group)
            self._changed[key] = None
        self._new.clear()

    def restore(self, window: BlockWindow) -> None:
        """Restore the window of a group."""
        key = GroupKey(window.priority, window.side)
        group = self._new.pop(key)
        group.window_end_us = window.window_end_us
        self._wait(group)
        self._changed[key] = None

    def take_ended(self, now_us: int, best: Mapping[Side, Decimal]) -> list[Group]:
        """Take out the groups that may trade now, by priority, BUY before SELL; put each back.

        best: the best price for each side that may trade.
        """
        self._end(now_us)
        for side, price in best.items():
            for _, key in self._reached(side, float(price)):
                self._rouse(self._groups[key])
        found = sorted(key for key in self._ended if key.side in best)
        self._ended.difference_update(found)
        return [self._groups[key] for key in found]

    def put_back(self, group: Group, window_end_us: int, now_us: int, is_idle: bool) -> None:
        """Put back a group, unless it is empty by now."""
        if group:
            if group.window_end_us != window_end_us:
                self._changed[group.key] = None
            group.window_end_us = window_end_us
            if window_end_us > now_us:
                self._wait(group)
            elif is_idle:
                group.idle_reach = group.reach
                self._idle[group.key.side].add((group.idle_reach, group.key))
            else:
                self._ended.add(group.key)

    def next_end_us(self, now_us: int) -> float:
        """Return when the first window after now_us ends; inf if no group waits."""
        self._end(now_us)
        return self._ends[0][0] if self._ends else inf

    @property
    def must_try(self) -> bool:
        """Whether there are groups that are tried in every step."""
        return bool(self._ended)

    def idle_reach(self, side: Side) -> float:
        """Return the worst price at which any idle group of a side would trade."""
        if side is Side.BUY:
            last = self._idle[side].last
            return -inf if last is None else last[0]
        first = self._idle[side].first
        return inf if first is None else first[0]

    def changes(self) -> list[Change]:
        """Return the windows that changed since the last call, by priority and side."""
        changes: list[Change] = []
        for key in sorted(self._changed):
            group = self._groups.get(key)
            end_us = None if group is None else group.window_end_us
            journaled_us = self._journaled.get(key)
            if end_us is None and journaled_us is not None:
                changes.append(Forgotten(BlockWindow(self._symbol, *key, self._journaled.pop(key))))
            elif end_us is not None and end_us != journaled_us:
                changes.append(BlockWindow(self._symbol, *key, end_us))
                self._journaled[key] = end_us
        self._changed.clear()
        return changes

    def _end(self, now_us: int) -> None:
        """End the windows up to now_us, so that the first of `_ends` is one that ends later."""
        if now_us < self._now_us:
            self._go_back(now_us)
        self._now_us = now_us
        while self._ends:
            end_us, key = self._ends[0]
            group = self._groups.get(key)
            is_waiting = group is not None and group.window_end_us == end_us
            if is_waiting and end_us > now_us:
                return
            heappop(self._ends)
            if is_waiting:
                self._ended.add(key)

    def _go_back(self, now_us: int) -> None:
        """Let the windows that end after now_us wait again: the clock was set back."""
        for key, group in self._groups.items():
            if group.window_end_us is not None and group.window_end_us > now_us:
                if group.idle_reach is not None:
                    self._rouse(group)
                self._ended.discard(key)
                self._wait(group)

    def _reached(self, side: Side, price: float) -> list[tuple[float, GroupKey]]:
        idle = self._idle[side]
        return idle.from_((price,)) if side is Side.BUY else idle.up_to((price, (inf,)))

    def _wait(self, group: Group) -> None:
        assert group.window_end_us is not None
        heappush(self._ends, (group.window_end_us, group.key))

    def _rouse(self, group: Group) -> None:
        assert group.idle_reach is not None
        self._idle[group.key.side].remove((group.idle_reach, group.key))
        group.idle_reach = None
        self._ended.add(group.key)
