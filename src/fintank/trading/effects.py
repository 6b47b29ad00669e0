"""What a message leads to: steps of its symbols, and everything to write about them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fintank.trading import ledger
from fintank.trading.changes import Change
from fintank.trading.messages import ExecType
from fintank.trading.moment import Moment
from fintank.trading.order_book import OrderBook
from fintank.trading.reports import Fill, Report
from fintank.trading.shard_state import ShardState
from fintank.trading.steps import Event, step
from fintank.trading.working_order import WorkingOrder


@dataclass(frozen=True, slots=True)
class Effects:
    """All that one message leads to; nothing at all for a replay."""

    reports: tuple[Report, ...] = ()
    fills: tuple[Fill, ...] = ()
    journal: tuple[Change, ...] = ()


def joined(effects: Sequence[Effects]) -> Effects:
    """Return several effects as one, in their order."""
    return Effects(
        reports=tuple(report for each in effects for report in each.reports),
        fills=tuple(fill for each in effects for fill in each.fills),
        journal=tuple(change for each in effects for change in each.journal),
    )


def applied(state: ShardState, symbol: str, events: Sequence[Event]) -> Effects:
    """Apply what happened to a symbol's orders; return everything to write about it."""
    latest = {working.arrival_seq: working for working, _ in events}
    for working in latest.values():
        state.registry.put(working)
    made = [report for _, report in events if report is not None]
    return Effects(
        reports=tuple(made),
        fills=tuple(ledger.booking(report) for report in made if report.exec_type is ExecType.TRADE),
        journal=(*latest.values(), *state.changes(symbol)),
    )


def stepped(
    state: ShardState, orders: OrderBook, moment: Moment, arrived: WorkingOrder | None = None
) -> list[Event]:
    """Do a step of a symbol at a moment."""
    symbol = orders.symbol
    state.changed[symbol] = None
    if moment.market.crossing and moment.input is not None and orders.by_seq:
        state.counts.crossed += 1
    return step(orders, state.books.get(symbol), moment, state.rule_context(symbol, moment), arrived)
