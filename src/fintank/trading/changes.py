"""What a shard remembers, as values: it gives out each that changes, and `recovery` restores it from them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from fintank.trading.cancels import RememberedCancel
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.log_positions import Positions
from fintank.trading.messages import Identity, OrdStatus, Quote, Side, TradingState
from fintank.trading.reference_price import ReferenceState
from fintank.trading.working_order import WorkingOrder


class ClosedOrder(NamedTuple):
    """What is remembered of a terminal order; closed_us, by_log: when its retention began (see Closing)."""

    closed_us: int
    order_time_us: int
    identity: Identity
    content_hash: str
    ord_status: OrdStatus
    by_log: bool


class RejectedDuplicate(NamedTuple):
    """A message that was rejected because another one with its identity was known."""

    closed_us: int
    order_time_us: int
    identity: Identity
    content_hash: str
    by_log: bool


class HeldQuote(NamedTuple):
    """The quote that is held of an exchange, and what was taken from its sizes."""

    quote: Quote
    taken: Sizes


class SymbolClock(NamedTuple):
    """The clock of one symbol; forgotten_us: the latest timestamp of what was forgotten of it."""

    symbol: str
    state: ClockState
    forgotten_us: int


class SymbolReference(NamedTuple):
    """The reference price of one symbol, and its candidate."""

    symbol: str
    state: ReferenceState


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
    | SymbolReference
    | BlockWindow
    | TradingState
    | Positions
)


class EntryKind(StrEnum):
    """What an entry is. REFUSAL: a message that was rejected because its identity was known."""

    ORDER = "order"
    REFUSAL = "refusal"
    CANCEL = "cancel"
    QUOTE = "quote"
    CLOCK = "clock"
    REFERENCE = "reference"
    WINDOW = "window"
    TRADING_STATE = "trading_state"
    POSITIONS = "positions"


class EntryId(NamedTuple):
    """Names an entry: a later one with the same id takes its place."""

    kind: EntryKind
    names: tuple[str, ...]


class Forgotten(NamedTuple):
    """An entry that is no longer needed."""

    entry: Entry


Change = Entry | Forgotten


def id_of(entry: Entry) -> EntryId:
    """Return the id of an entry."""
    kind, names = _IDS[type(entry)]
    return EntryId(kind, names(entry))


def _cancel_names(cancel: RememberedCancel) -> tuple[str, ...]:
    named = cancel.symbol or "", cancel.list_id or ""
    return (cancel.account or "", *named, cancel.cl_ord_id, cancel.content_hash)


def _scope_names(message: TradingState) -> tuple[str, ...]:
    is_for_all = message.symbol is None and message.account is None
    return () if is_for_all else (message.symbol or "", message.account or "")


_IDS: Mapping[type, tuple[EntryKind, Callable[[Any], tuple[str, ...]]]] = {
    WorkingOrder: (EntryKind.ORDER, lambda working: working.order.identity),
    ClosedOrder: (EntryKind.ORDER, lambda closed: closed.identity),
    RejectedDuplicate: (EntryKind.REFUSAL, lambda found: (*found.identity, found.content_hash)),
    RememberedCancel: (EntryKind.CANCEL, _cancel_names),
    HeldQuote: (EntryKind.QUOTE, lambda held: (held.quote.symbol, held.quote.exchange)),
    SymbolClock: (EntryKind.CLOCK, lambda clock: (clock.symbol,)),
    SymbolReference: (EntryKind.REFERENCE, lambda reference: (reference.symbol,)),
    BlockWindow: (EntryKind.WINDOW, lambda window: (window.symbol, str(window.priority), window.side)),
    TradingState: (EntryKind.TRADING_STATE, _scope_names),
    Positions: (EntryKind.POSITIONS, lambda _: ()),
}
