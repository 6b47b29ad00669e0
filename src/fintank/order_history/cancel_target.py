"""What a cancel of some id means: an order, or the open components of a portfolio order."""

from collections.abc import Sequence
from typing import NamedTuple

from fintank.errors import FintankError
from fintank.order_history import search
from fintank.order_history.life import Life
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH, ExecType, Order, PortfolioOrder


class CancelTarget(NamedTuple):
    """The fields of a cancel that name one order, or the open components of a portfolio order (list_id)."""

    account: str
    symbol: str | None
    orig_cl_ord_id: str | None
    list_id: str | None


def targets(
    order_id: str, messages: Sequence[Order | PortfolioOrder], components: Sequence[Order]
) -> list[CancelTarget]:
    """Return the distinct targets that have this id, among messages and components."""
    found = [
        CancelTarget(message.account, None, None, message.order_id)
        for message in messages
        if isinstance(message, PortfolioOrder) and message.order_id == order_id
    ]
    found += [
        CancelTarget(order.account, order.symbol, order.cl_ord_id, None)
        for order in components
        if order.cl_ord_id == order_id and order.symbol != CASH
    ]
    return list(dict.fromkeys(found))


def _current(life: Life) -> list[CancelTarget]:
    """Return the targets of a life, each under the id that it has after all replaces."""
    found = []
    for target in targets(life.id, life.messages, life.orders):
        current = target
        for _, report in life.reports:
            if report.exec_type == ExecType.REPLACED and (
                (report.account, report.symbol, report.orig_cl_ord_id)
                == (current.account, current.symbol, current.orig_cl_ord_id)
            ):
                current = current._replace(orig_cl_ord_id=report.cl_ord_id)
        found.append(current)
    return found


def find(
    address: str, order_id: str, symbol: str | None, account: str | None, limits: Limits
) -> CancelTarget:
    """Return the one target with this id, narrowed by symbol and account; FintankError if none or several.

    Symbol and account together name an order that need not be in Kafka yet.
    """
    if symbol is not None and account is not None:
        return CancelTarget(account, symbol, order_id, None)
    lives = search.find(address, order_id, limits)
    every = dict.fromkeys(target for life in lives for target in _current(life))
    found = [
        target for target in every if symbol in (None, target.symbol) and account in (None, target.account)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise FintankError(
            f"No order {order_id!r} in the topic 'orders' of Kafka ({address}), which keeps 30 days; "
            "give --symbol and --account to cancel it anyway, in case it arrives later"
        )
    named = "; ".join(f"{each.account} {each.symbol or 'portfolio order'}" for each in found)
    raise FintankError(
        f"Several orders have the id {order_id!r}: choose with --account and --symbol among {named}"
    )
