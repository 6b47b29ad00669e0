"""Every order that was decided on: the open ones, and what ended until its retention is over."""

from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from fintank.trading import journal
from fintank.trading.ids import join
from fintank.trading.journal import JournalRecord, Kind
from fintank.trading.messages import Identity, Order, OrdStatus
from fintank.trading.orders import WorkingOrder


class Closed(NamedTuple):
    """What is known of a terminal order, or of a refused message (kind REFUSAL) with its identity."""

    closed_us: int
    kind: Kind
    identity: Identity
    content_hash: str
    ord_status: OrdStatus

    @property
    def tombstone(self) -> JournalRecord:
        """What makes the journal forget it."""
        if self.kind is Kind.ORDER:
            return JournalRecord(Kind.ORDER, join(*self.identity), None)
        return JournalRecord(Kind.REFUSAL, journal.refusal_id(self.identity, self.content_hash), None)


class OrderRegistry:
    """All orders of a shard, by identity."""

    def __init__(self) -> None:
        self._open: dict[Identity, WorkingOrder] = {}
        self._components: dict[tuple[str, str], set[Identity]] = {}
        self._closed: dict[Identity, Closed] = {}
        self._refused: set[tuple[Identity, str]] = set()
        self._by_age: dict[str, list[Closed]] = {}

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return len(self._open)

    def find(self, identity: Identity) -> WorkingOrder | Closed | None:
        """Return what is known of an order."""
        return self._open.get(identity) or self._closed.get(identity)

    def is_replay(self, order: Order) -> bool:
        """Whether a message with this identity and content was decided on."""
        found = self.find(order.identity)
        if found is not None and found.content_hash == order.content_hash:
            return True
        return (order.identity, order.content_hash) in self._refused

    def components(self, account: str, list_id: str) -> list[WorkingOrder]:
        """Return the open components of a portfolio order, by arrival_seq."""
        found = [self._open[identity] for identity in self._components.get((account, list_id), ())]
        return sorted(found, key=lambda working: working.arrival_seq)

    def put(self, working: WorkingOrder) -> None:
        """Take in a new order, or what happened to one."""
        order = working.order
        identity = order.identity
        is_new = self._open.pop(identity, None) is None
        if working.closed_us is None:
            self._open[identity] = working
            if is_new and order.list_id is not None:
                self._components.setdefault((order.account, order.list_id), set()).add(identity)
            return
        if not is_new and order.list_id is not None:
            components = self._components[order.account, order.list_id]
            components.remove(identity)
            if not components:
                del self._components[order.account, order.list_id]
        self.close(working.closed_us, identity, order.content_hash, working.ord_status)

    def close(self, closed_us: int, identity: Identity, content_hash: str, ord_status: OrdStatus) -> None:
        """Take in an order that is terminal."""
        closed = Closed(closed_us, Kind.ORDER, identity, content_hash, ord_status)
        self._closed[identity] = closed
        self._age(closed)

    def refuse(self, identity: Identity, content_hash: str, closed_us: int) -> None:
        """Take in that a message which took a known order's identity was refused."""
        self._refused.add((identity, content_hash))
        self._age(Closed(closed_us, Kind.REFUSAL, identity, content_hash, OrdStatus.REJECTED))

    def oldest_us(self, symbol: str) -> float:
        """Return when the first of a symbol's orders ended that is still known; inf if none is."""
        heap = self._by_age.get(symbol)
        return heap[0].closed_us if heap else inf

    def forget(self, symbol: str, before_us: int, closed_max: int) -> list[Closed]:
        """Let what was closed before a time go, and return it."""
        heap = self._by_age.get(symbol, [])
        forgotten: list[Closed] = []
        while heap and heap[0].closed_us < before_us and len(forgotten) < closed_max:
            closed = heappop(heap)
            forgotten.append(closed)
            if closed.kind is Kind.ORDER:
                del self._closed[closed.identity]
            else:
                self._refused.remove((closed.identity, closed.content_hash))
        if not heap:
            self._by_age.pop(symbol, None)
        return forgotten

    def _age(self, closed: Closed) -> None:
        heappush(self._by_age.setdefault(closed.identity.symbol, []), closed)
