"""Orders, cancels, quotes and reports of the trading core; a test gives only the fields that it is about.

Decimals may be given as text, enums by their value, and times as seconds after START: `at` is the time of the
order or the quote, `ends` the expire time.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from fintank.trading.messages import (
    Cancel,
    ComponentSpec,
    ExecType,
    Order,
    OrdStatus,
    OrdType,
    PortfolioOrder,
    Quote,
    Side,
    TimeInForce,
)
from fintank.trading.reports import ExecutionReport
from fintank.trading.requests import MassCancel, Replace, Scope

SECOND = 1_000_000
START = 1_438_539_936 * SECOND
"""Microseconds since 1970."""

_TYPES = {
    "side": Side,
    "ord_type": OrdType,
    "time_in_force": TimeInForce,
    **dict.fromkeys(("order_qty", "cash_order_qty", "price", "stop_px", "amount"), Decimal),
}


def _typed(given: dict[str, Any]) -> dict[str, Any]:
    """Convert texts to the types of their fields."""
    texts = {name for name, value in given.items() if isinstance(value, str)}
    return given | {name: _TYPES[name](given[name]) for name in texts & _TYPES.keys()}


def _after_start(seconds: float) -> int:
    return START + int(seconds * SECOND)


def order(qty: str | None = None, cash: str | None = None, **given: Any) -> Order:
    """Make an order: order("10") buys ten shares, order(cash="100", side="SELL", at=3) raises money.

    A price makes it a LIMIT, a stop_px a STOP, both a STOP_LIMIT, unless ord_type is given.
    """
    kind = ["STOP"] * ("stop_px" in given) + ["LIMIT"] * ("price" in given)
    fields = {
        "cl_ord_id": "o-1",
        "account": "acc",
        "symbol": "IVE",
        "side": Side.BUY,
        "order_qty": qty,
        "cash_order_qty": cash,
        "ord_type": "_".join(kind) or "MARKET",
        "priority": 1,
        "time_in_force": given.pop("tif", "GTC"),
        "list_id": None,
        "order_time_us": _after_start(given.pop("at", 0)),
        "content_hash": "hash-1",
        "input": "orders-0-17",
    }
    if "ends" in given:
        fields["expire_time_us"] = _after_start(given.pop("ends"))
    return Order(**_typed({**fields, **given}))


def portfolio_order(
    portfolio: Mapping[str, str] | Iterable[tuple[str, str]], amount: str = "100", **given: Any
) -> PortfolioOrder:
    """Make an order for a portfolio: portfolio_order({"IVE": "0.5", "CASH": "0.5"}), or of pairs."""
    pairs = portfolio.items() if isinstance(portfolio, Mapping) else portfolio
    fields = {
        "order_id": "p1",
        "account": "acc",
        "side": Side.BUY,
        "amount": amount,
        "portfolio": tuple(ComponentSpec(symbol, Decimal(weight)) for symbol, weight in pairs),
        "priority": 2,
        "time_in_force": TimeInForce.GTC,
        "order_time_us": START,
        "content_hash": "hash-1",
        "input": "orders-0-17",
    }
    return PortfolioOrder(**_typed({**fields, **given}))


def cancel(orig_cl_ord_id: str | None = None, **given: Any) -> Cancel:
    """Make a cancel: cancel("o-1") of that order, cancel(list_id="p1") of a list."""
    fields = {
        "cl_ord_id": "c-1",
        "account": "acc",
        "symbol": None if given.get("list_id") is not None else "IVE",
        "orig_cl_ord_id": orig_cl_ord_id,
        "list_id": None,
        "order_time_us": _after_start(given.pop("at", 0)),
        "content_hash": "cancel-hash-1",
        "input": "orders-0-50",
    }
    return Cancel(**{**fields, **given})


def replace_request(orig_cl_ord_id: str, **given: Any) -> Replace:
    """Make a replace: replace_request("o-1", order_qty="5", at=3)."""
    fields = {
        "cl_ord_id": "r-1",
        "account": "acc",
        "symbol": "IVE",
        "orig_cl_ord_id": orig_cl_ord_id,
        **dict.fromkeys(("order_qty", "cash_order_qty", "price", "stop_px", "expire_time_us")),
        "order_time_us": _after_start(given.pop("at", 0)),
        "content_hash": "replace-hash-1",
        "input": "orders-0-60",
    }
    return Replace(**_typed({**fields, **given}))


def mass_cancel(**given: Any) -> MassCancel:
    """Make a mass cancel: mass_cancel(account="acc") or mass_cancel(symbol="IVE"), of all without either."""
    scope = Scope.ACCOUNT if "account" in given else Scope.SYMBOL if "symbol" in given else Scope.ALL
    fields = {
        "cl_ord_id": "m-1",
        "scope": scope,
        "account": None,
        "symbol": None,
        "order_time_us": _after_start(given.pop("at", 0)),
        "content_hash": "mass-hash-1",
        "input": "orders-0-70",
    }
    return MassCancel(**{**fields, **given})


def quote(bid: str = "93.97388", ask: str = "94.190756", **given: Any) -> Quote:
    """Make a quote: quote("93.9", "94.1", at=2, offset=7, exchange="NYSE")."""
    fields = {
        "symbol": "IVE",
        "exchange": "NASDAQ",
        "time_us": _after_start(given.pop("at", 0)),
        "partition": 0,
        "offset": 0,
        "bid": bid,
        "ask": ask,
        "bid_size": None,
        "ask_size": None,
    }
    return Quote(**{**fields, **given})


def report(cl_ord_id: str = "o-1", **given: Any) -> ExecutionReport:
    """Make an execution report: a NEW; whatever a NEW does not need is None."""
    fields = dict.fromkeys(ExecutionReport.__dataclass_fields__) | {
        "exec_id": f"id of {cl_ord_id}",
        "exec_type": ExecType.NEW,
        "ord_status": OrdStatus.NEW,
        "cl_ord_id": cl_ord_id,
        "account": "acc",
        "symbol": "IVE",
        "side": Side.BUY,
        "ord_type": OrdType.MARKET,
        "time_in_force": TimeInForce.GTC,
        "priority": 1,
        "quote_ids": (),
        "input": "orders-0-17",
        "order_time_us": START,
        "transact_time_us": START,
    }
    return ExecutionReport(**{**fields, **given})
