"""Timers: when to look at a symbol again, by log time."""

from heapq import heapify, heappop, heappush
from math import inf


class Timers:
    """One timer per symbol: the earliest time set since it was last due."""

    def __init__(self) -> None:
        self._set: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        """May also hold replaced times, at most as many as there are timers."""

    def set(self, symbol: str, log_us: float) -> None:
        """Make a symbol due at a time, never at inf; an earlier time that is already set stays."""
        if self._set.get(symbol, inf) <= log_us:
            return
        self._set[symbol] = log_us
        heappush(self._heap, (log_us, symbol))
        if len(self._heap) > 2 * len(self._set):
            self._heap = [(time_us, name) for name, time_us in self._set.items()]
            heapify(self._heap)

    def due(self, log_us: float, symbols_max: int) -> list[str]:
        """Clear and return the timers whose time has come, symbols_max at most, the earliest first."""
        found: list[str] = []
        while self._heap and self._heap[0][0] <= log_us and len(found) < symbols_max:
            time_us, symbol = heappop(self._heap)
            if self._set.get(symbol) == time_us:
                del self._set[symbol]
                found.append(symbol)
        return found
