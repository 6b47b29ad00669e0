"""What a shard must write down to go on after a restart as if nothing had happened.

A record is identified by kind and id; of several with the same, the last one counts. Values are plain data
(str, int, None in a dict), Decimals as text, and carry a schema_version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fintank.trading.cancels import RememberedCancel
from fintank.trading.clock import ClockState
from fintank.trading.decimals import plain
from fintank.trading.depth import Sizes
from fintank.trading.ids import join
from fintank.trading.messages import (
    Identity,
    Order,
    OrdStatus,
    OrdType,
    Quote,
    Side,
    State,
    TimeInForce,
    TradingState,
)
from fintank.trading.orders import WorkingOrder

SCHEMA_VERSION = 2


class Kind(StrEnum):
    """What a record tells of: an order's progress, a refused message that took a known order's identity, a
    cancel, an exchange's held quote of a symbol, a symbol's clock, the window of orders that trade as a
    block, the trading state."""

    ORDER = "order"
    REFUSAL = "refusal"
    CANCEL = "cancel"
    QUOTE = "quote"
    CLOCK = "clock"
    WINDOW = "window"
    TRADING_STATE = "trading_state"


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One entry; value None is a tombstone: what had this kind and id is no longer needed."""

    kind: Kind
    id: str
    value: Mapping[str, Any] | None


