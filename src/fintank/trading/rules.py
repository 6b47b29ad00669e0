"""Why an order is refused or canceled: every code, and every rule of a single order.

A rule is a pure function of the order and the facts that gives the numbers of a breach, or None. To add one:
a Code, a function, a line in RULES, and, where FIX has a number for it, a line in ORD_REJ_REASON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fintank.trading.exact import is_whole_cents, plain
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH, Order, OrdType, Refusal, TimeInForce


class Code(StrEnum):
    """What is wrong, as `code=` in a report's text."""

    BAD_AMOUNT = "BAD_AMOUNT"
    BAD_QUANTITY = "BAD_QUANTITY"
    BELOW_MIN_QTY = "BELOW_MIN_QTY"
    BELOW_ONE_CENT = "BELOW_ONE_CENT"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    DUPLICATE_SYMBOL = "DUPLICATE_SYMBOL"
    NEGATIVE_WEIGHT = "NEGATIVE_WEIGHT"
    STALE_ORDER = "STALE_ORDER"
    TOO_MANY_COMPONENTS = "TOO_MANY_COMPONENTS"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNSUPPORTED_ORDER = "UNSUPPORTED_ORDER"
    WEIGHTS_SUM = "WEIGHTS_SUM"


# FIX OrdRejReason (103); what is not here is 99, other.
ORD_REJ_REASON: Mapping[str, int] = {
    Code.UNKNOWN_SYMBOL: 1,
    Code.DUPLICATE_ORDER: 6,
    Code.STALE_ORDER: 8,
    Code.UNSUPPORTED_ORDER: 11,
    Code.BAD_AMOUNT: 13,
    Code.BAD_QUANTITY: 13,
    Code.BELOW_ONE_CENT: 13,
}
OTHER = 99

Breach = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Facts:
    """What an order is measured against; now_us is its symbol's clock, None before the first quote."""

    limits: Limits
    now_us: int | None


def refusal(code: Code, breach: Breach) -> Refusal:
    """Put a code and its numbers into words: `code=WEIGHTS_SUM sum=0.9`."""
    return Refusal(code, " ".join([f"code={code}", *(f"{name}={value}" for name, value in breach.items())]))


def check(order: Order, facts: Facts) -> Refusal | None:
    """Return why an order is refused: what its message already brings, or the first rule that it breaks."""
    if order.refusal is not None:
        return order.refusal
    for code, rule in RULES.items():
        breach = rule(order, facts)
        if breach is not None:
            return refusal(code, breach)
    return None


def unsupported_order(order: Order, facts: Facts) -> Breach | None:
    """MARKET orders that are good till canceled are all that is traded."""
    if order.ord_type is OrdType.MARKET and order.time_in_force is TimeInForce.GTC:
        return None
    return {"ord_type": order.ord_type, "time_in_force": order.time_in_force}


def unknown_symbol(order: Order, facts: Facts) -> Breach | None:
    """The symbol is one of the configured ones, where there are any, and never CASH."""
    return None if is_known_symbol(order.symbol, facts.limits) else {"symbol": order.symbol}


def bad_quantity(order: Order, facts: Facts) -> Breach | None:
    """A quantity is above zero."""
    if order.order_qty is None or order.order_qty > 0:
        return None
    return {"order_qty": plain(order.order_qty)}


def bad_amount(order: Order, facts: Facts) -> Breach | None:
    """Money is above zero and in whole cents."""
    amount = order.cash_order_qty
    if amount is None or (amount > 0 and is_whole_cents(amount)):
        return None
    return {"cash_order_qty": plain(amount)}


def stale_order(order: Order, facts: Facts) -> Breach | None:
    """An order is not older than the retention of terminal orders: it might be one of them, once more."""
    if facts.now_us is None:
        return None
    age_us = facts.now_us - order.order_time_us
    retention_us = facts.limits.retention_us
    return None if age_us <= retention_us else {"age_us": age_us, "retention_us": retention_us}


RULES: Mapping[Code, Callable[[Order, Facts], Breach | None]] = {
    Code.UNSUPPORTED_ORDER: unsupported_order,
    Code.UNKNOWN_SYMBOL: unknown_symbol,
    Code.BAD_QUANTITY: bad_quantity,
    Code.BAD_AMOUNT: bad_amount,
    Code.STALE_ORDER: stale_order,
}


def is_known_symbol(symbol: str, limits: Limits) -> bool:
    """Whether a symbol may be traded."""
    return symbol in limits.symbols if limits.symbols else symbol != CASH
