"""The rules of a single order.

A rule is a pure function of the order and its context that returns the numbers of a breach, or None. To add
one: a Code, a function, a line in RULES, and one in codes.ORD_REJ_REASON if FIX has a number for it. A rule
that needs a price is in PRICE_RULES too: it returns None without it, and is applied again when it is there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fintank.trading.codes import Breach, Code, coded_reason
from fintank.trading.decimals import EXACT, is_whole_cents, plain, seconds_text
from fintank.trading.depth import Depth
from fintank.trading.instruments import Instrument
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH, CodedReason, Order, OrdType, Side, State, TimeInForce
from fintank.trading.trade_limits import over_notional
from fintank.trading.trading_states import most_restrictive

LIMITED = (OrdType.LIMIT, OrdType.STOP_LIMIT)
STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What an order is checked against.

    now_us: its symbol's clock, None before the first quote. log_us: the log time. forgotten_us: the latest
    timestamp of what was forgotten. state: that of its symbol; account_states: those of accounts, if they
    are not ACTIVE. open_orders: how many of the symbol's are open. reference: its reference price, once there
    is one.
    """

    limits: Limits
    instrument: Instrument
    now_us: int | None
    log_us: int
    forgotten_us: int
    state: State
    open_orders: int
    market: Depth
    reference: Decimal | None
    account_states: Mapping[str, State] = field(default_factory=dict)

    def allows(self, order: Order) -> bool:
        """Whether an order is accepted and trades."""
        return self.state_of(order).allows(order.side)

    def state_of(self, order: Order) -> State:
        """Return the trading state for an order: the most restrictive one."""
        of_account = self.account_states.get(order.account, State.ACTIVE)
        return most_restrictive((self.state, of_account))


def check(order: Order, context: RuleContext) -> CodedReason | None:
    """Return why an order is rejected: its own refusal, or else the first rule that it breaks."""
    return order.refusal or _first_breach(RULES, order, context)


def check_price(order: Order, context: RuleContext) -> CodedReason | None:
    """Return the first of PRICE_RULES that an order breaks."""
    return _first_breach(PRICE_RULES, order, context)


def is_checkable(order: Order, reference: Decimal | None) -> bool:
    """Whether there is the price that PRICE_RULES need to check an order."""
    return reference is not None or order.ord_type not in LIMITED


def _first_breach(codes: Iterable[Code], order: Order, context: RuleContext) -> CodedReason | None:
    for code in codes:
        breach = RULES[code](order, context)
        if breach is not None:
            return coded_reason(code, breach)
    return None


def trading_halted(order: Order, context: RuleContext) -> Breach | None:
    """HALTED allows no order, SELL_ONLY no BUY."""
    return None if context.allows(order) else {"state": context.state_of(order)}


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
    """Prices are above zero, unless the instrument allows others."""
    for name, value in _prices(order):
        if value <= 0 and not context.instrument.allow_negative:
            return {"field": name, "value": plain(value)}
    return None


def bad_tick(order: Order, context: RuleContext) -> Breach | None:
    """Prices are whole ticks."""
    tick_size = context.instrument.tick_size
    for name, value in _prices(order):
        if tick_size is not None and EXACT.remainder(value, tick_size) != 0:
            return {"field": name, "value": plain(value), "tick_size": plain(tick_size)}
    return None


def bad_lot(order: Order, context: RuleContext) -> Breach | None:
    """A quantity is in whole lots."""
    lot_size = context.instrument.lot_size
    if order.order_qty is None or EXACT.remainder(order.order_qty, lot_size) == 0:
        return None
    return {"order_qty": plain(order.order_qty), "lot_size": plain(lot_size)}


def below_min_qty(order: Order, context: RuleContext) -> Breach | None:
    """A quantity is at least the minimum."""
    min_qty = context.instrument.min_qty
    if min_qty is None or order.order_qty is None or order.order_qty >= min_qty:
        return None
    return {"order_qty": plain(order.order_qty), "min_qty": plain(min_qty)}


def no_cash_order(order: Order, context: RuleContext) -> Breach | None:
    """What cash buys is not defined where prices may be zero or below."""
    if order.cash_order_qty is None or not context.instrument.allow_negative:
        return None
    return {"cash_order_qty": plain(order.cash_order_qty)}


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
    return too_old(order.order_time_us, context)


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
    """The value of an order is at most the maximum; see `trade_limits`."""
    return over_notional(order, context.market.best(order.side), context.instrument, context.limits)


def price_band(order: Order, context: RuleContext) -> Breach | None:
    """The limit of a BUY is not too far above the reference price, that of a SELL not too far below it.

    price_band is the fraction of the reference that it may be away.
    """
    band, reference, price = context.limits.price_band, context.reference, order.price
    if band is None or reference is None or price is None:
        return None
    away = EXACT.subtract(price, reference)
    if order.side is Side.SELL:
        away = away.copy_negate()
    if away <= EXACT.multiply(band, reference.copy_abs()):
        return None
    return {"price": plain(price), "reference": plain(reference), "price_band": plain(band)}


RULES: Mapping[Code, Callable[[Order, RuleContext], Breach | None]] = {
    Code.TRADING_HALTED: trading_halted,
    Code.UNKNOWN_SYMBOL: unknown_symbol,
    Code.INCOMPLETE_ORDER: incomplete_order,
    Code.UNEXPECTED_FIELD: unexpected_field,
    Code.BAD_QUANTITY: bad_quantity,
    Code.BAD_AMOUNT: bad_amount,
    Code.NO_CASH_ORDER: no_cash_order,
    Code.BAD_PRICE: bad_price,
    Code.BAD_TICK: bad_tick,
    Code.BAD_LOT: bad_lot,
    Code.BELOW_MIN_QTY: below_min_qty,
    Code.BAD_EXPIRE_TIME: bad_expire_time,
    Code.STOP_TIF: stop_tif,
    Code.PRIORITY_TIF: priority_tif,
    Code.STALE_ORDER: stale_order,
    Code.MAX_ORDER_QTY: max_order_qty,
    Code.MAX_OPEN_ORDERS: max_open_orders,
    Code.MAX_ORDER_NOTIONAL: max_order_notional,
    Code.PRICE_BAND: price_band,
}
PRICE_RULES = (Code.PRICE_BAND,)


def is_known_symbol(symbol: str, limits: Limits) -> bool:
    """Whether a symbol may be traded."""
    return symbol != CASH and (not limits.symbols or symbol in limits.symbols)


def too_old(time_us: int, context: RuleContext) -> Breach | None:
    """Return the breach of a message that may be one of those that were forgotten.

    Its age is by its symbol's clock, and in log time if that is no more than the retention.
    """
    retention_us = context.limits.retention_us
    if context.now_us is not None and context.now_us - time_us > retention_us:
        return {"age_us": context.now_us - time_us, "retention_us": retention_us}
    if time_us <= context.forgotten_us:
        return {"age_us": context.log_us - time_us, "retention_us": retention_us}
    return None


def _wanted(order: Order) -> tuple[tuple[str, bool], ...]:
    return (
        ("price", order.ord_type in LIMITED),
        ("stop_px", order.ord_type in STOPS),
        ("expire_time_us", order.time_in_force is TimeInForce.GTD),
    )


def _field(name: str | None) -> Breach | None:
    return None if name is None else {"field": name.removesuffix("_us")}


def _prices(order: Order) -> list[tuple[str, Decimal]]:
    given = ("price", order.price), ("stop_px", order.stop_px)
    return [(name, value) for name, value in given if value is not None]
