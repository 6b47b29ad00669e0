"""Timers: when something happens to a symbol again without any message, by log time."""

from heapq import heapify, heappop, heappush
from math import inf


class Timers:
    """One timer per symbol: the earliest time set since it last ran."""

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

    def pop(self, until_us: float, last: str | None = None) -> tuple[float, str] | None:
        """Clear and return the first timer, by time and symbol; None if none is due until until_us.

        last: of the timers at until_us itself, only those of the symbols up to this one count; None for all.
        """
        while self._heap and self._heap[0][0] <= until_us:
            if last is not None and self._heap[0] > (until_us, last):
                break
            time_us, symbol = heappop(self._heap)
            if self._set.get(symbol) == time_us:
                del self._set[symbol]
                return time_us, symbol
        return None
