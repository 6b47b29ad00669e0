"""Recovery of a shard from what its journal holds."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import BlockWindow, ClosedOrder, Entry, HeldQuote, RejectedDuplicate, SymbolClock
from fintank.trading.limits import Limits
from fintank.trading.messages import TradingState
from fintank.trading.shard import Shard
from fintank.trading.working_order import WorkingOrder


def restore(limits: Limits, entries: Iterable[Entry]) -> Shard:
    """Return the shard that gave out these entries: the latest of each, in any order."""
    found: dict[type, list[Any]] = defaultdict(list)
    for entry in entries:
        found[type(entry)].append(entry)
    shard = Shard(limits)
    state = shard.state
    for symbol, clock_state in found[SymbolClock]:
        state.log_us = max(state.log_us, clock_state.arrival_us)
        state.add_book(symbol, clock_state)
    for held in found[HeldQuote]:
        state.books[held.quote.symbol].hold(*held)
    for closed in (*found[ClosedOrder], *found[RejectedDuplicate]):
        state.registry.close(closed)
    for cancel in found[RememberedCancel]:
        state.cancels.remember(cancel)
    for message in found[TradingState]:
        state.trading_state = message
    for working in sorted(found[WorkingOrder], key=lambda working: working.arrival_seq):
        state.next_seq = working.arrival_seq + 1
        state.registry.put(working)
        state.order_book(working.order.symbol).add(working)
    for window in found[BlockWindow]:
        state.open[window.symbol].windows.restore(window)
    state.changed |= dict.fromkeys(state.books)
    state.changed_quotes()  # The journal holds them already.
    return shard
