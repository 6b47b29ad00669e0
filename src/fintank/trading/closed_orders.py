"""The terminal orders and rejected duplicates that a shard still remembers; there may be millions."""

from collections.abc import Container, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from typing import NamedTuple

from fintank.trading.changes import ClosedOrder, RejectedDuplicate
from fintank.trading.messages import Identity, OrdStatus

SEPARATOR = "\n"
"""Never part of a name: their characters are printable."""


class _Closed(NamedTuple):
    """A ClosedOrder, or without ord_status a RejectedDuplicate.

    name: the identity as one text, which takes half the memory.
    """

    closed_us: int
    order_time_us: int
    name: str
    content_hash: str
    ord_status: OrdStatus | None
    by_log: bool

    @property
    def value(self) -> ClosedOrder | RejectedDuplicate:
        identity = Identity(*self.name.split(SEPARATOR))
        if self.ord_status is None:
            return RejectedDuplicate(
                self.closed_us, self.order_time_us, identity, self.content_hash, self.by_log
            )
        return ClosedOrder(
            self.closed_us, self.order_time_us, identity, self.content_hash, self.ord_status, self.by_log
        )

    @property
    def symbol(self) -> str:
        return self.name.split(SEPARATOR, 2)[1]


class ClosedOrders:
    """Finds them by identity, and the oldest of each symbol; None stands for those closed by log time."""

    def __init__(self) -> None:
        self._orders: dict[str, _Closed] = {}
        self._duplicates: dict[tuple[str, str], _Closed] = {}
        self._by_age: dict[str | None, list[_Closed]] = {}
        """By symbol, a heap."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._orders) + len(self._duplicates)

    def find(self, identity: Identity) -> ClosedOrder | None:
        """Return a terminal order, if it is remembered."""
        found = self._orders.get(SEPARATOR.join(identity))
        if found is None or found.ord_status is None:
            return None
        return ClosedOrder(
            found.closed_us, found.order_time_us, identity, found.content_hash, found.ord_status, found.by_log
        )

    def is_duplicate(self, identity: Identity, content_hash: str) -> bool:
        """Whether a message was rejected as a duplicate."""
        return (SEPARATOR.join(identity), content_hash) in self._duplicates

    def add(self, closed: ClosedOrder | RejectedDuplicate) -> None:
        """Add a terminal order, or a rejected duplicate."""
        symbol = None if closed.by_log else closed.identity.symbol
        heappush(self._by_age.setdefault(symbol, []), self._put(closed))

    def load(self, closed: ClosedOrder | RejectedDuplicate) -> None:
        """Add it, or replace it, while a journal is read; it is found by age after `loaded`."""
        self._put(closed)

    def unload(self, identity: Identity) -> None:
        """Drop a terminal order while a journal is read, if it is there."""
        self._orders.pop(SEPARATOR.join(identity), None)

    def loaded(self, clocks: Container[str]) -> None:
        """Arrange by age what was loaded; clocks: the symbols that have one."""
        for found in self._all():
            symbol = None if found.by_log or found.symbol not in clocks else found.symbol
            self._by_age.setdefault(symbol, []).append(found)
        for heap in self._by_age.values():
            heapify(heap)

    def values(self) -> Iterator[ClosedOrder | RejectedDuplicate]:
        """Return all of them."""
        return (found.value for found in self._all())

    def oldest_us(self, symbol: str) -> float:
        """Return the first closed_us of a symbol's orders; inf without any."""
        heap = self._by_age.get(symbol)
        return heap[0].closed_us if heap else inf

    def forget(
        self, symbol: str | None, before_us: int, closed_max: int | None
    ) -> list[ClosedOrder | RejectedDuplicate]:
        """Forget what a symbol closed before a time, closed_max at most; return it, the oldest first."""
        heap = self._by_age.get(symbol, [])
        forgotten: list[ClosedOrder | RejectedDuplicate] = []
        while heap and heap[0].closed_us < before_us and (closed_max is None or len(forgotten) < closed_max):
            closed = heappop(heap)
            forgotten.append(closed.value)
            if closed.ord_status is None:
                del self._duplicates[closed.name, closed.content_hash]
            else:
                del self._orders[closed.name]
        if not heap:
            self._by_age.pop(symbol, None)
        return forgotten

    def _put(self, closed: ClosedOrder | RejectedDuplicate) -> _Closed:
        name = SEPARATOR.join(closed.identity)
        if isinstance(closed, ClosedOrder):
            kept = _Closed(
                closed.closed_us,
                closed.order_time_us,
                name,
                closed.content_hash,
                closed.ord_status,
                closed.by_log,
            )
            self._orders[name] = kept
        else:
            kept = _Closed(
                closed.closed_us, closed.order_time_us, name, closed.content_hash, None, closed.by_log
            )
            self._duplicates[name, closed.content_hash] = kept
        return kept

    def _all(self) -> Iterator[_Closed]:
        yield from self._orders.values()
        yield from self._duplicates.values()