def checked(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's value; raise ValueError if it is of another schema_version."""
    if value["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"journal schema_version {value['schema_version']} is not {SCHEMA_VERSION}")
    return dict(value)


def order_record(working: WorkingOrder) -> JournalRecord:
    """Write down an order and its progress."""
    order = working.order
    value = {
        "schema_version": SCHEMA_VERSION,
        "account": order.account,
        "symbol": order.symbol,
        "cl_ord_id": order.cl_ord_id,
        "list_id": order.list_id,
        "side": str(order.side),
        "ord_type": str(order.ord_type),
        "time_in_force": str(order.time_in_force),
        "priority": order.priority,
        "order_qty": _text(order.order_qty),
        "cash_order_qty": _text(order.cash_order_qty),
        "price": _text(order.price),
        "stop_px": _text(order.stop_px),
        "expire_time_us": order.expire_time_us,
        "order_time_us": order.order_time_us,
        "content_hash": order.content_hash,
        "input": order.input,
        "arrival_seq": working.arrival_seq,
        "accepted_us": working.accepted_us,
        "end_us": working.end_us,
        "is_checked": working.is_checked,
        "is_triggered": working.is_triggered,
        "ord_status": str(working.ord_status),
        "cum_qty": plain(working.cum_qty),
        "cum_cash": plain(working.cum_cash),
        "fill_count": working.fill_count,
        "closed_us": working.closed_us,
    }
    return JournalRecord(Kind.ORDER, join(*order.identity), value)


def working_order(value: Mapping[str, Any]) -> WorkingOrder:
    """Read an open order's record."""
    order = Order(
        cl_ord_id=value["cl_ord_id"],
        account=value["account"],
        symbol=value["symbol"],
        side=Side(value["side"]),
        order_qty=_number(value["order_qty"]),
        cash_order_qty=_number(value["cash_order_qty"]),
        ord_type=OrdType(value["ord_type"]),
        priority=value["priority"],
        time_in_force=TimeInForce(value["time_in_force"]),
        list_id=value["list_id"],
        order_time_us=value["order_time_us"],
        content_hash=value["content_hash"],
        input=value["input"],
        price=_number(value["price"]),
        stop_px=_number(value["stop_px"]),
        expire_time_us=value["expire_time_us"],
    )
    return WorkingOrder(
        order,
        arrival_seq=value["arrival_seq"],
        accepted_us=value["accepted_us"],
        end_us=value["end_us"],
        is_checked=value["is_checked"],
        is_triggered=value["is_triggered"],
        ord_status=OrdStatus(value["ord_status"]),
        cum_qty=Decimal(value["cum_qty"]),
        cum_cash=Decimal(value["cum_cash"]),
        fill_count=value["fill_count"],
        closed_us=value["closed_us"],
    )


def closed_order(value: Mapping[str, Any]) -> tuple[int, Identity, str, OrdStatus]:
    """Read the record of a terminal order: since when it is, its identity, content_hash and state."""
    identity = Identity(value["account"], value["symbol"], value["cl_ord_id"])
    return value["closed_us"], identity, value["content_hash"], OrdStatus(value["ord_status"])


def refusal_id(identity: Identity, content_hash: str) -> str:
    """Name the refusal of a message by its content."""
    return join(*identity, content_hash)


def refusal_record(identity: Identity, content_hash: str, closed_us: int) -> JournalRecord:
    """Write down that a message which took a known order's identity was refused."""
    value = {
        "schema_version": SCHEMA_VERSION,
        **identity._asdict(),
        "content_hash": content_hash,
        "closed_us": closed_us,
    }
    return JournalRecord(Kind.REFUSAL, refusal_id(identity, content_hash), value)


def refusal(value: Mapping[str, Any]) -> tuple[Identity, str, int]:
    """Read a refused message: the identity that it took, its content_hash, and since when it is known."""
    identity = Identity(value["account"], value["symbol"], value["cl_ord_id"])
    return identity, value["content_hash"], value["closed_us"]


def cancel_id(cancel: RememberedCancel) -> str:
    """Name a cancel by its content."""
    return join(
        cancel.account, cancel.symbol or "", cancel.list_id or "", cancel.cl_ord_id, cancel.content_hash
    )


def cancel_record(cancel: RememberedCancel) -> JournalRecord:
    """Write down a cancel."""
    return JournalRecord(
        Kind.CANCEL, cancel_id(cancel), {"schema_version": SCHEMA_VERSION, **cancel._asdict()}
    )


def cancel_tombstone(cancel: RememberedCancel) -> JournalRecord:
    """Make the journal forget a cancel."""
    return JournalRecord(Kind.CANCEL, cancel_id(cancel), None)


def cancel(value: Mapping[str, Any]) -> RememberedCancel:
    """Read a cancel."""
    return RememberedCancel(**{name: value[name] for name in RememberedCancel._fields})


def quote_record(quote: Quote, taken: Sizes) -> JournalRecord:
    """Write down an exchange's held quote, and what was taken of its sizes."""
    sizes = {"bid_taken": plain(taken.bid_taken), "ask_taken": plain(taken.ask_taken)}
    value = {"schema_version": SCHEMA_VERSION, **quote._asdict(), **sizes}
    return JournalRecord(Kind.QUOTE, join(quote.symbol, quote.exchange), value)


def quote(value: Mapping[str, Any]) -> tuple[Quote, Sizes]:
    """Read an exchange's held quote, and what was taken of its sizes."""
    taken = Sizes(Decimal(value["bid_taken"]), Decimal(value["ask_taken"]))
    return Quote(**{name: value[name] for name in Quote._fields}), taken


def clock_record(symbol: str, state: ClockState) -> JournalRecord:
    """Write down a symbol's clock."""
    value = {"schema_version": SCHEMA_VERSION, "symbol": symbol, **state._asdict()}
    return JournalRecord(Kind.CLOCK, join(symbol), value)


def clock_state(value: Mapping[str, Any]) -> ClockState:
    """Read a symbol's clock."""
    return ClockState(**{name: value[name] for name in ClockState._fields})


def window_record(symbol: str, priority: int, side: Side, window_end_us: int | None) -> JournalRecord:
    """Write down when the orders of one symbol, side and priority trade as a block; None: never."""
    value = {
        "schema_version": SCHEMA_VERSION,
        "symbol": symbol,
        "priority": priority,
        "side": str(side),
        "window_end_us": window_end_us,
    }
    record_id = join(symbol, str(priority), side)
    return JournalRecord(Kind.WINDOW, record_id, None if window_end_us is None else value)


def window(value: Mapping[str, Any]) -> tuple[int, Side, int]:
    """Read priority and side of orders that trade as a block, and when they do."""
    return value["priority"], Side(value["side"]), value["window_end_us"]


def trading_state_record(message: TradingState) -> JournalRecord:
    """Write down the trading state in force."""
    value = {
        "schema_version": SCHEMA_VERSION,
        "state": str(message.state),
        "time_us": message.time_us,
        "offset": message.offset,
        "input": message.input,
    }
    return JournalRecord(Kind.TRADING_STATE, "", value)


def trading_state(value: Mapping[str, Any]) -> TradingState:
    """Read the trading state in force."""
    return TradingState(State(value["state"]), value["time_us"], value["offset"], value["input"])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
