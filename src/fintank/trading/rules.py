"""The rules of a single order, and every code for why an order was rejected or canceled.

A rule is a pure function of the order and its context that returns the numbers of a breach, or None. To add
one: a Code, a function, a line in RULES, and one in ORD_REJ_REASON if FIX has a number for it. A rule that
needs a price is in PRICE_RULES too: it returns None without a price, and is applied again when there is one.
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
    """The reason, as `code=` in a report's text."""

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


# FIX OrdRejReason (103); 99, other, for all other codes.
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
# FIX ExecRestatementReason (378): broker option, and partial decline of OrderQty; none for all other codes.
EXEC_RESTATEMENT_REASON: Mapping[str, int] = {
    Code.MAX_ORDER_NOTIONAL: 4,
    Code.PRICE_BAND: 4,
    Code.BELOW_MIN_QTY: 5,
}
OTHER = 99

LIMITED = (OrdType.LIMIT, OrdType.STOP_LIMIT)
STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)

Breach = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What an order is checked against.

    now_us: its symbol's clock, None before the first quote. open_orders: how many of the symbol's are open.
    """

    limits: Limits
    now_us: int | None
    state: State
    open_orders: int
    market: Depth


def coded_reason(code: Code, breach: Breach) -> CodedReason:
    """Format a code and its numbers: `code=WEIGHTS_SUM sum=0.9`."""
    return CodedReason(
        code, " ".join([f"code={code}", *(f"{name}={value}" for name, value in breach.items())])
    )


def check(order: Order, context: RuleContext) -> CodedReason | None:
    """Return why an order is rejected: its own refusal, or else the first rule that it breaks."""
    return order.refusal or _first_breach(RULES, order, context)


def check_price(order: Order, context: RuleContext) -> CodedReason | None:
    """Return the first of PRICE_RULES that an order breaks."""
    return _first_breach(PRICE_RULES, order, context)


def has_price(order: Order, market: Depth) -> bool:
    """Whether a market has the prices that PRICE_RULES need to check an order."""
    if order.ord_type in LIMITED:
        return market.mid is not None
    return order.ord_type in STOPS or order.order_qty is None or market.best(order.side) is not None


def _first_breach(codes: Iterable[Code], order: Order, context: RuleContext) -> CodedReason | None:
    for code in codes:
        breach = RULES[code](order, context)
        if breach is not None:
            return coded_reason(code, breach)
    return None


def trading_halted(order: Order, context: RuleContext) -> Breach | None:
    """HALTED allows no order, REDUCING no BUY."""
    return None if context.state.allows(order.side) else {"state": context.state}


def unknown_symbol(order: Order, context: RuleContext) -> Breach | None:
    """The symbol is configured, if any are, and never CASH."""
    return None if is_known_symbol(order.symbol, context.limits) else {"symbol": order.symbol}


def incomplete_order(order: Order, context: RuleContext) -> Breach | None:
    """An order has the fields that its type and time in force need."""
    missing = (name for name, is_wanted in _wanted(order) if is_wanted and getattr(order, name) is None)
    return _field(next(missing, None))


def unexpected_field(order: Order, context: RuleContext) -> Breach | None:
    """An order has no other fields: a MARKET order with a price was meant to be something else."""
    given = (name for name, is_wanted in _wanted(order) if not is_wanted and getattr(order, name) is not None)
    return _field(next(given, None))


def bad_quantity(order: Order, context: RuleContext) -> Breach | None:
    """A quantity is above zero."""
    if order.order_qty is None or order.order_qty > 0:
        return None
    return {"order_qty": plain(order.order_qty)}


def bad_amount(order: Order, context: RuleContext) -> Breach | None:
    """An amount of cash is above zero and in whole cents."""
    amount = order.cash_order_qty
    if amount is None or (amount > 0 and is_whole_cents(amount)):
        return None
    return {"cash_order_qty": plain(amount)}


def bad_price(order: Order, context: RuleContext) -> Breach | None:
    """Prices are above zero."""
    for name, value in (("price", order.price), ("stop_px", order.stop_px)):
        if value is not None and value <= 0:
            return {"field": name, "value": plain(value)}
    return None


def bad_expire_time(order: Order, context: RuleContext) -> Breach | None:
    """An order does not expire before its own timestamp."""
    end_us = order.expire_time_us
    if end_us is None or end_us > order.order_time_us:
        return None
    return {"expire_time": seconds_text(end_us), "timestamp": seconds_text(order.order_time_us)}


def stop_tif(order: Order, context: RuleContext) -> Breach | None:
    """A stop waits, so it can't be IOC or FOK."""
    if order.ord_type in STOPS and order.time_in_force in IMMEDIATE:
        return {"ord_type": order.ord_type, "time_in_force": order.time_in_force}
    return None


def priority_tif(order: Order, context: RuleContext) -> Breach | None:
    """A block waits, so its orders can't be IOC or FOK."""
    if order.priority > 1 and order.time_in_force in IMMEDIATE:
        return {"priority": order.priority, "time_in_force": order.time_in_force}
    return None


def stale_order(order: Order, context: RuleContext) -> Breach | None:
    """An order is not older than the retention: it might be the replay of a forgotten one."""
    return too_old(order.order_time_us, context.now_us, context.limits)


def max_order_qty(order: Order, context: RuleContext) -> Breach | None:
    """A quantity is at most the maximum."""
    limit = context.limits.max_order_qty
    if limit is None or order.order_qty is None or order.order_qty <= limit:
        return None
    return {"order_qty": plain(order.order_qty), "limit": plain(limit)}


def max_open_orders(order: Order, context: RuleContext) -> Breach | None:
    """A symbol has fewer open orders than the maximum."""
    limit = context.limits.max_open_orders
    if limit is None or context.open_orders < limit:
        return None
    return {"open": context.open_orders, "limit": limit}


def max_order_notional(order: Order, context: RuleContext) -> Breach | None:
    """The value of an order, at its own price or else at the NBBO, is at most the maximum."""
    limit = context.limits.max_order_notional
    value = _notional(order, context.market)
    if limit is None or value is None or value <= limit:
        return None
    return {"notional": plain(value), "limit": plain(limit)}


def price_band(order: Order, context: RuleContext) -> Breach | None:
    """A limit is within price_band, a fraction, of the middle of the NBBO."""
    band, mid = context.limits.price_band, context.market.mid
    if band is None or order.price is None or mid is None:
        return None
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
    """Return the breach of a message that is older than the retention by its symbol's clock."""
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
    price = order.price or order.stop_px or market.best(order.side)
    return None if price is None else EXACT.multiply(order.order_qty, price)
