"""The order registry: every open order, and every closed one until its retention is over."""

from fintank.trading.changes import ClosedOrder, RejectedDuplicate
from fintank.trading.closed_orders import ClosedOrders
from fintank.trading.messages import Identity, Order
from fintank.trading.working_order import WorkingOrder


class OrderRegistry:
    """The orders of a shard, by identity."""

    def __init__(self, closed: ClosedOrders) -> None:
        self._open: dict[Identity, WorkingOrder] = {}
        self._components: dict[tuple[str, str], set[Identity]] = {}
        self._closed = closed

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return len(self._open)

    def find(self, identity: Identity) -> WorkingOrder | ClosedOrder | None:
        """Return an order that was decided, if it is remembered."""
        return self._open.get(identity) or self._closed.find(identity)

    def is_replay(self, order: Order) -> bool:
        """Whether a message with this identity and content was decided before."""
        found = self.find(order.identity)
        if found is not None and found.content_hash == order.content_hash:
            return True
        return self._closed.is_duplicate(order.identity, order.content_hash)

    def components(self, account: str, list_id: str) -> list[WorkingOrder]:
        """Return the open components of a portfolio order, by arrival_seq."""
        found = [self._open[identity] for identity in self._components.get((account, list_id), ())]
        return sorted(found, key=lambda working: working.arrival_seq)

    def open_orders(self, account: str | None, symbol: str | None) -> list[WorkingOrder]:
        """Return the open orders, by arrival_seq; None is any account or symbol."""
        found = [
            working
            for working in self._open.values()
            if account in (None, working.order.account) and symbol in (None, working.order.symbol)
        ]
        return sorted(found, key=lambda working: working.arrival_seq)

    def put(self, working: WorkingOrder) -> None:
        """Add an order, or replace it by its new state."""
        order = working.order
        identity = order.identity
        is_new = self._open.pop(identity, None) is None
        if working.closed_us is None:
            self._open[identity] = working
            if order.list_id is not None:
                self._components.setdefault((order.account, order.list_id), set()).add(identity)
            return
        if not is_new and order.list_id is not None:
            components = self._components[order.account, order.list_id]
            components.remove(identity)
            if not components:
                del self._components[order.account, order.list_id]
        self.close(
            ClosedOrder(
                *(working.closed_us, order.order_time_us, identity),
                *(order.content_hash, working.ord_status, working.by_log),
            )
        )

    def close(self, closed: ClosedOrder | RejectedDuplicate) -> None:
        """Add a terminal order, or a rejected duplicate."""
        self._closed.add(closed)

    def oldest_us(self, symbol: str) -> float:
        """Return the first closed_us of a symbol's closed orders; inf without any."""
        return self._closed.oldest_us(symbol)

    def forget(
        self, symbol: str | None, before_us: int, closed_max: int | None
    ) -> list[ClosedOrder | RejectedDuplicate]:
        """Forget orders and duplicates closed before a time, closed_max at most; see ClosedOrders."""
        return self._closed.forget(symbol, before_us, closed_max)
