"""From a portfolio order to its components."""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Any

from reference.messages import Message, Order, Place, content_hash, expire_time_us
from reference.numbers import number, plain

LINES_MAX = 1_000
TOLERANCE = Fraction(1, 10**9)

Refusal = tuple[str, int, dict[str, Any]]
Lines = list[tuple[str, Fraction]]
Currency = Callable[[str], str]
"""Returns the currency of a symbol."""


def read_components(message: Message, place: Place, symbols: list[str], currency: Currency) -> list[Order]:
    """Read a `portfolio_order` and split it; symbols: those that may be traded, none for any."""
    lines = [(line["symbol"], number(line["weight"]) or Fraction()) for line in message["portfolio"]]
    amount = number(message["amount"])
    assert amount is not None
    shared = {
        "account": message["account"],
        "side": message["side"],
        "time_in_force": message.get("time_in_force") or "GTC",
        "priority": message.get("priority") or 1,
        "order_time_us": place.time_us(message),
        "expire_time_us": expire_time_us(message),
    }
    content = {
        **shared,
        "msg_type": "portfolio_order",
        "order_id": message["order_id"],
        "amount": amount,
        "portfolio": [{"symbol": symbol, "weight": plain(weight)} for symbol, weight in sorted(lines)],
    }
    parts = split(amount, lines, symbols, currency)
    return [
        Order(
            **shared,
            cl_ord_id=f"{message['order_id']}-{symbol}",
            symbol=symbol,
            ord_type="MARKET",
            list_id=message["order_id"],
            cash_order_qty=part,
            refusal=refusal,
            content_hash=content_hash(content),
            input=place.input,
        )
        for symbol, part, refusal in parts
    ]


def split(
    amount: Fraction, lines: Lines, symbols: list[str], currency: Currency
) -> list[tuple[str, Fraction | None, Refusal | None]]:
    """Return (symbol, cash_order_qty, why it is refused) of each component."""
    refusal = wrong(amount, lines, symbols) or mixed(lines, currency)
    if refusal is not None:
        named = list(dict.fromkeys(symbol for symbol, _ in lines if symbol != "CASH")) or ["CASH"]
        if refusal[0] == "TOO_MANY_COMPONENTS":
            named = named[:1]
        return [(symbol, None, refusal) for symbol in named]
    total = sum(weight for _, weight in lines)
    exact = {symbol: amount * 100 * weight / total for symbol, weight in lines if weight > 0}
    cents = {symbol: floor(part) for symbol, part in exact.items()}
    by_remainder = sorted(exact, key=lambda symbol: (cents[symbol] - exact[symbol], symbol))
    for symbol in by_remainder[: int(amount * 100) - sum(cents.values())]:
        cents[symbol] += 1
    return [
        (symbol, Fraction(part, 100), None if part else below_one_cent(symbol))
        for symbol, part in cents.items()
        if symbol != "CASH"
    ]


def below_one_cent(symbol: str) -> Refusal:
    return "BELOW_ONE_CENT", 13, {"symbol": symbol, "cash_order_qty": Fraction()}


def wrong(amount: Fraction, lines: Lines, symbols: list[str]) -> Refusal | None:
    """Return the first rule that the portfolio order breaks."""
    if len(lines) > LINES_MAX:
        return "TOO_MANY_COMPONENTS", 99, {"components": len(lines), "limit": LINES_MAX}
    if amount <= 0 or (amount * 100).denominator != 1:
        return "BAD_AMOUNT", 13, {"amount": amount}
    total = sum((weight for _, weight in lines), Fraction())
    refusal = wrong_line(lines, symbols)
    if refusal is None and abs(total - 1) > TOLERANCE:
        return "WEIGHTS_SUM", 99, {"sum": total, "tolerance": TOLERANCE}
    return refusal


def mixed(lines: Lines, currency: Currency) -> Refusal | None:
    traded = [symbol for symbol, weight in lines if weight > 0 and symbol != "CASH"]
    for symbol in traded:
        found, expected = currency(symbol), currency(traded[0])
        if found != expected:
            return "MIXED_CURRENCIES", 99, {"symbol": symbol, "currency": found, "expected": expected}
    return None


def wrong_line(lines: Lines, symbols: list[str]) -> Refusal | None:
    for position, (symbol, weight) in enumerate(lines):
        numbers = {"symbol": symbol, "weight": weight}
        if weight < 0:
            return "NEGATIVE_WEIGHT", 99, numbers
        if symbol in [earlier for earlier, _ in lines[:position]]:
            return "DUPLICATE_SYMBOL", 99, numbers
        if symbol != "CASH" and symbols and symbol not in symbols:
            return "UNKNOWN_SYMBOL", 1, numbers
    return None
