"""Why an order is refused or canceled: every code, and every rule of a single order.

A rule is a pure function of the order and the facts that gives the numbers of a breach, or None. To add one:
a Code, a function, a line in RULES, and, where FIX has a number for it, a line in ORD_REJ_REASON. A rule that
needs a price stands in PRICE_RULES too: it gives None while there is none, and is asked again when there is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fintank.trading.decimals import EXACT, is_whole_cents, plain, seconds_text
from fintank.trading.depth import Depth
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH, CodedReason, Order, OrdType, State, TimeInForce


class Code(StrEnum):
    """What is wrong, as `code=` in a report's text."""

    BAD_AMOUNT = "BAD_AMOUNT"
    BAD_EXPIRE_TIME = "BAD_EXPIRE_TIME"
    BAD_PRICE = "BAD_PRICE"
    BAD_QUANTITY = "BAD_QUANTITY"
    BELOW_MIN_QTY = "BELOW_MIN_QTY"
    BELOW_ONE_CENT = "BELOW_ONE_CENT"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    DUPLICATE_SYMBOL = "DUPLICATE_SYMBOL"
    FOK_NOT_FILLED = "FOK_NOT_FILLED"
    INCOMPLETE_ORDER = "INCOMPLETE_ORDER"
    IOC_REMAINDER = "IOC_REMAINDER"
    MAX_OPEN_ORDERS = "MAX_OPEN_ORDERS"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    MAX_ORDER_QTY = "MAX_ORDER_QTY"
    NEGATIVE_WEIGHT = "NEGATIVE_WEIGHT"
    NO_QUOTE = "NO_QUOTE"
    PRICE_BAND = "PRICE_BAND"
    PRIORITY_TIF = "PRIORITY_TIF"
    STALE_ORDER = "STALE_ORDER"
    STOP_TIF = "STOP_TIF"
    TOO_LATE = "TOO_LATE"
    TOO_MANY_COMPONENTS = "TOO_MANY_COMPONENTS"
    TRADING_HALTED = "TRADING_HALTED"
    UNEXPECTED_FIELD = "UNEXPECTED_FIELD"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    WEIGHTS_SUM = "WEIGHTS_SUM"


# FIX OrdRejReason (103); what is not here is 99, other.
ORD_REJ_REASON: Mapping[str, int] = {
    Code.UNKNOWN_SYMBOL: 1,
    Code.TRADING_HALTED: 2,
    Code.MAX_OPEN_ORDERS: 3,
    Code.MAX_ORDER_NOTIONAL: 3,
    Code.MAX_ORDER_QTY: 3,
    Code.DUPLICATE_ORDER: 6,
    Code.STALE_ORDER: 8,
    Code.INCOMPLETE_ORDER: 11,
    Code.PRIORITY_TIF: 11,
    Code.STOP_TIF: 11,
    Code.UNEXPECTED_FIELD: 11,
    Code.BAD_AMOUNT: 13,
    Code.BAD_QUANTITY: 13,
    Code.BELOW_ONE_CENT: 13,
    Code.PRICE_BAND: 16,
}
# FIX CxlRejReason (102), likewise.
CXL_REJ_REASON: Mapping[str, int] = {Code.TOO_LATE: 0, Code.UNKNOWN_ORDER: 1, Code.DUPLICATE_ORDER: 6}
OTHER = 99

LIMITED = (OrdType.LIMIT, OrdType.STOP_LIMIT)
STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)

Breach = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What an order is measured against.

    now_us: its symbol's clock, None before the first quote; open_orders: how many of the symbol are open.
    """

    limits: Limits
    now_us: int | None
    state: State
    open_orders: int
    market: Depth


def coded_reason(code: Code, breach: Breach) -> CodedReason:
    """Put a code and its numbers into words: `code=WEIGHTS_SUM sum=0.9`."""
    return CodedReason(
        code, " ".join([f"code={code}", *(f"{name}={value}" for name, value in breach.items())])
    )


def check(order: Order, facts: RuleContext) -> CodedReason | None:
    """Return why an order is refused: what its message already brings, or the first rule that it breaks."""
    return order.refusal or _first_breach(RULES, order, facts)


def check_price(order: Order, facts: RuleContext) -> CodedReason | None:
    """Return the first of PRICE_RULES that an order breaks."""
    return _first_breach(PRICE_RULES, order, facts)


def needs_price(order: Order) -> bool:
    """Whether one of PRICE_RULES needs an NBBO to judge an order."""
    return order.ord_type in LIMITED or (order.ord_type is OrdType.MARKET and order.order_qty is not None)


def _first_breach(codes: Iterable[Code], order: Order, facts: RuleContext) -> CodedReason | None:
    for code in codes:
        breach = RULES[code](order, facts)
        if breach is not None:
            return coded_reason(code, breach)
    return None


def trading_halted(order: Order, facts: RuleContext) -> Breach | None:
    """While trading is HALTED no order may come, while it is REDUCING no BUY."""
    return None if facts.state.allows(order.side) else {"state": facts.state}


def unknown_symbol(order: Order, facts: RuleContext) -> Breach | None:
    """The symbol is one of the configured ones, where there are any, and never CASH."""
    return None if is_known_symbol(order.symbol, facts.limits) else {"symbol": order.symbol}


def incomplete_order(order: Order, facts: RuleContext) -> Breach | None:
    """The type and the time in force have the fields that they need."""
    missing = (name for name, is_wanted in _wanted(order) if is_wanted and getattr(order, name) is None)
    return _field(next(missing, None))


def unexpected_field(order: Order, facts: RuleContext) -> Breach | None:
    """They have no others: whoever wrote a price on a MARKET order meant something else."""
    given = (name for name, is_wanted in _wanted(order) if not is_wanted and getattr(order, name) is not None)
    return _field(next(given, None))


def bad_quantity(order: Order, facts: RuleContext) -> Breach | None:
    """A quantity is above zero."""
    if order.order_qty is None or order.order_qty > 0:
        return None
    return {"order_qty": plain(order.order_qty)}


def bad_amount(order: Order, facts: RuleContext) -> Breach | None:
    """Money is above zero and in whole cents."""
    amount = order.cash_order_qty
    if amount is None or (amount > 0 and is_whole_cents(amount)):
        return None
    return {"cash_order_qty": plain(amount)}


def bad_price(order: Order, facts: RuleContext) -> Breach | None:
    """Prices are above zero."""
    for name, value in (("price", order.price), ("stop_px", order.stop_px)):
        if value is not None and value <= 0:
            return {"field": name, "value": plain(value)}
    return None


def bad_expire_time(order: Order, facts: RuleContext) -> Breach | None:
    """An order does not expire before it was given."""
    end_us = order.expire_time_us
    if end_us is None or end_us > order.order_time_us:
        return None
    return {"expire_time": seconds_text(end_us), "timestamp": seconds_text(order.order_time_us)}


def stop_tif(order: Order, facts: RuleContext) -> Breach | None:
    """A stop waits, so it can't be IOC or FOK."""
    if order.ord_type in STOPS and order.time_in_force in IMMEDIATE:
        return {"ord_type": order.ord_type, "time_in_force": order.time_in_force}
    return None


