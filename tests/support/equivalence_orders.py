"""The orders of the equivalence plan: what it knows of the market, and random messages that fit it."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from support.live_world import Sending

MICROSECONDS = 1_000_000
HOUR_US = 3_600 * MICROSECONDS
JUMP_US = 6 * HOUR_US
BASE_US = 1_704_078_000 * MICROSECONDS
"""2024-01-01T03:00:00Z: so midnight is in the middle of a jump."""

TICK_STEPS = 252
ORDERS = 1_000
ACCOUNTS = ("A1", "A2", "A3", "A4")
QUANTITY = {"BTCUSDT": 2, "ETHUSDT": 30, "EURUSD": 20_000}
"""Roughly the largest quantity of an order."""


@dataclass(frozen=True)
class Tick:
    """A row of a quote file."""

    time_us: int
    symbol: str
    exchange: str
    bid: str
    ask: str
    bid_size: str
    ask_size: str

    def message(self, time_us: int) -> dict[str, Any]:
        sizes = {"bid_size": self.bid_size, "ask_size": self.ask_size}
        return {
            "symbol": self.symbol,
            "exchange": self.exchange,
            "bid": float(self.bid),
            "ask": self.ask,
            "timestamp": seconds(time_us),
            **{name: size for name, size in sizes.items() if size},
        }


def seconds(time_us: int) -> str:
    return f"{time_us // MICROSECONDS}.{time_us % MICROSECONDS:06d}"


@dataclass
class Market:
    """What the generator of orders knows: the latest quotes, and the orders so far."""

    quotes: dict[tuple[str, str], Tick] = field(default_factory=dict)
    names: list[dict[str, Any]] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)
    now_us: int = BASE_US

    def symbols(self) -> list[str]:
        return sorted({symbol for symbol, _ in self.quotes})

    def price(self, symbol: str) -> Decimal:
        return next(Decimal(tick.bid) for (name, _), tick in sorted(self.quotes.items()) if name == symbol)


def scope(rng: random.Random, market: Market) -> dict[str, str]:
    """Return whom a trading state is for: all, a symbol or an account."""
    return rng.choice([{}, {"symbol": rng.choice(market.symbols())}, {"account": rng.choice(ACCOUNTS)}])


def state(state: str, scope: dict[str, str], market: Market) -> Sending:
    message = {"msg_type": "trading_state", "state": state, "timestamp": seconds(market.now_us), **scope}
    return Sending("orders", "trading_state", json.dumps(message), 0)


def mass_cancel(name: str, rng: random.Random, market: Market) -> Sending:
    """Cancel the orders of a symbol or an account, and seldom all."""
    symbol, account = rng.choice(market.symbols()), rng.choice(ACCOUNTS)
    scope = rng.choices(["SYMBOL", "ACCOUNT", "ALL"], [5, 5, 1])[0]
    named = {"SYMBOL": {"symbol": symbol}, "ACCOUNT": {"account": account}, "ALL": {}}[scope]
    message = {"msg_type": "mass_cancel", "cl_ord_id": name, "scope": scope, **named}
    message["timestamp"] = seconds(market.now_us)
    return Sending("orders", account if scope == "ACCOUNT" else symbol, json.dumps(message))


def orders(number: int, rng: random.Random, market: Market) -> Iterator[Sending]:
    """Yield the messages of a step, all of one account: partitions have no order among each other."""
    account = rng.choice(ACCOUNTS)
    first, last = number * ORDERS // TICK_STEPS, (number + 1) * ORDERS // TICK_STEPS
    for order in range(first, last):
        market.now_us += rng.randint(0, 2)
        made = _portfolio if rng.random() < 0.06 else _order
        message = made(order, account, rng, market)
        if rng.random() < 0.04 and "symbol" in message:
            yield _sending(_cancel_of(message, f"early{order}"))
        yield _sending(message)
        if rng.random() < 0.03:
            yield _sending(message)  # a duplicate
        if rng.random() < 0.03:
            yield _sending({**message, "priority": message["priority"] + 1})
    for replace in range(rng.choice([0, 1, 2])):
        yield _sending(_replace(f"r{number}-{replace}", account, rng, market))
    for cancel in range(rng.choice([0, 0, 1, 2])):
        yield _sending(_cancel(f"c{number}-{cancel}", account, rng, market))


def _sending(message: dict[str, Any]) -> Sending:
    return Sending("orders", message["account"], json.dumps(message))


def _order(number: int, account: str, rng: random.Random, market: Market) -> dict[str, Any]:
    symbol = rng.choice(market.symbols())
    ord_type = rng.choices(["MARKET", "LIMIT", "STOP", "STOP_LIMIT"], [30, 35, 17, 18])[0]
    is_stop = ord_type.startswith("STOP")
    tif = rng.choices(["GTC", "GTD", "DAY", "IOC", "FOK"], [30, 25, 15, *([2, 1] if is_stop else [20, 14])])[
        0
    ]
    message: dict[str, Any] = {
        "msg_type": "order",
        "cl_ord_id": f"o{number}",
        "account": account,
        "symbol": symbol,
        "side": rng.choice(["BUY", "SELL"]),
        "ord_type": ord_type,
        "time_in_force": tif,
        "priority": 1
        if tif in ("IOC", "FOK") and rng.random() < 0.9
        else rng.choices([1, 2, 3], [6, 3, 2])[0],
        "timestamp": seconds(market.now_us),
    }
    if rng.random() < 0.35:
        cents = rng.choice([1_000, 50_000_00, 50_000_00, 50_000_00, 50_000_00])
        message["cash_order_qty"] = str(Decimal(rng.randint(1, cents)) / 100)
    else:
        message["order_qty"] = str(Decimal(rng.randint(1, QUANTITY.get(symbol, 100) * 1000)) / 1000)
    if ord_type in ("LIMIT", "STOP_LIMIT"):
        message["price"] = _near(symbol, rng, market)
    if is_stop:
        message["stop_px"] = _near(symbol, rng, market)
    if tif == "GTD":
        message["expire_time"] = seconds(_end_us(rng, market))
    if rng.random() < 0.05:
        message |= rng.choice(
            [{"price": "-1"}, {"stop_px": "0"}, {"expire_time": "9"}, {"cash_order_qty": None}]
        )
        if "cash_order_qty" in message and message["cash_order_qty"] is None:
            message["order_qty"] = "0"
    market.names.append(message)
    return message


def _near(symbol: str, rng: random.Random, market: Market) -> str:
    """Return a price near the market, and sometimes one too far from it."""
    far = rng.choices([0, 10, 3_000], [80, 17, 3])[0]
    parts = Decimal(rng.randint(-4, 4) * 25 + rng.choice([-1, 1]) * far * 100) / 1_000_000
    return str(round(market.price(symbol) * (1 + parts), 5))


def _end_us(rng: random.Random, market: Market) -> int:
    """Return a time in the middle of a jump."""
    jump = (market.now_us - BASE_US) // JUMP_US + rng.randint(0, 6)
    return BASE_US + jump * JUMP_US + 4 * HOUR_US


def _portfolio(number: int, account: str, rng: random.Random, market: Market) -> dict[str, Any]:
    symbols = [*market.symbols(), "CASH"]
    cuts = sorted(rng.randint(0, 1000) for _ in symbols[1:])
    weights = [Decimal(b - a) / 1000 for a, b in zip([0, *cuts], [*cuts, 1000], strict=True)]
    message = {
        "msg_type": "portfolio_order",
        "order_id": f"p{number}",
        "account": account,
        "side": rng.choice(["BUY", "SELL"]),
        "amount": str(Decimal(rng.randint(1, 90_000_00)) / 100),
        "portfolio": [{"symbol": s, "weight": str(w)} for s, w in zip(symbols, weights, strict=True)],
        "priority": rng.choice([1, 2]),
        "time_in_force": rng.choice(["GTC", "DAY"]),
        "timestamp": seconds(market.now_us),
    }
    market.lists.append(message)
    return message


def _cancel(name: str, account: str, rng: random.Random, market: Market) -> dict[str, Any]:
    """Cancel a list or one of the latest orders, preferably of this account."""
    message = {
        "msg_type": "cancel",
        "cl_ord_id": name,
        "account": account,
        "timestamp": seconds(market.now_us),
    }
    lists = [found for found in market.lists[-8:] if found["account"] == account]
    if lists and rng.random() < 0.3:
        return {**message, "list_id": rng.choice(lists)["order_id"]}
    orders = [found for found in market.names[-40:] if found["account"] == account] or market.names[-5:]
    order = rng.choice(orders)
    return {**message, "orig_cl_ord_id": order["cl_ord_id"], "symbol": order["symbol"]}


def _replace(name: str, account: str, rng: random.Random, market: Market) -> dict[str, Any]:
    """Replace one of the latest orders of an account, which may have been replaced before or have ended."""
    names = market.names[-60:]
    order = rng.choice([found for found in names if found["account"] == account] or names)
    same = {key: order[key] for key in ("account", "symbol", "side", "ord_type", "time_in_force", "priority")}
    message = {"msg_type": "replace", "cl_ord_id": name, "orig_cl_ord_id": order["cl_ord_id"], **same}
    message["timestamp"] = seconds(market.now_us)
    given = "cash_order_qty" if "cash_order_qty" in order else "order_qty"
    if rng.random() < 0.6 and order.get(given) is not None:
        factor = rng.choice([Decimal("0.5"), Decimal("0.9"), Decimal("1.2")])
        message[given] = str(round(Decimal(order[given]) * factor, 2))
    for price in ("price", "stop_px"):
        if price in order and rng.random() < 0.5:
            message[price] = _near(order["symbol"], rng, market)
    if order["time_in_force"] == "GTD" and rng.random() < 0.3:
        message["expire_time"] = seconds(_end_us(rng, market))
    market.names.append({**order, **message})
    return message


def _cancel_of(order: dict[str, Any], name: str) -> dict[str, Any]:
    same = {key: order[key] for key in ("account", "symbol", "timestamp")}
    return {"msg_type": "cancel", "cl_ord_id": name, "orig_cl_ord_id": order["cl_ord_id"], **same}
