"""Recovery of a shard from its journal, entry by entry.

A journal holds much that was replaced later, and most of the rest are terminal orders. Those go into their
compact form at once, so memory grows with what is remembered and not with what is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import (
    BlockWindow,
    Change,
    ClosedOrder,
    Entry,
    EntryId,
    EntryKind,
    Forgotten,
    HeldQuote,
    RejectedDuplicate,
    SymbolClock,
    SymbolReference,
    id_of,
)
from fintank.trading.closed_orders import ClosedOrders
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.messages import Identity, TradingState
from fintank.trading.reference_price import ReferencePrice
from fintank.trading.shard import Shard
from fintank.trading.working_order import WorkingOrder


def restore(limits: Limits, entries: Iterable[Entry | EntryId]) -> Shard:
    """Return the shard that gave out these entries; see Recovery."""
    recovery = Recovery()
    for entry in entries:
        recovery.take(entry)
    return recovery.shard(limits)


class Recovery:
    """Takes in what a shard wrote, in that order, and makes the shard again.

    Only the last entry of an id counts, so entries of different ids may come in any order.
    """

    def __init__(self) -> None:
        self._closed = ClosedOrders()
        self._latest: dict[EntryId, Entry] = {}
        """All but the terminal orders."""

    def take(self, change: Change | EntryId) -> None:
        """Take in an entry, or the id of one that was forgotten."""
        entry = id_of(change.entry) if isinstance(change, Forgotten) else change
        if isinstance(entry, WorkingOrder) and entry.closed_us is not None:
            order = entry.order
            entry = ClosedOrder(
                *(entry.closed_us, order.order_time_us, order.identity),
                *(order.content_hash, entry.ord_status, entry.by_log),
            )
        if isinstance(entry, ClosedOrder):
            self._closed.load(entry)
            self._latest.pop(EntryId(EntryKind.ORDER, entry.identity), None)
            return
        entry_id = entry if isinstance(entry, EntryId) else id_of(entry)
        if entry_id.kind is EntryKind.ORDER:
            self._closed.unload(Identity(*entry_id.names))
        if isinstance(entry, EntryId):
            self._latest.pop(entry_id, None)
        else:
            self._latest[entry_id] = entry

    def __len__(self) -> int:
        """Return how many entries are remembered."""
        return len(self._latest) + len(self._closed)

    @property
    def positions(self) -> Positions:
        """How far the shard has decided."""
        found = self._latest.get(EntryId(EntryKind.POSITIONS, ()))
        return found if isinstance(found, Positions) else Positions()

    def entries(self) -> Iterator[Entry]:
        """Return all that is remembered but the positions."""
        others = (entry for entry in self._latest.values() if not isinstance(entry, Positions))
        return chain(others, self._closed.values())

    def shard(self, limits: Limits) -> Shard:
        """Return the shard, once all entries are taken in."""
        found: dict[type, list[Any]] = defaultdict(list)
        for entry in self._latest.values():
            found[type(entry)].append(entry)
        for duplicate in found[RejectedDuplicate]:
            self._closed.load(duplicate)
            del self._latest[id_of(duplicate)]
        shard = Shard(limits, self._closed)
        state = shard.state
        state.restore(self.positions.reached)
        for clock in found[SymbolClock]:
            state.add_book(clock.symbol, clock.state)
        self._closed.loaded(state.books)
        for held in found[HeldQuote]:
            state.books[held.quote.symbol].hold(*held)
        for symbol, reference_state in found[SymbolReference]:
            state.books[symbol].reference = ReferencePrice(reference_state)
        for cancel in found[RememberedCancel]:
            has_clock = cancel.symbol in state.books
            state.cancels.remember(cancel if has_clock else cancel._replace(by_log=True))
        for message in found[TradingState]:
            state.trading_states.put(message)
        for working in sorted(found[WorkingOrder], key=lambda working: working.arrival_seq):
            state.next_seq = working.arrival_seq + 1
            state.registry.put(working)
            state.order_book(working.order.symbol).add(working)
        for window in found[BlockWindow]:
            state.open[window.symbol].windows.restore(window)
        state.restored(found[SymbolClock])
        state.changed |= dict.fromkeys(state.books)
        state.changed_quotes()  # The journal holds them already.
        return shard