def priority_tif(order: Order, facts: RuleContext) -> Breach | None:
    """A block waits, so what it trades can't be IOC or FOK."""
    if order.priority > 1 and order.time_in_force in IMMEDIATE:
        return {"priority": order.priority, "time_in_force": order.time_in_force}
    return None


def stale_order(order: Order, facts: RuleContext) -> Breach | None:
    """An order is not older than the retention of terminal orders: it might be one of them, once more."""
    return too_old(order.order_time_us, facts.now_us, facts.limits)


def max_order_qty(order: Order, facts: RuleContext) -> Breach | None:
    """A quantity is not above its maximum."""
    limit = facts.limits.max_order_qty
    if limit is None or order.order_qty is None or order.order_qty <= limit:
        return None
    return {"order_qty": plain(order.order_qty), "limit": plain(limit)}


def max_open_orders(order: Order, facts: RuleContext) -> Breach | None:
    """Not too many orders of a symbol are open."""
    limit = facts.limits.max_open_orders
    if limit is None or facts.open_orders < limit:
        return None
    return {"open": facts.open_orders, "limit": limit}


def max_order_notional(order: Order, facts: RuleContext) -> Breach | None:
    """What an order is worth, at its own price or else at its side of the NBBO, is not above its maximum."""
    limit = facts.limits.max_order_notional
    value = _notional(order, facts.market)
    if limit is None or value is None or value <= limit:
        return None
    return {"notional": plain(value), "limit": plain(limit)}


def price_band(order: Order, facts: RuleContext) -> Breach | None:
    """A limit is not further from the middle of the NBBO than a part of it."""
    band = facts.limits.price_band
    if band is None or order.price is None or not facts.market.is_open:
        return None
    mid = facts.market.mid
    if EXACT.subtract(order.price, mid).copy_abs() <= EXACT.multiply(band, mid):
        return None
    return {"price": plain(order.price), "mid": plain(mid), "price_band": plain(band)}


RULES: Mapping[Code, Callable[[Order, RuleContext], Breach | None]] = {
    Code.TRADING_HALTED: trading_halted,
    Code.UNKNOWN_SYMBOL: unknown_symbol,
    Code.INCOMPLETE_ORDER: incomplete_order,
    Code.UNEXPECTED_FIELD: unexpected_field,
    Code.BAD_QUANTITY: bad_quantity,
    Code.BAD_AMOUNT: bad_amount,
    Code.BAD_PRICE: bad_price,
    Code.BAD_EXPIRE_TIME: bad_expire_time,
    Code.STOP_TIF: stop_tif,
    Code.PRIORITY_TIF: priority_tif,
    Code.STALE_ORDER: stale_order,
    Code.MAX_ORDER_QTY: max_order_qty,
    Code.MAX_OPEN_ORDERS: max_open_orders,
    Code.MAX_ORDER_NOTIONAL: max_order_notional,
    Code.PRICE_BAND: price_band,
}
PRICE_RULES = (Code.MAX_ORDER_NOTIONAL, Code.PRICE_BAND)


def is_known_symbol(symbol: str, limits: Limits) -> bool:
    """Whether a symbol may be traded."""
    return symbol != CASH and (not limits.symbols or symbol in limits.symbols)


def too_old(time_us: int, now_us: int | None, limits: Limits) -> Breach | None:
    """Say how old a message is, if it is older than the retention by its symbol's clock."""
    if now_us is None or now_us - time_us <= limits.retention_us:
        return None
    return {"age_us": now_us - time_us, "retention_us": limits.retention_us}


def _wanted(order: Order) -> tuple[tuple[str, bool], ...]:
    return (
        ("price", order.ord_type in LIMITED),
        ("stop_px", order.ord_type in STOPS),
        ("expire_time_us", order.time_in_force is TimeInForce.GTD),
    )


def _field(name: str | None) -> Breach | None:
    return None if name is None else {"field": name.removesuffix("_us")}


def _notional(order: Order, market: Depth) -> Decimal | None:
    if order.order_qty is None:
        return order.cash_order_qty
    price = order.price or order.stop_px
    if price is None and market.is_open:
        price = market.best(order.side)
    return None if price is None else EXACT.multiply(order.order_qty, price)
