"""Makers of the core's messages, each with a default for whatever a test does not care about."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.depth import Depth, Sizes
from fintank.trading.messages import (
    Cancel,
    ComponentSpec,
    Order,
    OrdType,
    PortfolioOrder,
    Quote,
    Side,
    TimeInForce,
)

SECOND = 1_000_000
START = 1_438_539_936 * SECOND


@pytest.fixture(scope="session")
def quote() -> Callable[..., Quote]:
    """quote("93.9", "94.1", at=2, offset=7, exchange="NYSE"): `at` is in seconds after START."""

    def make(bid: str = "93.97388", ask: str = "94.190756", **given: Any) -> Quote:
        return Quote(
            symbol=given.get("symbol", "IVE"),
            exchange=given.get("exchange", "NASDAQ"),
            time_us=START + int(given.get("at", 0) * SECOND),
            partition=given.get("partition", 0),
            offset=given.get("offset", 0),
            bid=bid,
            ask=ask,
            bid_size=given.get("bid_size"),
            ask_size=given.get("ask_size"),
        )

    return make


@pytest.fixture(scope="session")
def order() -> Callable[..., Order]:
    """order("10") buys ten shares; order(cash="100", side="SELL", at=3) raises money.

    price, stop_px are texts; `at` and `ends` (expire_time) are in seconds after START. A price makes a LIMIT,
    a stop_px a STOP, both a STOP_LIMIT.
    """

    def make(qty: str | None = None, cash: str | None = None, **given: Any) -> Order:
        fields: dict[str, Any] = {
            "cl_ord_id": "o-1",
            "account": "acc",
            "symbol": "IVE",
            "side": Side(given.pop("side", "BUY")),
            "order_qty": None if qty is None else Decimal(qty),
            "cash_order_qty": None if cash is None else Decimal(cash),
            "ord_type": _type(given),
            "priority": 1,
            "time_in_force": TimeInForce(given.pop("tif", "GTC")),
            "list_id": None,
            "order_time_us": START + int(given.pop("at", 0) * SECOND),
            "content_hash": "hash-1",
            "input": "orders-0-17",
        }
        for name in ("price", "stop_px"):
            if name in given:
                fields[name] = Decimal(given.pop(name))
        if "ends" in given:
            fields["expire_time_us"] = START + int(given.pop("ends") * SECOND)
        return Order(**{**fields, **given})

    return make


def _type(given: dict[str, Any]) -> OrdType:
    names = ["STOP"] * ("stop_px" in given) + ["LIMIT"] * ("price" in given)
    return OrdType("_".join(names) or "MARKET")


@pytest.fixture(scope="session")
def cancel() -> Callable[..., Cancel]:
    """cancel("o-1") asks for the end of that order, cancel(list_id="p1") for that of a list."""

    def make(orig_cl_ord_id: str | None = None, **given: Any) -> Cancel:
        fields: dict[str, Any] = {
            "cl_ord_id": "c-1",
            "account": "acc",
            "symbol": None if "list_id" in given else "IVE",
            "orig_cl_ord_id": orig_cl_ord_id,
            "list_id": None,
            "order_time_us": START + int(given.pop("at", 0) * SECOND),
            "content_hash": "cancel-hash-1",
            "input": "orders-0-50",
        }
        return Cancel(**{**fields, **given})

    return make


@pytest.fixture(scope="session")
def market(quote: Callable[..., Quote]) -> Callable[..., Depth]:
    """market(("93", "94"), ("92", "95", {"ask_size": "7"})): a quote of A, then one of B, a second later."""

    def make(*quotes: tuple[Any, ...]) -> Depth:
        made = []
        for number, (bid, ask, *given) in enumerate(quotes):
            sizes = given[0] if given else {}
            made.append(quote(bid, ask, exchange="ABCDEF"[number], at=number, offset=number, **sizes))
        return Depth((each, Sizes(Decimal(0), Decimal(0))) for each in made)

    return make


@pytest.fixture(scope="session")
def portfolio_order() -> Callable[..., PortfolioOrder]:
    """portfolio_order({"IVE": "0.5", "CASH": "0.5"}, "100"), or a list of pairs."""

    def make(portfolio: Any, amount: str = "100", **given: Any) -> PortfolioOrder:
        pairs = portfolio.items() if isinstance(portfolio, dict) else portfolio
        fields: dict[str, Any] = {
            "order_id": "p1",
            "account": "acc",
            "side": Side.BUY,
            "amount": Decimal(amount),
            "portfolio": tuple(ComponentSpec(symbol, Decimal(weight)) for symbol, weight in pairs),
            "priority": 2,
            "time_in_force": TimeInForce.GTC,
            "order_time_us": START,
            "content_hash": "hash-1",
            "input": "orders-0-17",
        }
        return PortfolioOrder(**{**fields, **given})

    return make
