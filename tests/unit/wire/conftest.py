"""Messages as the trading core makes them."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import factories
import pytest
from support.timers import forget, run_timers

from fintank.trading.changes import Change
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.log_positions import LogPosition, Positions, Reached
from fintank.trading.messages import (
    Cancel,
    CodedReason,
    Order,
    OrdType,
    PortfolioOrder,
    Quote,
    Side,
    State,
    TimeInForce,
    TradingState,
)
from fintank.trading.partition_log import Partition
from fintank.trading.reports import Fill, Report
from fintank.trading.requests import Replace
from fintank.trading.shard import Shard

NOW_US = 1_438_539_936_355_217
COMMON: dict[str, Any] = {"account": "A-1001", "order_time_us": NOW_US}


class Make:
    """The factories with names and times of the wire's tests."""

    @staticmethod
    def order(**changes: Any) -> Order:
        values = {"cl_ord_id": "ticket-1", "order_qty": "12.5", "content_hash": "0" * 64}
        return factories.order(**{**COMMON, **values, **changes})

    @staticmethod
    def portfolio_order(**changes: Any) -> PortfolioOrder:
        values = {"order_id": "deposit-7", "priority": 1, "content_hash": "0" * 64}
        order = factories.portfolio_order({"IVE": "0.25", "VTI": "0.75"}, "1000", **COMMON, **values)
        return replace(order, **changes)

    @staticmethod
    def cancel(**changes: Any) -> Cancel:
        values = {"cl_ord_id": "cancel-1", "orig_cl_ord_id": "ticket-1", "content_hash": "2" * 64}
        return factories.cancel(**{**COMMON, **values, **changes})

    @staticmethod
    def replace(**changes: Any) -> Replace:
        values = {"cl_ord_id": "moved", "symbol": "VTI", "content_hash": "3" * 64}
        return factories.replace_request("waits", **{**COMMON, **values, **changes})

    @staticmethod
    def quote(**changes: Any) -> Quote:
        values = {"exchange": "NYSE", "time_us": NOW_US + 500_000, "offset": 5, "bid": "94.1", "ask": "94.2"}
        return factories.quote(**{**values, **changes})


@dataclass
class Written:
    """All output of a shard."""

    reports: list[Report] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    journal: list[Change] = field(default_factory=list)

    def add(self, effects: Effects | None) -> None:
        if effects is not None:
            self.reports += effects.reports
            self.fills += effects.fills
            self.journal += effects.journal


@pytest.fixture
def make() -> Make:
    return Make()


def _shard(make: Make) -> Shard:
    """Make a shard whose symbol has a reference price, and no quote that can be traded on."""
    limits = Limits(
        retention_us=1_000_000,
        aggregation_window_us=200_000,
        market_collar=Decimal(10_000),
    )
    shard = Shard(limits)
    narrow = make.quote(exchange="BATS", offset=3, time_us=NOW_US + 399_999)
    shard.on_quote(narrow, log_us=NOW_US)
    shard.on_quote(narrow._replace(offset=4, bid=None, ask=None), log_us=NOW_US)
    return shard


@pytest.fixture
def written(make) -> Written:
    """The output of a shard with all kinds of reports, rejections, cancels and forgotten orders."""
    shard = _shard(make)
    written = Written()
    orders = [
        make.order(),
        make.order(cl_ord_id="s", side=Side.SELL, order_qty=None, cash_order_qty=Decimal("0.01")),
        make.order(cl_ord_id="d-IVE", list_id="d", order_qty=None, cash_order_qty=Decimal("250")),
        make.order(cl_ord_id="tiny", order_qty=None, cash_order_qty=Decimal("0.01")),
        make.order(cl_ord_id="bad", refusal=CodedReason("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9")),
        make.order(content_hash="1" * 64),
        make.order(cl_ord_id="waits", symbol="VTI"),
        make.order(
            cl_ord_id="ends",
            ord_type=OrdType.STOP_LIMIT,
            price=Decimal(1),
            stop_px=Decimal(10**9),
            time_in_force=TimeInForce.GTD,
            expire_time_us=NOW_US + 400_000,
        ),
        make.order(cl_ord_id="stop", ord_type=OrdType.STOP, stop_px=Decimal(1)),
        make.order(cl_ord_id="block", priority=2, ord_type=OrdType.LIMIT, price=Decimal(95)),
    ]
    for order in orders:
        written.add(shard.on_order(order, log_us=NOW_US))
    written.add(shard.on_quote(make.quote(ask="94200"), log_us=NOW_US))
    sized = make.quote(exchange="ARCA", bid_size="100", ask_size="0.000002", bid="9e1", ask="94.15")
    written.add(shard.on_quote(sized, log_us=NOW_US))
    restated = {"order_qty": None, "cash_order_qty": Decimal("0.09")}
    written.add(shard.on_order(make.order(cl_ord_id="restated", **restated), log_us=NOW_US))
    written.add(shard.on_order(make.order(cl_ord_id="sold", side=Side.SELL), log_us=NOW_US))
    written.journal += shard.changed_quotes()
    for cancel in (
        make.replace(),
        make.cancel(cl_ord_id="too-late", orig_cl_ord_id="d-IVE"),
        make.cancel(orig_cl_ord_id="block"),
        make.cancel(cl_ord_id="unknown", orig_cl_ord_id="nobody"),
        make.cancel(cl_ord_id="all", symbol=None, orig_cl_ord_id=None, list_id="d"),
    ):
        written.add(shard.on_cancel(cancel, log_us=NOW_US))
    for scope in ({"symbol": "IVE"}, {"account": "A-1001"}):
        sell_only = TradingState(State.SELL_ONLY, NOW_US, 60, "orders-0-60", **scope)
        written.add(shard.on_trading_state(sell_only, NOW_US))
    written.add(run_timers(shard, NOW_US + 1_000_000))
    written.journal += shard.changed_quotes()
    written.journal += forget(shard, NOW_US + 60_000_000)
    position = {Partition("ticks", 0): LogPosition(42, 1)}
    ids = {"ticks": "k2XrT0f8SvGhfTnXjD8w3Q"}
    written.journal.append(Positions(1, ids, position, Reached(1, "IVE"), ("id-of-the-topic-before",)))
    return written
