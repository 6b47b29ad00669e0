"""What orders take of levels: one order alone, or several as a block."""

from collections.abc import Callable
from fractions import Fraction

from reference.instruments import Instrument
from reference.market import Quote
from reference.messages import Order
from reference.numbers import ceil_to, floor_to

Take = Callable[[Order, Quote, Fraction], None]
End = Callable[[Order, Fraction], None]
"""A cash BUY can buy no lot at this price."""


def wanted(order: Order, price: Fraction, instrument: Instrument) -> Fraction:
    """Return what the order would take of a level that offers any quantity; 0 if its cash is too little."""
    if order.cash_order_qty is None:
        assert order.order_qty is not None
        return order.order_qty - order.cum_qty
    cash = order.cash_order_qty - order.cum_cash
    exact = cash / price / instrument.multiplier
    quantity = (floor_to if order.side == "BUY" else ceil_to)(exact, instrument.lot_size)
    is_first = order.cum_qty == 0 and instrument.min_qty is not None
    return Fraction() if is_first and quantity < instrument.min_qty else quantity


def is_filled(order: Order, price: Fraction, instrument: Instrument) -> bool:
    """Whether an order that has just traded at this price is done."""
    if order.is_cash_buy:
        return wanted(order, price, instrument) == 0
    if order.cash_order_qty is not None:
        return order.cum_cash >= order.cash_order_qty
    return order.cum_qty == order.order_qty


def sweep(order: Order, levels: list[Quote], instrument: Instrument, take: Take, end: End) -> None:
    """Let one order take level after level."""
    for quote in levels:
        price, offer = quote.price(order.side), quote.offer(order.side)
        if not order.is_open or not order.allows(price):
            return
        if order.is_by_cash and offer is not None:
            offer = floor_to(offer, instrument.lot_size)
            if offer == 0:
                continue
        quantity = wanted(order, price, instrument)
        if quantity == 0:
            end(order, price)
            return
        if offer is not None:
            quantity = min(quantity, offer)
        if quantity > 0:
            take(order, quote, quantity)


def block(
    group: list[Order], levels: list[Quote], collared: int, instrument: Instrument, *, take: Take, end: End
) -> None:
    """Let a group, in its order of arrival, take level after level as one.

    Without a limit an order takes part in the first levels only, as many as are collared.
    """
    for place, quote in enumerate(levels):
        price, offer = quote.price(group[0].side), quote.offer(group[0].side)
        if offer is not None and offer < instrument.lot_size:
            continue
        taking = [
            order
            for order in group
            if order.is_open and order.allows(price) and (order.has_limit or place < collared)
        ]
        if not taking:
            return
        for order in taking:
            if wanted(order, price, instrument) == 0:
                end(order, price)
        taking = [order for order in taking if order.is_open]
        wants = [wanted(order, price, instrument) for order in taking]
        shares = wants if offer is None or offer >= sum(wants) else divide(offer, wants, instrument.lot_size)
        for order, share in zip(taking, shares, strict=True):
            if share > 0:
                take(order, quote, share)


def divide(offer: Fraction, wants: list[Fraction], lot: Fraction) -> list[Fraction]:
    """Divide less than is wanted in proportion to the wants, in whole lots, by largest remainder."""
    exact = [offer * want / sum(wants) for want in wants]
    shares = [floor_to(share, lot) for share in exact]
    left = floor_to(offer - sum(shares), lot)
    by_remainder = sorted(
        range(len(wants)), key=lambda position: (shares[position] - exact[position], position)
    )
    for position in by_remainder:
        if left >= lot:
            shares[position] += lot
            left -= lot
    return shares
