"""Orders decided by the trading core, as the topics would hold them, to be tampered with and checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import factories
import pytest

from fintank.adapters.kafka_topics import topics
from fintank.reconciliation.bookings import check_bookings
from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.order_reports import check_orders
from fintank.reconciliation.snapshot import Recorded
from fintank.reconciliation.topic_logs import PartitionLog, TopicLogs
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, Quote
from fintank.trading.reports import ExecutionReport, Fill
from fintank.trading.shard import Shard

TIME_MS = 1_700_000_000_000
TIME_US = TIME_MS * 1000
NAME = "o-1 of A-1 for IVE"


@dataclass
class History:
    """What the topics hold; by default nothing was deleted and everything is committed."""

    orders: list[Recorded[Order]] = field(default_factory=list)
    reports: list[Recorded[ExecutionReport]] = field(default_factory=list)
    fills: list[Recorded[Fill]] = field(default_factory=list)
    hidden: frozenset[tuple[str, int]] = frozenset()
    lost: frozenset[str] = frozenset()

    @property
    def logs(self) -> TopicLogs:
        """All partitions; those of the `lost` topics start at offset 100."""
        starts = {name: 100 if name in self.lost else 0 for name in topics()}
        partitions = {
            (name, number): PartitionLog(starts[name], TIME_MS, 1_000)
            for name, topic in topics().items()
            for number in range(topic.partitions)
        }
        return TopicLogs(partitions, self.hidden)

    def take(self, outcome: Effects | None) -> None:
        """Add the core's reports and fills."""
        if outcome is not None:
            for report in outcome.reports:
                assert isinstance(report, ExecutionReport)
                self.reports.append(Recorded(f"executions-0-{len(self.reports)}", TIME_MS, report))
            for fill in outcome.fills:
                self.fills.append(Recorded(f"fills-0-{len(self.fills)}", TIME_MS, fill))

    def change_report(self, number: int, **changes: Any) -> None:
        entry = self.reports[number]
        self.reports[number] = entry._replace(message=replace(entry.message, **changes))

    def change_fill(self, number: int, **changes: Any) -> None:
        entry = self.fills[number]
        self.fills[number] = entry._replace(message=replace(entry.message, **changes))

    def order_results(self) -> list[Result]:
        return check_orders(self.orders, self.reports, self.logs, Limits().retention_us)

    def booking_results(self) -> list[Result]:
        return check_bookings(self.reports, self.fills, self.logs)


def quote(offset: int = 0, bid: str = "9.5", ask: str = "10.5") -> Quote:
    return factories.quote(bid, ask, exchange="NYSE", time_us=TIME_US + offset, offset=offset)


def order(number: int = 1, **given: Any) -> Order:
    """Return an order to buy ten shares; another number means other content."""
    fields = {"order_qty": "10", "account": "A-1", "order_time_us": TIME_US}
    fields |= {"content_hash": f"hash-{number}", "input": f"orders-0-{number}"}
    return factories.order(**{**fields, **given})


@pytest.fixture
def make_order() -> Callable[..., Order]:
    return order


@pytest.fixture
def decided() -> Callable[..., History]:
    """decided(order, ...): the orders arrive one by one after a quote of 9.5 / 10.5."""

    def decide(*orders: Order, quotes: Sequence[Quote] = (quote(),)) -> History:
        history, shard = History(), Shard(Limits())
        for seen in quotes:
            shard.on_quote(seen, TIME_US)
        for requested in orders:
            history.orders.append(Recorded(requested.input, TIME_MS, requested))
            history.take(shard.on_order(requested, TIME_US))
        return history

    return decide


@pytest.fixture
def waiting() -> History:
    """A cash order that waited for its quote: NEW, then a TRADE."""
    history, shard = History(), Shard(Limits())
    requested = order(order_qty=None, cash_order_qty="100.00")
    history.orders.append(Recorded(requested.input, TIME_MS, requested))
    history.take(shard.on_order(requested, TIME_US))
    history.take(shard.on_quote(quote(), TIME_US))
    return history


@pytest.fixture
def filled(decided: Callable[..., History]) -> History:
    """An order for ten shares, filled at 10.5."""
    return decided(order())


@pytest.fixture
def breaks() -> Callable[[Sequence[Result]], list[tuple[BreakKind, str]]]:
    """breaks(results) returns kind and id of each break."""

    def found(results: Sequence[Result]) -> list[tuple[BreakKind, str]]:
        return [(each.kind, each.id) for result in results for each in result.named]

    return found
