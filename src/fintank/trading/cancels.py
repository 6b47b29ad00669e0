"""Cancels and replaces: none is carried out twice, and some cancels wait for their orders."""

from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from fintank.trading.messages import Cancel, Identity, Order
from fintank.trading.requests import CancelRequest, MassCancel, Replace
from fintank.trading.sorting import SortedItems
from fintank.trading.working_order import Closing


class RememberedCancel(NamedTuple):
    """What is remembered of a cancel, a mass cancel or a replace.

    closed_us: when its retention began, on its symbol's clock; by_log: in log time, as for every request
    without a symbol. is_refused: it ends no order that comes later: a cancel that was rejected, a mass cancel
    or a replace.
    """

    closed_us: int
    account: str | None
    cl_ord_id: str
    symbol: str | None
    orig_cl_ord_id: str | None
    list_id: str | None
    order_time_us: int
    content_hash: str
    is_refused: bool
    by_log: bool

    @classmethod
    def of(cls, cancel: CancelRequest, closing: Closing, is_refused: bool = False) -> "RememberedCancel":
        """Return what to remember of a request."""
        orig_cl_ord_id = None if isinstance(cancel, MassCancel) else cancel.orig_cl_ord_id
        return cls(
            max(cancel.order_time_us, closing.us),
            *(cancel.account, cancel.cl_ord_id, cancel.symbol, orig_cl_ord_id, _list_id(cancel)),
            *(cancel.order_time_us, cancel.content_hash, is_refused, closing.by_log),
        )

    @property
    def key(self) -> "Key":
        """Identifies the request; one for several orders is identified by its content as well."""
        return self.account, self.symbol, self.list_id, self.cl_ord_id


Key = tuple[str | None, str | None, str | None, str]
"""Account, symbol, list_id and cl_ord_id."""
Waiting = SortedItems[tuple[int, str, str, RememberedCancel]]
"""The cancels of one order or list: the latest first, of equal times the lowest cl_ord_id."""


class Cancels:
    """All remembered cancels and replaces of a shard."""

    def __init__(self) -> None:
        self._hashes: dict[Key, set[str]] = {}
        self._waiting: dict[tuple[str, ...], Waiting] = {}
        self._by_age: dict[str | None, list[tuple[int, str, RememberedCancel]]] = {}

    def is_known(self, cancel: CancelRequest) -> bool:
        """Whether a request with this content is known: this one is a replay."""
        return cancel.content_hash in self._hashes.get(_key(cancel), ())

    def is_taken(self, cancel: Cancel | Replace) -> bool:
        """Whether a request about one order with this identity is known."""
        return _list_id(cancel) is None and _key(cancel) in self._hashes

    def remember(self, cancel: RememberedCancel) -> None:
        """Add a cancel."""
        self._hashes.setdefault(cancel.key, set()).add(cancel.content_hash)
        item = (cancel.closed_us, cancel.content_hash, cancel)
        heappush(self._by_age.setdefault(None if cancel.by_log else cancel.symbol, []), item)
        if not cancel.is_refused:
            target = _target(cancel)
            if target not in self._waiting:
                self._waiting[target] = SortedItems()
            self._waiting[target].add(_latest_first(cancel))

    def oldest_us(self, symbol: str | None) -> float:
        """Return the first closed_us of a symbol's cancels, for None of those closed by log time; inf without
        any."""
        heap = self._by_age.get(symbol)
        return heap[0][0] if heap else inf

    def forget(self, symbol: str | None, before_us: int, cancels_max: int | None) -> list[RememberedCancel]:
        """Forget the cancels that were closed before a time, cancels_max at most; see oldest_us."""
        heap = self._by_age.get(symbol, [])
        forgotten: list[RememberedCancel] = []
        while heap and heap[0][0] < before_us and (cancels_max is None or len(forgotten) < cancels_max):
            forgotten.append(heappop(heap)[-1])
            self._drop(forgotten[-1])
        if not heap:
            self._by_age.pop(symbol, None)
        return forgotten

    def waiting_for(self, order: Order) -> RememberedCancel | None:
        """Return the cancel that waits for an order: of several the latest, of equal times the lowest
        cl_ord_id; None without any."""
        latest = [self._latest(order.identity)]
        if order.list_id is not None:
            latest.append(self._latest((order.account, order.list_id)))
        found = [item for item in latest if item is not None and -item[0] >= order.order_time_us]
        return min(found)[-1] if found else None

    def _latest(self, target: tuple[str, ...]) -> tuple[int, str, str, RememberedCancel] | None:
        waiting = self._waiting.get(target)
        return None if waiting is None else waiting.first

    def _drop(self, cancel: RememberedCancel) -> None:
        hashes = self._hashes[cancel.key]
        hashes.discard(cancel.content_hash)
        if not hashes:
            del self._hashes[cancel.key]
        if not cancel.is_refused:
            waiting = self._waiting[_target(cancel)]
            waiting.remove(_latest_first(cancel))
            if not waiting:
                del self._waiting[_target(cancel)]


def _key(cancel: CancelRequest) -> Key:
    return cancel.account, cancel.symbol, _list_id(cancel), cancel.cl_ord_id


def _list_id(cancel: CancelRequest) -> str | None:
    return cancel.list_id if isinstance(cancel, Cancel) else None


def _target(cancel: RememberedCancel) -> tuple[str, ...]:
    """Return what a cancel is for: an order's identity, or an account and a list_id."""
    assert cancel.account is not None
    if cancel.list_id is not None:
        return cancel.account, cancel.list_id
    assert cancel.symbol is not None
    assert cancel.orig_cl_ord_id is not None
    return Identity(cancel.account, cancel.symbol, cancel.orig_cl_ord_id)


def _latest_first(cancel: RememberedCancel) -> tuple[int, str, str, RememberedCancel]:
    return -cancel.order_time_us, cancel.cl_ord_id, cancel.content_hash, cancel
