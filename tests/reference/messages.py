"""Reading orders and cancels as docs/messages.md describes them."""

import hashlib
import json
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from reference.numbers import microseconds, number, plain

EARLIEST_US = 631_152_000_000_000
AHEAD_US_MAX = 60_000_000

Message = dict[str, Any]


class RejectError(Exception):
    """The record is no such message; its argument is the reason."""


@dataclass(frozen=True)
class Place:
    """Where a record stands, and when Kafka appended it."""

    topic: str
    partition: int
    offset: int
    append_us: int

    @property
    def input(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"

    def time_us(self, message: Message) -> int:
        """Read the message's timestamp; only a certain range is taken."""
        time_us = microseconds(message["timestamp"])
        if not EARLIEST_US <= time_us <= self.append_us + AHEAD_US_MAX:
            raise RejectError("TIMESTAMP_OUT_OF_RANGE")
        return time_us


@dataclass
class Order:
    """An order and all that has happened to it."""

    cl_ord_id: str
    account: str
    symbol: str
    side: str
    ord_type: str
    time_in_force: str
    priority: int
    order_time_us: int
    content_hash: str
    input: str
    list_id: str | None = None
    order_qty: Fraction | None = None
    cash_order_qty: Fraction | None = None
    price: Fraction | None = None
    stop_px: Fraction | None = None
    expire_time_us: int | None = None
    refusal: tuple[str, int, dict[str, Any]] | None = None
    """What component-order-creator found: code, ord_rej_reason and numbers."""

    first_order_id: str | None = None
    """Its order_id, once it was replaced."""
    arrival: int = 0
    end_us: int | None = None
    new_time_us: int = 0
    status: str = "NEW"
    triggered: bool = False
    unchecked: bool = False
    """The rules that need a price are still to be checked."""
    trades: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    """The quantity and price of each."""
    cum_qty: Fraction = field(default_factory=Fraction)
    cum_cash: Fraction = field(default_factory=Fraction)

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.account, self.symbol, self.cl_ord_id

    @property
    def is_open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def is_waiting_stop(self) -> bool:
        return self.ord_type in ("STOP", "STOP_LIMIT") and not self.triggered

    @property
    def is_by_cash(self) -> bool:
        return self.cash_order_qty is not None

    @property
    def is_cash_buy(self) -> bool:
        return self.is_by_cash and self.side == "BUY"

    @property
    def has_limit(self) -> bool:
        return self.ord_type in ("LIMIT", "STOP_LIMIT")

    def allows(self, price: Fraction) -> bool:
        """Whether the order may trade at this price, if it is no stop that still waits."""
        if not self.has_limit:
            return True
        assert self.price is not None
        return price <= self.price if self.side == "BUY" else price >= self.price


def read_order(message: Message, place: Place) -> Order:
    """Read an `order`."""
    content = {
        "cl_ord_id": message["cl_ord_id"],
        "account": message["account"],
        "symbol": message["symbol"],
        "side": message["side"],
        "ord_type": message.get("ord_type") or "MARKET",
        "time_in_force": message.get("time_in_force") or "GTC",
        "priority": message.get("priority") or 1,
        "order_qty": number(message.get("order_qty")),
        "cash_order_qty": number(message.get("cash_order_qty")),
        "price": number(message.get("price")),
        "stop_px": number(message.get("stop_px")),
        "order_time_us": place.time_us(message),
        "expire_time_us": expire_time_us(message),
    }
    if (content["order_qty"] is None) == (content["cash_order_qty"] is None):
        raise RejectError("BAD_VALUE")
    return Order(**content, content_hash=content_hash({**content, "msg_type": "order"}), input=place.input)


def expire_time_us(message: Message) -> int | None:
    return None if message.get("expire_time") is None else microseconds(message["expire_time"])


def content_hash(content: dict[str, Any]) -> str:
    """Hash what a message says, however it was written."""
    canonical = {
        name: plain(value) if isinstance(value, Fraction) else value
        for name, value in content.items()
        if value is not None
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Cancel:
    """A request to cancel one order, or all components of a portfolio order."""

    cl_ord_id: str
    account: str
    symbol: str | None
    orig_cl_ord_id: str | None
    list_id: str | None
    order_time_us: int
    content_hash: str
    input: str
    is_waiting: bool = False
    """It found no such order: one that comes later is canceled."""
    response_to: int = 1

    def means(self, order: Order) -> bool:
        if self.account != order.account:
            return False
        if self.list_id is not None:
            return order.list_id == self.list_id
        return (order.symbol, order.cl_ord_id) == (self.symbol, self.orig_cl_ord_id)


def read_cancel(message: Message, place: Place) -> Cancel:
    """Read a `cancel`."""
    content = {
        "cl_ord_id": message["cl_ord_id"],
        "account": message["account"],
        "symbol": message.get("symbol"),
        "orig_cl_ord_id": message.get("orig_cl_ord_id"),
        "list_id": message.get("list_id"),
        "order_time_us": place.time_us(message),
    }
    by_order = content["symbol"] is not None and content["orig_cl_ord_id"] is not None
    if by_order == (content["list_id"] is not None):
        raise RejectError("BAD_VALUE")
    return Cancel(**content, content_hash=content_hash({**content, "msg_type": "cancel"}), input=place.input)


@dataclass
class Replace(Cancel):
    """A request to give an order a new name and new terms; those that are None stay."""

    terms: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str]:
        """The name that the order gets."""
        assert self.symbol is not None
        return self.account, self.symbol, self.cl_ord_id


def read_replace(message: Message, place: Place) -> Replace:
    """Read a `replace`."""
    terms = {
        "order_qty": number(message.get("order_qty")),
        "cash_order_qty": number(message.get("cash_order_qty")),
        "price": number(message.get("price")),
        "stop_px": number(message.get("stop_px")),
        "expire_time_us": expire_time_us(message),
    }
    names = {name: message[name] for name in ("cl_ord_id", "account", "symbol", "orig_cl_ord_id")}
    content = {**names, "order_time_us": place.time_us(message)}
    hashed = content_hash({**content, **terms, "msg_type": "replace"})
    given = {name: value for name, value in terms.items() if value is not None}
    return Replace(
        **content, list_id=None, content_hash=hashed, input=place.input, response_to=2, terms=given
    )


@dataclass
class MassCancel:
    """A request to cancel every open order of an account, of a symbol, or all."""

    cl_ord_id: str
    scope: str
    account: str | None
    symbol: str | None
    order_time_us: int
    content_hash: str
    input: str

    def means(self, order: Order) -> bool:
        return self.account in (None, order.account) and self.symbol in (None, order.symbol)


def read_mass_cancel(message: Message, place: Place) -> MassCancel:
    """Read a `mass_cancel`."""
    names = {name: message.get(name) for name in ("cl_ord_id", "scope", "account", "symbol")}
    content: dict[str, Any] = {**names, "order_time_us": place.time_us(message)}
    if content["scope"] is None:
        raise RejectError("MISSING_FIELD")
    named = (content["account"] is not None, content["symbol"] is not None)
    if named != (content["scope"] == "ACCOUNT", content["scope"] == "SYMBOL"):
        raise RejectError("BAD_VALUE")
    hashed = content_hash({**content, "msg_type": "mass_cancel"})
    return MassCancel(**content, content_hash=hashed, input=place.input)
