"""Messages as the trading core makes them."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from fintank.trading.journal import JournalRecord
from fintank.trading.limits import Limits
from fintank.trading.messages import (
    ComponentSpec,
    ExecutionReport,
    Fill,
    Order,
    OrdType,
    PortfolioOrder,
    Quote,
    Refusal,
    Side,
    TimeInForce,
)
from fintank.trading.shard import Outcome, Shard

NOW_US = 1_438_539_936_355_217


class Make:
    """Makes orders and quotes; what is not given has a value that works."""

    @staticmethod
    def order(**changes) -> Order:
        values = {
            "cl_ord_id": "ticket-1",
            "account": "A-1001",
            "symbol": "IVE",
            "side": Side.BUY,
            "order_qty": Decimal("12.5"),
            "cash_order_qty": None,
            "ord_type": OrdType.MARKET,
            "priority": 1,
            "time_in_force": TimeInForce.GTC,
            "list_id": None,
            "order_time_us": NOW_US,
            "content_hash": "0" * 64,
            "input": "orders-0-17",
        }
        return Order(**{**values, **changes})

    @staticmethod
    def portfolio_order(**changes) -> PortfolioOrder:
        values = {
            "order_id": "deposit-7",
            "account": "A-1001",
            "side": Side.BUY,
            "amount": Decimal("1000"),
            "portfolio": (ComponentSpec("IVE", Decimal("0.25")), ComponentSpec("VTI", Decimal("0.75"))),
            "priority": 1,
            "time_in_force": TimeInForce.GTC,
            "order_time_us": NOW_US,
            "content_hash": "0" * 64,
            "input": "orders-0-17",
        }
        return PortfolioOrder(**{**values, **changes})

    @staticmethod
    def quote(**changes) -> Quote:
        values = {
            "symbol": "IVE",
            "exchange": "NYSE",
            "time_us": NOW_US + 500_000,
            "partition": 0,
            "offset": 5,
        }
        values |= {"bid": "94.1", "ask": "94.2", "bid_size": None, "ask_size": None}
        return Quote(**{**values, **changes})


@dataclass
class Written:
    """All that a shard has given out."""

    reports: list[ExecutionReport] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    journal: list[JournalRecord] = field(default_factory=list)

    def add(self, outcome: Outcome | None) -> None:
        if outcome is not None:
            self.reports += outcome.reports
            self.fills += outcome.fills
            self.journal += outcome.journal


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def written(make) -> Written:
    """Everything of a life with trades, a refusal, a duplicate, a cancellation and forgotten orders."""
    shard = Shard(Limits(retention_us=1_000_000))
    written = Written()
    orders = [
        make.order(),
        make.order(cl_ord_id="s", side=Side.SELL, order_qty=None, cash_order_qty=Decimal("0.01")),
        make.order(cl_ord_id="d-IVE", list_id="d", order_qty=None, cash_order_qty=Decimal("250")),
        make.order(cl_ord_id="tiny", order_qty=None, cash_order_qty=Decimal("0.01")),
        make.order(cl_ord_id="bad", refusal=Refusal("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9")),
        make.order(content_hash="1" * 64),
        make.order(cl_ord_id="waits", symbol="VTI"),
    ]
    for order in orders:
        written.add(shard.on_order(order, wall_us=NOW_US))
    written.add(shard.on_quote(make.quote(ask="94200"), wall_us=NOW_US))
    shard.on_quote(make.quote(exchange="ARCA", bid_size="100", ask_size="0", bid="9e1"), wall_us=NOW_US)
    written.journal += shard.changed_quotes()
    written.journal += shard.expire_terminal(wall_us=NOW_US + 60_000_000)
    return written
