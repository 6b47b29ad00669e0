"""The messages that come into the trading core, with FIX's names.

Prices, quantities and amounts are Decimal, times are whole microseconds since the epoch, UTC. A message is
checked when it is made: a ValueError means that it belongs in the topic `rejects`. An order that only breaks
a trading rule is made, and REJECTED later.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from fintank.trading.decimals import is_bounded

CASH = "CASH"
CHARACTERS_MAX = {
    **dict.fromkeys(("symbol", "account", "list_id", "order_id"), 64),
    **dict.fromkeys(("cl_ord_id", "orig_cl_ord_id"), 128),
}
"""The longest text of each field that names something."""


class Side(StrEnum):
    """FIX Side (54)."""

    BUY = "BUY"
    SELL = "SELL"


class OrdType(StrEnum):
    """FIX OrdType (40)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"


class TimeInForce(StrEnum):
    """FIX TimeInForce (59)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    DAY = "DAY"


class OrdStatus(StrEnum):
    """FIX OrdStatus (39). CANCELED, EXPIRED, FILLED, REPLACED and REJECTED are terminal.

    REPLACED is the state of a cl_ord_id whose order goes on under another one; no report has it.
    """

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self not in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)


class ExecType(StrEnum):
    """FIX ExecType (150)."""

    NEW = "NEW"
    TRADE = "TRADE"
    TRIGGERED = "TRIGGERED"
    REPLACED = "REPLACED"
    CANCELED = "CANCELED"
    RESTATED = "RESTATED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class State(StrEnum):
    """The trading state, the least restrictive first. REDUCING is read as SELL_ONLY, its name today."""

    ACTIVE = "ACTIVE"
    SELL_ONLY = "SELL_ONLY"
    HALTED = "HALTED"

    @classmethod
    def _missing_(cls, value: object) -> "State | None":
        return cls.SELL_ONLY if value == "REDUCING" else None

    def allows(self, side: Side) -> bool:
        """Whether orders of this side are accepted and trade."""
        return self is State.ACTIVE or (self is State.SELL_ONLY and side is Side.SELL)


class Quote(NamedTuple):
    """One exchange's bid and ask of a symbol; of a side where it has nothing both price and size are None.

    Prices and sizes are text as in the record, positive and finite; a size of None is unlimited. A Decimal is
    made only when an order needs it. A tuple, as one is made for every tick.
    """

    symbol: str
    exchange: str
    time_us: int
    partition: int
    offset: int
    bid: str | None
    ask: str | None
    bid_size: str | None
    ask_size: str | None

    @property
    def quote_id(self) -> str:
        """The quote's identity, `partition-offset`."""
        return f"{self.partition}-{self.offset}"


class Identity(NamedTuple):
    """Identifies an order; a cancel of one order likewise, by its own cl_ord_id."""

    account: str
    symbol: str
    cl_ord_id: str


@dataclass(frozen=True, slots=True)
class CodedReason:
    """Why an order was rejected or canceled: a code of `rules`, and `code=... k=v ...` as text."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order for one symbol; a component order of a portfolio order has its id as list_id.

    Exactly one of order_qty (shares) and cash_order_qty (cash) is given, unless refusal is: why the portfolio
    order is REJECTED. content_hash: equal for messages of equal content. input: the message's record, as in
    "orders-0-17".
    """

    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    order_qty: Decimal | None
    cash_order_qty: Decimal | None
    ord_type: OrdType
    priority: int
    time_in_force: TimeInForce
    list_id: str | None
    order_time_us: int
    content_hash: str
    input: str
    refusal: CodedReason | None = None
    price: Decimal | None = None
    stop_px: Decimal | None = None
    expire_time_us: int | None = None

    def __post_init__(self) -> None:
        check_texts(self, "cl_ord_id", "account", "symbol", "list_id")
        _check_priority(self.priority)
        check_numbers(self, "order_qty", "cash_order_qty", "price", "stop_px")
        if self.refusal is None and (self.order_qty is None) == (self.cash_order_qty is None):
            raise ValueError("exactly one of order_qty and cash_order_qty must be given")

    @property
    def identity(self) -> Identity:
        """Identifies the order."""
        return Identity(self.account, self.symbol, self.cl_ord_id)


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One line of a portfolio: a symbol, or CASH, and its share of the amount (0.25 is a quarter)."""

    symbol: str
    weight: Decimal

    def __post_init__(self) -> None:
        check_texts(self, "symbol")
        check_numbers(self, "weight")


@dataclass(frozen=True, slots=True)
class PortfolioOrder:
    """A deposit into (BUY) or a withdrawal from (SELL) a weighted list of symbols; amount is cash."""

    order_id: str
    account: str
    side: Side
    amount: Decimal
    portfolio: tuple[ComponentSpec, ...]
    priority: int
    time_in_force: TimeInForce
    order_time_us: int
    content_hash: str
    input: str
    expire_time_us: int | None = None

    def __post_init__(self) -> None:
        check_texts(self, "order_id", "account")
        _check_priority(self.priority)
        check_numbers(self, "amount")


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancels one order (orig_cl_ord_id and symbol), or all open components of a portfolio order (list_id).

    cl_ord_id is the cancel's own.
    """

    cl_ord_id: str
    account: str
    symbol: str | None
    orig_cl_ord_id: str | None
    list_id: str | None
    order_time_us: int
    content_hash: str
    input: str

    def __post_init__(self) -> None:
        check_texts(self, "cl_ord_id", "account")
        is_of_list = self.list_id is not None
        if (self.symbol is None, self.orig_cl_ord_id is None) != (is_of_list, is_of_list):
            raise ValueError("either orig_cl_ord_id and symbol, or list_id must be given")
        check_texts(self, "list_id", "symbol", "orig_cl_ord_id")

    @property
    def identity(self) -> Identity:
        """Identifies a cancel of one order."""
        assert self.symbol is not None
        return Identity(self.account, self.symbol, self.cl_ord_id)

    @property
    def order_identity(self) -> Identity:
        """The identity of the one order to cancel."""
        assert self.symbol is not None
        assert self.orig_cl_ord_id is not None
        return Identity(self.account, self.symbol, self.orig_cl_ord_id)


@dataclass(frozen=True, slots=True)
class TradingState:
    """Sets the trading state of a symbol, an account, or all; the record's offset orders these messages."""

    state: State
    time_us: int
    offset: int
    input: str
    symbol: str | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        check_texts(self, "symbol", "account")
        if self.symbol is not None and self.account is not None:
            raise ValueError("symbol and account can't be given together")


def check_texts(message: object, *names: str) -> None:
    """Check fields that name something, if they are given; ValueError for one that can't be used."""
    for name in names:
        value, characters_max = getattr(message, name), CHARACTERS_MAX[name]
        # An unprintable character would break keys and lines downstream; a lone surrogate can't be encoded.
        if value is not None and (not 0 < len(value) <= characters_max or not value.isprintable()):
            raise ValueError(f"{name} must have 1 to {characters_max} printable characters")


def check_numbers(message: object, *names: str) -> None:
    """Check numbers, if they are given; ValueError for one that is out of bounds."""
    for name in names:
        value = getattr(message, name)
        if value is not None and not is_bounded(value):
            raise ValueError(f"{name} must be a finite number below 10^18 with at most 30 decimals")


def _check_priority(priority: int) -> None:
    if priority < 1:
        raise ValueError("priority must be 1 or more")
