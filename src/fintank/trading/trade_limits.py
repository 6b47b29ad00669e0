"""The limits on what an order can execute: its value and its quantity at the price of the market."""

from decimal import Decimal

from fintank.trading.decimals import EXACT, plain
from fintank.trading.instruments import Instrument
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, Side
from fintank.trading.sweep import wanted
from fintank.trading.working_order import WorkingOrder

OverLimit = dict[str, str]
"""The numbers of a breach, and the limit."""


def notional(order: Order, best: Decimal | None, instrument: Instrument) -> Decimal | None:
    """Return what an order is worth: its cash, or its quantity at its price.

    The price is the limit of a BUY that has one, otherwise the greater of its own price and `best`, the NBBO
    of its side; None if it has neither.
    """
    if order.order_qty is None:
        return order.cash_order_qty
    own = order.stop_px if order.price is None else order.price
    if order.side is Side.BUY and order.price is not None:
        best = None
    prices = [price for price in (own, best) if price is not None]
    return max((instrument.money(order.order_qty, price).copy_abs() for price in prices), default=None)


def over_notional(
    order: Order, best: Decimal | None, instrument: Instrument, limits: Limits
) -> OverLimit | None:
    """Return the breach of an order that is worth more than the maximum; None if it is not."""
    limit, value = limits.max_order_notional, notional(order, best, instrument)
    if limit is None or value is None or value <= limit:
        return None
    return {"notional": plain(value), "limit": plain(limit)}


def over_quantity(
    working: WorkingOrder, best: Decimal, instrument: Instrument, limits: Limits
) -> OverLimit | None:
    """Return the breach of a cash order that would trade more than the largest quantity, or None."""
    limit = limits.max_order_qty
    if limit is None or working.order.cash_order_qty is None:
        return None
    quantity = EXACT.add(working.cum_qty, wanted(working, best, instrument))
    return None if quantity <= limit else {"order_qty": plain(quantity), "limit": plain(limit)}
