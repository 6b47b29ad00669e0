"""The rules of a single order, in the order of the page's table; each returns a breach's numbers, or None."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reference.instruments import Instrument
from reference.matching import wanted
from reference.messages import Order
from reference.numbers import seconds_text

LIMIT_TYPES = ("LIMIT", "STOP_LIMIT")
STOP_TYPES = ("STOP", "STOP_LIMIT")

Numbers = dict[str, Any]


@dataclass
class Facts:
    """What an order is measured against. nbbo: None where a side is empty."""

    rules: dict[str, Any]
    instrument: Instrument
    state: Callable[[Order], str]
    now_us: int | None
    log_us: int
    forgotten_us: int
    open_orders: int
    nbbo: tuple[Fraction | None, Fraction | None]
    reference: Fraction | None

    def best(self, side: str) -> Fraction | None:
        """The price that an order of this side gets."""
        return self.nbbo[1] if side == "BUY" else self.nbbo[0]

    def is_collared(self, price: Fraction) -> bool:
        """Whether a price is within the collar of the reference price."""
        if self.reference is None:
            return False
        return abs(price - self.reference) <= self.rules["market_collar"] * abs(self.reference)


def trading_halted(order: Order, facts: Facts) -> Numbers | None:
    state = facts.state(order)
    return {"state": state} if is_forbidden(state, order) else None


def is_forbidden(state: str, order: Order) -> bool:
    return state == "HALTED" or (state == "SELL_ONLY" and order.side == "BUY")


def unknown_symbol(order: Order, facts: Facts) -> Numbers | None:
    symbols = facts.rules["symbols"]
    is_known = order.symbol != "CASH" and (not symbols or order.symbol in symbols)
    return None if is_known else {"symbol": order.symbol}


def needed_fields(order: Order) -> dict[str, bool]:
    """Return of each optional field whether this order must have it; otherwise it must not."""
    return {
        "price": order.ord_type in LIMIT_TYPES,
        "stop_px": order.ord_type in STOP_TYPES,
        "expire_time": order.time_in_force == "GTD",
    }


def given_fields(order: Order) -> dict[str, bool]:
    return {
        "price": order.price is not None,
        "stop_px": order.stop_px is not None,
        "expire_time": order.expire_time_us is not None,
    }


def incomplete_order(order: Order, facts: Facts) -> Numbers | None:
    given = given_fields(order)
    missing = [name for name, is_needed in needed_fields(order).items() if is_needed and not given[name]]
    return {"field": missing[0]} if missing else None


def unexpected_field(order: Order, facts: Facts) -> Numbers | None:
    needed = needed_fields(order)
    wrong = [name for name, is_given in given_fields(order).items() if is_given and not needed[name]]
    return {"field": wrong[0]} if wrong else None


def bad_quantity(order: Order, facts: Facts) -> Numbers | None:
    if order.order_qty is None or order.order_qty > 0:
        return None
    return {"order_qty": order.order_qty}


def bad_amount(order: Order, facts: Facts) -> Numbers | None:
    amount = order.cash_order_qty
    if amount is None or (amount > 0 and (amount * 100).denominator == 1):
        return None
    return {"cash_order_qty": amount}


def bad_price(order: Order, facts: Facts) -> Numbers | None:
    for name, value in (("price", order.price), ("stop_px", order.stop_px)):
        if value is not None and value <= 0 and not facts.instrument.allow_negative:
            return {"field": name, "value": value}
    return None


def bad_tick(order: Order, facts: Facts) -> Numbers | None:
    tick_size = facts.instrument.tick_size
    for name, value in (("price", order.price), ("stop_px", order.stop_px)):
        if value is not None and tick_size is not None and (value / tick_size).denominator != 1:
            return {"field": name, "value": value, "tick_size": tick_size}
    return None


def bad_lot(order: Order, facts: Facts) -> Numbers | None:
    lot_size = facts.instrument.lot_size
    if order.order_qty is None or (order.order_qty / lot_size).denominator == 1:
        return None
    return {"order_qty": order.order_qty, "lot_size": lot_size}


def below_min_qty(order: Order, facts: Facts) -> Numbers | None:
    min_qty = facts.instrument.min_qty
    if order.order_qty is None or min_qty is None or order.order_qty >= min_qty:
        return None
    return {"order_qty": order.order_qty, "min_qty": min_qty}


def no_cash_order(order: Order, facts: Facts) -> Numbers | None:
    if order.is_by_cash and facts.instrument.allow_negative:
        return {"cash_order_qty": order.cash_order_qty}
    return None


def bad_expire_time(order: Order, facts: Facts) -> Numbers | None:
    if order.expire_time_us is None or order.expire_time_us > order.order_time_us:
        return None
    return {
        "expire_time": seconds_text(order.expire_time_us),
        "timestamp": seconds_text(order.order_time_us),
    }


def stop_tif(order: Order, facts: Facts) -> Numbers | None:
    if order.ord_type in STOP_TYPES and order.time_in_force in ("IOC", "FOK"):
        return {"ord_type": order.ord_type, "time_in_force": order.time_in_force}
    return None


def priority_tif(order: Order, facts: Facts) -> Numbers | None:
    if order.priority > 1 and order.time_in_force in ("IOC", "FOK"):
        return {"priority": order.priority, "time_in_force": order.time_in_force}
    return None


def age(time_us: int, facts: Facts) -> Numbers | None:
    """Return how old something is, if it is older than the retention, or than something forgotten."""
    retention_us = facts.rules["retention_ms"] * 1000
    if facts.now_us is not None and facts.now_us - time_us > retention_us:
        return {"age_us": facts.now_us - time_us, "retention_us": retention_us}
    if time_us <= facts.forgotten_us:
        return {"age_us": facts.log_us - time_us, "retention_us": retention_us}
    return None


def stale_order(order: Order, facts: Facts) -> Numbers | None:
    return age(order.order_time_us, facts)


def max_order_qty(order: Order, facts: Facts) -> Numbers | None:
    limit = facts.rules["max_order_qty"]
    if order.order_qty is None or limit is None or order.order_qty <= limit:
        return None
    return {"order_qty": order.order_qty, "limit": limit}


def max_open_orders(order: Order, facts: Facts) -> Numbers | None:
    limit = facts.rules["max_open_orders"]
    if limit is None or facts.open_orders < limit:
        return None
    return {"open": facts.open_orders, "limit": limit}


def notional(order: Order, facts: Facts) -> Fraction | None:
    if order.order_qty is None:
        return order.cash_order_qty
    own = order.price if order.price is not None else order.stop_px
    best = facts.best(order.side)
    if order.side == "BUY" and order.price is not None:
        prices = [order.price]
    else:
        prices = [price for price in (own, best) if price is not None]
    return max((abs(facts.instrument.money(order.order_qty, price)) for price in prices), default=None)


def max_order_notional(order: Order, facts: Facts) -> Numbers | None:
    found, limit = notional(order, facts), facts.rules["max_order_notional"]
    if found is None or limit is None or found <= limit:
        return None
    return {"notional": found, "limit": limit}


def max_cash_order_qty(order: Order, facts: Facts) -> Numbers | None:
    """Check the quantity of a cash order that is about to trade."""
    limit, price = facts.rules["max_order_qty"], facts.best(order.side)
    if limit is None or not order.is_by_cash:
        return None
    assert price is not None
    quantity = order.cum_qty + wanted(order, price, facts.instrument)
    return {"order_qty": quantity, "limit": limit} if quantity > limit else None


def price_band(order: Order, facts: Facts) -> Numbers | None:
    band, reference = facts.rules["price_band"], facts.reference
    if order.ord_type not in LIMIT_TYPES or band is None or reference is None:
        return None
    assert order.price is not None
    away = order.price - reference if order.side == "BUY" else reference - order.price
    if away <= band * abs(reference):
        return None
    return {"price": order.price, "reference": reference, "price_band": band}


Rule = Callable[[Order, Facts], Numbers | None]

RULES: list[tuple[str, int, Rule]] = [
    ("TRADING_HALTED", 2, trading_halted),
    ("UNKNOWN_SYMBOL", 1, unknown_symbol),
    ("INCOMPLETE_ORDER", 11, incomplete_order),
    ("UNEXPECTED_FIELD", 11, unexpected_field),
    ("BAD_QUANTITY", 13, bad_quantity),
    ("BAD_AMOUNT", 13, bad_amount),
    ("NO_CASH_ORDER", 11, no_cash_order),
    ("BAD_PRICE", 99, bad_price),
    ("BAD_TICK", 18, bad_tick),
    ("BAD_LOT", 13, bad_lot),
    ("BELOW_MIN_QTY", 13, below_min_qty),
    ("BAD_EXPIRE_TIME", 99, bad_expire_time),
    ("STOP_TIF", 11, stop_tif),
    ("PRIORITY_TIF", 11, priority_tif),
    ("STALE_ORDER", 8, stale_order),
    ("MAX_ORDER_QTY", 3, max_order_qty),
    ("MAX_OPEN_ORDERS", 3, max_open_orders),
    ("MAX_ORDER_NOTIONAL", 3, max_order_notional),
    ("PRICE_BAND", 16, price_band),
]


def first_breach(order: Order, facts: Facts) -> tuple[str, int, Numbers] | None:
    """Return code, ord_rej_reason and numbers of why an order is REJECTED."""
    if order.refusal is not None:
        return order.refusal
    for code, reason, rule in RULES:
        numbers = rule(order, facts)
        if numbers is not None:
            return code, reason, numbers
    return None


def trade_breach(order: Order, facts: Facts) -> tuple[str, Numbers] | None:
    """Return code and numbers of why an order that is about to trade is CANCELED."""
    for code, rule in (("MAX_ORDER_QTY", max_cash_order_qty), ("MAX_ORDER_NOTIONAL", max_order_notional)):
        numbers = rule(order, facts)
        if numbers is not None:
            return code, numbers
    return None
