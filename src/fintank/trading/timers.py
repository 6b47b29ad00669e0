"""When something is to be done for a symbol, by the wall."""

from heapq import heapify, heappop, heappush
from math import inf

STALE_MAX = 64


class Timers:
    """One time a symbol, the earliest that was set since it was last due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._set: dict[str, float] = {}

    def set(self, symbol: str, wall_us: float) -> None:
        """Make a symbol due at a time, never at inf; an earlier one that is set already stays."""
        if self._set.get(symbol, inf) <= wall_us:
            return
        self._set[symbol] = wall_us
        heappush(self._heap, (wall_us, symbol))
        if len(self._heap) > 2 * len(self._set) + STALE_MAX:
            self._heap = [(time_us, name) for name, time_us in self._set.items()]
            heapify(self._heap)

    def next_due(self, wall_us: float) -> str | None:
        """Return the symbol whose time came first, which is not set any more; None if none has come."""
        while self._heap and self._heap[0][0] <= wall_us:
            time_us, symbol = heappop(self._heap)
            if self._set.get(symbol) == time_us:
                del self._set[symbol]
                return symbol
        return None
