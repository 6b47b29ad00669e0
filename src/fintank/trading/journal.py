"""What a shard must write down to go on after a restart as if nothing had happened.

A record is identified by kind and id; of several with the same, the last one counts. Values are plain data
(str, int, None in a dict), Decimals as text, and carry a schema_version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from fintank.trading.clock import ClockState
from fintank.trading.exact import plain
from fintank.trading.ids import join
from fintank.trading.messages import Identity, Order, OrdStatus, OrdType, Quote, Side, TimeInForce
from fintank.trading.orders import WorkingOrder

SCHEMA_VERSION = 1


class Kind(StrEnum):
    """What a record tells of: an order's progress, a refused message that took a known order's identity, an
    exchange's held quote of a symbol, a symbol's clock."""

    ORDER = "order"
    REFUSAL = "refusal"
    QUOTE = "quote"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One entry; value None is a tombstone: what had this kind and id is no longer needed."""

    kind: Kind
    id: str
    value: Mapping[str, Any] | None


class ClosedRecord(NamedTuple):
    """A record of something terminal, in the order in which such records may be forgotten."""

    closed_us: int
    kind: Kind
    identity: Identity
    content_hash: str

    @property
    def id(self) -> str:
        """The id of the record in the journal."""
        parts = (*self.identity, self.content_hash) if self.kind is Kind.REFUSAL else self.identity
        return join(*parts)

    @property
    def tombstone(self) -> JournalRecord:
        """What makes the journal forget the record."""
        return JournalRecord(self.kind, self.id, None)


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
        "order_time_us": order.order_time_us,
        "content_hash": order.content_hash,
        "input": order.input,
        "arrival_seq": working.arrival_seq,
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
    )
    return WorkingOrder(
        order,
        arrival_seq=value["arrival_seq"],
        ord_status=OrdStatus(value["ord_status"]),
        cum_qty=Decimal(value["cum_qty"]),
        cum_cash=Decimal(value["cum_cash"]),
        fill_count=value["fill_count"],
        closed_us=value["closed_us"],
    )


def refusal_record(closed: ClosedRecord) -> JournalRecord:
    """Write down that a message which took a known order's identity was refused."""
    value = {
        "schema_version": SCHEMA_VERSION,
        **closed.identity._asdict(),
        "content_hash": closed.content_hash,
        "closed_us": closed.closed_us,
    }
    return JournalRecord(Kind.REFUSAL, closed.id, value)


def closed_record(kind: Kind, value: Mapping[str, Any]) -> ClosedRecord:
    """Read the record of a terminal order or of a refusal."""
    identity = Identity(value["account"], value["symbol"], value["cl_ord_id"])
    return ClosedRecord(value["closed_us"], kind, identity, value["content_hash"])


def quote_record(quote: Quote) -> JournalRecord:
    """Write down an exchange's held quote."""
    value = {"schema_version": SCHEMA_VERSION, **quote._asdict()}
    return JournalRecord(Kind.QUOTE, join(quote.symbol, quote.exchange), value)


def quote(value: Mapping[str, Any]) -> Quote:
    """Read an exchange's held quote."""
    return Quote(**{name: value[name] for name in Quote._fields})


def clock_record(symbol: str, state: ClockState) -> JournalRecord:
    """Write down a symbol's clock."""
    value = {"schema_version": SCHEMA_VERSION, "symbol": symbol, **state._asdict()}
    return JournalRecord(Kind.CLOCK, join(symbol), value)


def clock_state(value: Mapping[str, Any]) -> ClockState:
    """Read a symbol's clock."""
    return ClockState(**{name: value[name] for name in ClockState._fields})


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
