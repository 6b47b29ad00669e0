"""A sweep: one order takes from level after level, as far as its limit, quantity or cash allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fintank.trading.decimals import EXACT, ZERO, lots_down, lots_up, whole_lots
from fintank.trading.depth import Level, is_worse
from fintank.trading.instruments import Instrument
from fintank.trading.messages import OrdStatus, Side
from fintank.trading.working_order import Closing, WorkingOrder


class Trade(NamedTuple):
    """A quantity to take from a level; working is the order after it."""

    working: WorkingOrder
    level: Level
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Sweep:
    """What an order would do now; short_of_lot: the price at which a cash BUY ends, as it can't buy a lot."""

    trades: list[Trade]
    short_of_lot: Decimal | None = None

    @property
    def fills(self) -> bool:
        """Whether the order is FILLED by it."""
        return bool(self.trades) and (
            self.short_of_lot is not None or self.trades[-1].working.ord_status is OrdStatus.FILLED
        )


def plan(working: WorkingOrder, levels: Iterable[Level], instrument: Instrument, closing: Closing) -> Sweep:
    """Plan the sweep of an open order over the levels of its side; nothing is taken yet."""
    order = working.order
    trades: list[Trade] = []
    for level in levels:
        if not working.is_open or is_worse(level.price, order.price, order.side):
            break
        if order.order_qty is None and not level.offers(instrument.lot_size):
            continue
        quantity = wanted(working, level.price, instrument)
        if not quantity:
            return Sweep(trades, level.price)
        if level.left is not None:
            left = level.left if order.order_qty is not None else whole_lots(level.left, instrument.lot_size)
            quantity = min(quantity, left)
        if quantity:
            working = after_trade(working, quantity, level.price, instrument, closing)
            trades.append(Trade(working, level, quantity))
    return Sweep(trades)


def wanted(working: WorkingOrder, price: Decimal, instrument: Instrument) -> Decimal:
    """Return what an open order wants at a price; 0 if its cash is worth no lot, or too little to begin."""
    leaves_cash = working.leaves_cash
    if leaves_cash is None:
        assert working.leaves_qty is not None
        return working.leaves_qty
    if leaves_cash <= 0:
        return ZERO
    # A BUY never spends more than its cash; a SELL raises at least its cash.
    to_lots = lots_down if working.order.side is Side.BUY else lots_up
    quantity = to_lots(leaves_cash, EXACT.multiply(price, instrument.multiplier), instrument.lot_size)
    is_too_little = not working.cum_qty and quantity < (instrument.min_qty or ZERO)
    return ZERO if is_too_little else quantity


def after_trade(
    working: WorkingOrder, quantity: Decimal, price: Decimal, instrument: Instrument, closing: Closing
) -> WorkingOrder:
    """Return an order after a trade; it is FILLED if it wants no more at this price."""
    traded = working.traded(quantity, price, instrument)
    return traded if wanted(traded, price, instrument) else traded.ended(OrdStatus.FILLED, closing)
