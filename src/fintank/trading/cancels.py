"""Cancels that were taken in: none is carried out twice, and some wait for the orders that they name."""

from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from fintank.trading.messages import Cancel, Identity, Order
from fintank.trading.sorting import SortedItems


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


Waiting = SortedItems[tuple[int, str, str, RememberedCancel]]
"""The cancels of one order or list: the latest first, of equal times the one whose cl_ord_id sorts first."""


class Cancels:
    """All remembered cancels of a shard."""

    def __init__(self) -> None:
        self._hashes: dict[tuple[str, str | None, str | None, str], set[str]] = {}
        self._waiting: dict[tuple[str, ...], Waiting] = {}
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
        if not cancel.is_refused:
            named = _named(cancel)
            if named not in self._waiting:
                self._waiting[named] = SortedItems()
            self._waiting[named].add(_latest_first(cancel))

    def oldest_us(self, symbol: str | None) -> float:
        """Return when the first of a symbol's cancels, or with None of those of lists, was closed; inf if
        there is none."""
        heap = self._by_age.get(symbol)
        return heap[0].closed_us if heap else inf

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
        latest = [self._latest(order.identity)]
        if order.list_id is not None:
            latest.append(self._latest((order.account, order.list_id)))
        found = [item for item in latest if item is not None and -item[0] >= order.order_time_us]
        return min(found)[-1] if found else None

    def _latest(self, named: tuple[str, ...]) -> tuple[int, str, str, RememberedCancel] | None:
        waiting = self._waiting.get(named)
        return None if waiting is None else waiting.first

    def _drop(self, cancel: RememberedCancel) -> None:
        hashes = self._hashes[cancel.key]
        hashes.discard(cancel.content_hash)
        if not hashes:
            del self._hashes[cancel.key]
        if not cancel.is_refused:
            waiting = self._waiting[_named(cancel)]
            waiting.remove(_latest_first(cancel))
            if not waiting:
                del self._waiting[_named(cancel)]


def _key(cancel: Cancel) -> tuple[str, str | None, str | None, str]:
    return cancel.account, cancel.symbol, cancel.list_id, cancel.cl_ord_id


def _named(cancel: RememberedCancel) -> tuple[str, ...]:
    """Return what a cancel names: an order's identity, or an account and a list."""
    if cancel.list_id is not None:
        return cancel.account, cancel.list_id
    assert cancel.symbol is not None
    assert cancel.orig_cl_ord_id is not None
    return Identity(cancel.account, cancel.symbol, cancel.orig_cl_ord_id)


def _latest_first(cancel: RememberedCancel) -> tuple[int, str, str, RememberedCancel]:
    return -cancel.order_time_us, cancel.cl_ord_id, cancel.content_hash, cancel
