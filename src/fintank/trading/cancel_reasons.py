"""Why an open order is CANCELED by a step: over a limit, or IOC or FOK and not filled."""

from decimal import Decimal

from fintank.trading.codes import Code, coded_reason
from fintank.trading.collar import Collar
from fintank.trading.decimals import ZERO, plain, seconds_text
from fintank.trading.depth import Depth
from fintank.trading.instruments import Instrument
from fintank.trading.limits import Limits
from fintank.trading.messages import CodedReason, TimeInForce
from fintank.trading.moment import Moment
from fintank.trading.sessions import Sessions
from fintank.trading.trade_limits import over_notional, over_quantity
from fintank.trading.working_order import WorkingOrder


def over_limit(
    working: WorkingOrder, market: Depth, instrument: Instrument, limits: Limits
) -> CodedReason | None:
    """Return why an order that is about to trade may not."""
    best = market.best(working.order.side)
    assert best is not None
    over = over_quantity(working, best, instrument, limits)
    if over is not None:
        return coded_reason(Code.MAX_ORDER_QTY, over)
    over = over_notional(working.order, best, instrument, limits)
    return None if over is None else coded_reason(Code.MAX_ORDER_NOTIONAL, over)


def short_of_lot(working: WorkingOrder, price: Decimal, instrument: Instrument) -> CodedReason:
    """Return why a cash BUY ends that can buy no lot at a price."""
    assert working.leaves_cash is not None
    numbers = {"leaves_cash": working.leaves_cash, "price": price, "lot_size": instrument.lot_size}
    if instrument.min_qty is not None:
        numbers["min_qty"] = instrument.min_qty
    return coded_reason(Code.BELOW_MIN_QTY, {name: plain(value) for name, value in numbers.items()})


def unfilled(working: WorkingOrder, moment: Moment, collar: Collar, collared: int) -> CodedReason:
    """Return why an IOC or FOK order is not filled; collared: how many levels of its side come before the
    first beyond the collar."""
    order, levels = working.order, moment.market.levels(working.order.side)
    sessions = moment.instrument.sessions
    if sessions is not None and not moment.instrument.is_open(moment.now_us):
        return coded_reason(Code.SESSION_CLOSED, _next_open(sessions, moment.now_us))
    if not levels:
        return coded_reason(Code.NO_QUOTE, {"crossed": "yes" if moment.market.crossing else "no"})
    if order.price is None and collar.reference is None:
        return coded_reason(Code.NO_REFERENCE, {})
    if order.price is None and collared < len(levels):
        return coded_reason(Code.PRICE_PROTECTION, collar.breach(levels[collared].price))
    is_fok = order.time_in_force is TimeInForce.FOK
    return coded_reason(Code.FOK_NOT_FILLED if is_fok else Code.IOC_REMAINDER, _leaves(working))


def _next_open(sessions: Sessions, now_us: int | None) -> dict[str, str]:
    opens_us = None if now_us is None else sessions.next_open_us(now_us)
    return {"opens": "unknown" if opens_us is None else seconds_text(opens_us)}


def _leaves(working: WorkingOrder) -> dict[str, str]:
    if working.leaves_cash is not None:
        return {"leaves_cash": plain(working.leaves_cash)}
    return {"leaves_qty": plain(working.leaves_qty or ZERO)}
