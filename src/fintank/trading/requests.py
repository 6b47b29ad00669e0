"""Requests that change orders: FIX's OrderCancelReplaceRequest and OrderMassCancelRequest."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fintank.trading.messages import Cancel, Identity, check_numbers, check_texts


@dataclass(frozen=True, slots=True)
class Replace:
    """Gives an open order a new cl_ord_id and new terms; what is None stays as it is.

    order_qty and cash_order_qty count from the start of the order, with what it has traded.
    """

    cl_ord_id: str
    account: str
    symbol: str
    orig_cl_ord_id: str
    order_qty: Decimal | None
    cash_order_qty: Decimal | None
    price: Decimal | None
    stop_px: Decimal | None
    expire_time_us: int | None
    order_time_us: int
    content_hash: str
    input: str

    def __post_init__(self) -> None:
        check_texts(self, "cl_ord_id", "account", "symbol", "orig_cl_ord_id")
        check_numbers(self, "order_qty", "cash_order_qty", "price", "stop_px")

    @property
    def identity(self) -> Identity:
        """The identity that the order gets."""
        return Identity(self.account, self.symbol, self.cl_ord_id)

    @property
    def order_identity(self) -> Identity:
        """The identity that the order has."""
        return Identity(self.account, self.symbol, self.orig_cl_ord_id)


class Scope(StrEnum):
    """What a mass cancel is for. It must be said, so that a misspelled field does not cancel everything."""

    ACCOUNT = "ACCOUNT"
    SYMBOL = "SYMBOL"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class MassCancel:
    """Cancels the open orders of an account, of a symbol, or all; cl_ord_id is its own."""

    cl_ord_id: str
    scope: Scope
    account: str | None
    symbol: str | None
    order_time_us: int
    content_hash: str
    input: str

    def __post_init__(self) -> None:
        check_texts(self, "cl_ord_id", "account", "symbol")
        named = (self.account is not None, self.symbol is not None)
        if named != (self.scope is Scope.ACCOUNT, self.scope is Scope.SYMBOL):
            raise ValueError("account must be given for the scope ACCOUNT only, symbol for SYMBOL only")


CancelRequest = Cancel | Replace | MassCancel
"""What ends or changes orders, and is remembered by its own cl_ord_id."""
