"""What a shard remembers, as values: it gives out each one that changes, and `recovery` takes them back."""

from typing import NamedTuple

from fintank.trading.cancels import RememberedCancel
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.log_merge import Positions
from fintank.trading.messages import Identity, OrdStatus, Quote, Side, TradingState
from fintank.trading.working_order import WorkingOrder


class ClosedOrder(NamedTuple):
    """What is remembered of a terminal order; its retention runs from closed_us, on its symbol's clock."""

    closed_us: int
    identity: Identity
    content_hash: str
    ord_status: OrdStatus


class RejectedDuplicate(NamedTuple):
    """A message that was rejected because another one with its identity was known."""

    closed_us: int
    identity: Identity
    content_hash: str


class HeldQuote(NamedTuple):
    """The quote that is held of an exchange, and what was taken from its sizes."""

    quote: Quote
    taken: Sizes


class SymbolClock(NamedTuple):
    """The clock of one symbol."""

    symbol: str
    state: ClockState


class BlockWindow(NamedTuple):
    """When the window of the orders of one symbol, side and priority ends."""

    symbol: str
    priority: int
    side: Side
    window_end_us: int


Entry = (
    WorkingOrder
    | ClosedOrder
    | RejectedDuplicate
    | RememberedCancel
    | HeldQuote
    | SymbolClock
    | BlockWindow
    | TradingState
    | Positions
)


class Forgotten(NamedTuple):
    """An entry that is no longer needed."""

    entry: Entry


Change = Entry | Forgotten
