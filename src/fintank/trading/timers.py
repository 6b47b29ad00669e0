"""When something is to be done for a symbol, by the wall."""

from heapq import heapify, heappop, heappush
from math import inf


class Timers:
    """One time a symbol, the earliest that was set since it was last due."""

    def __init__(self) -> None:
        self._set: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        """Also holds times that an earlier one replaced; half of it at most."""

    def set(self, symbol: str, wall_us: float) -> None:
        """Make a symbol due at a time, never at inf; an earlier one that is set already stays."""
        if self._set.get(symbol, inf) <= wall_us:
            return
        self._set[symbol] = wall_us
        heappush(self._heap, (wall_us, symbol))
        if len(self._heap) > 2 * len(self._set):
            self._heap = [(time_us, name) for name, time_us in self._set.items()]
            heapify(self._heap)

    def due(self, wall_us: float, symbols_max: int) -> list[str]:
        """Return the symbols whose time has come, the earliest first; their times are not set any more."""
        found: list[str] = []
        while self._heap and self._heap[0][0] <= wall_us and len(found) < symbols_max:
            time_us, symbol = heappop(self._heap)
            if self._set.get(symbol) == time_us:
                del self._set[symbol]
                found.append(symbol)
        return found
