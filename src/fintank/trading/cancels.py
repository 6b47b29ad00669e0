"""Cancels that were taken in: none is carried out twice, and some wait for the orders that they name."""

from heapq import heappop, heappush
from typing import NamedTuple, TypeVar

from fintank.trading.messages import Cancel, Identity, Order

Key = TypeVar("Key")
Value = TypeVar("Value")


class RememberedCancel(NamedTuple):
    """A cancel, without what nobody asks for any more.

    is_refused: nothing comes of it. closed_us: from when on its retention runs, on its symbol's clock; for
    one of a list on that of every symbol.
    """

    closed_us: int
    account: str
    cl_ord_id: str
    symbol: str | None
    orig_cl_ord_id: str | None
    list_id: str | None
    order_time_us: int
    content_hash: str
    is_refused: bool

    @classmethod
    def of(cls, cancel: Cancel, closed_us: int, is_refused: bool = False) -> "RememberedCancel":
        """Remember a cancel from now on."""
        return cls(
            closed_us,
            cancel.account,
            cancel.cl_ord_id,
            cancel.symbol,
            cancel.orig_cl_ord_id,
            cancel.list_id,
            cancel.order_time_us,
            cancel.content_hash,
            is_refused,
        )

    @property
    def key(self) -> tuple[str, str | None, str | None, str]:
        """What makes it the same cancel; of a list, only its content does."""
        return self.account, self.symbol, self.list_id, self.cl_ord_id


class Cancels:
    """All remembered cancels of a shard."""

    def __init__(self) -> None:
        self._hashes: dict[tuple[str, str | None, str | None, str], set[str]] = {}
        self._of_orders: dict[Identity, set[RememberedCancel]] = {}
        self._of_lists: dict[tuple[str, str], set[RememberedCancel]] = {}
        self._by_age: dict[str | None, list[RememberedCancel]] = {}

    def is_known(self, cancel: Cancel) -> bool:
        """Whether a cancel with this content was taken in."""
        return cancel.content_hash in self._hashes.get(_key(cancel), ())

    def is_taken(self, cancel: Cancel) -> bool:
        """Whether a cancel of one order with this identity was taken in."""
        return cancel.list_id is None and _key(cancel) in self._hashes

    def remember(self, cancel: RememberedCancel) -> None:
        """Take a cancel in."""
        self._hashes.setdefault(cancel.key, set()).add(cancel.content_hash)
        heappush(self._by_age.setdefault(cancel.symbol, []), cancel)
        if cancel.list_id is not None:
            self._of_lists.setdefault((cancel.account, cancel.list_id), set()).add(cancel)
        elif not cancel.is_refused:
            self._of_orders.setdefault(_order_identity(cancel), set()).add(cancel)

    def symbols(self) -> list[str | None]:
        """Return the symbols of the remembered cancels; None stands for those of lists."""
        return list(self._by_age)

    def forget(self, symbol: str | None, before_us: int, cancels_max: int) -> list[RememberedCancel]:
        """Let the cancels of a symbol, or of lists, that were closed before a time go, and return them."""
        heap = self._by_age.get(symbol, [])
        forgotten: list[RememberedCancel] = []
        while heap and heap[0].closed_us < before_us and len(forgotten) < cancels_max:
            forgotten.append(heappop(heap))
            self._drop(forgotten[-1])
        if not heap:
            self._by_age.pop(symbol, None)
        return forgotten

    def waiting_for(self, order: Order) -> RememberedCancel | None:
        """Return the cancel that an order comes too late for: of several the latest, and then the one whose
        cl_ord_id sorts first; None if no cancel waits for it."""
        waiting = set(self._of_orders.get(order.identity, ()))
        if order.list_id is not None:
            waiting |= self._of_lists.get((order.account, order.list_id), set())
        found = [cancel for cancel in waiting if cancel.order_time_us >= order.order_time_us]
        return min(found, key=lambda cancel: (-cancel.order_time_us, cancel.cl_ord_id), default=None)

    def _drop(self, cancel: RememberedCancel) -> None:
        _discard(self._hashes, cancel.key, cancel.content_hash)
        if cancel.list_id is not None:
            _discard(self._of_lists, (cancel.account, cancel.list_id), cancel)
        elif not cancel.is_refused:
            _discard(self._of_orders, _order_identity(cancel), cancel)


def _key(cancel: Cancel) -> tuple[str, str | None, str | None, str]:
    return cancel.account, cancel.symbol, cancel.list_id, cancel.cl_ord_id


def _order_identity(cancel: RememberedCancel) -> Identity:
    assert cancel.symbol is not None
    assert cancel.orig_cl_ord_id is not None
    return Identity(cancel.account, cancel.symbol, cancel.orig_cl_ord_id)


def _discard(sets: dict[Key, set[Value]], key: Key, value: Value) -> None:
    found = sets[key]
    found.discard(value)
    if not found:
        del sets[key]
