"""Real quotes and 1,000 random orders in alternating steps, so that log time decides nothing.

A symbol's clock goes on with log time, which a reference engine can't know. So every step of ticks lies JUMP
after the one before and is at most SPREAD long, and every end of an order, of a window and of a quote's use
falls into the middle of a jump: hours away from any tick, however long the run takes.
"""

import csv
import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from scenarios.playing import Record
from support.live_world import Sending

MICROSECONDS = 1_000_000
HOUR_US = 3_600 * MICROSECONDS
JUMP_US = 6 * HOUR_US
SPREAD_US = HOUR_US
BASE_US = 1_704_078_000 * MICROSECONDS
"""2024-01-01T03:00:00Z: so midnight is in the middle of a jump."""

SEED = 7
TICK_STEPS = 252
ORDERS = 1_000
TRADES_MIN = 300
ORDERS_OF_A_TYPE_MIN = 50
ORDERS_OF_AN_END_MIN = 20
ACCOUNTS = ("A1", "A2", "A3", "A4")
RULES: dict[str, Any] = {
    "max_quote_lag_ms": 9 * 3_600_000,
    "max_quote_age_ms": 9 * 3_600_000,
    "aggregation_window_ms": 9 * 3_600_000,
    "retention_ms": 3_000 * 24 * 3_600_000,
    "time_zone": "UTC",
    "symbols": [],
    "max_order_qty": "25000",
    "max_order_notional": "100000",
    "max_open_orders": 60,
    "price_band": "0.2",
    "market_collar": "0.2",
    "instruments": {"default": {"lot_size": "0.0001", "currency": "USD"}},
}
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


def files(folder: Path) -> list[list[Tick]]:
    """Read the files of quotes, or make similar quotes if there are none."""
    paths = sorted(folder.glob("*.csv.gz")) if folder.is_dir() else []
    return [list(_rows(path)) for path in paths] or [_made()]


def _rows(path: Path) -> Iterator[Tick]:
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            time_us = int(Decimal(row.pop("timestamp")) * MICROSECONDS)
            yield Tick(time_us, **row)


def _made() -> list[Tick]:
    """Make a random walk of three symbols: one on two venues, two with sizes; many ticks share a time."""
    rng = random.Random(11)
    prices = {"BTCUSDT": 6_000_000, "ETHUSDT": 250_000, "EURUSD": 138_000}
    ticks, time_us = [], 0
    for _ in range(15_000):
        time_us += rng.choice([0, 0, 1_000, 50_000])
        symbol = rng.choice(list(prices))
        prices[symbol] += rng.randint(-5, 5)
        bid, wide = prices[symbol], rng.choice([-1, 0, 1, 3, 10])
        digits = 5 if symbol == "EURUSD" else 2
        texts = [f"{Decimal(price).scaleb(-digits)}" for price in (bid, bid + wide)]
        sizes = ["", ""] if symbol == "EURUSD" else [str(rng.randint(0, 400) / 100) for _ in range(2)]
        exchange = rng.choice(["OANDA", "FXCM"]) if symbol == "EURUSD" else "BINANCE"
        ticks.append(Tick(time_us, symbol, exchange, *texts, *sizes))
    return ticks


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


def steps(folder: Path, seed: int) -> Iterator[list[Sending]]:
    """Yield the steps, each sent at once: ticks, then orders of one account or a trading state, in turn."""
    rng, market = random.Random(seed), Market()
    chunks = [list(_chunks(ticks)) for ticks in files(folder)]
    for number in range(TICK_STEPS):
        start_us = BASE_US + number * JUMP_US
        yield [sending for of_file in chunks for sending in _ticks(of_file[number], start_us, market)]
        if number % 20 == 10:
            yield [_state(rng.choice(["HALTED", "SELL_ONLY"]), market)]
        if number % 20 == 12:
            yield [_state("ACTIVE", market)]
        yield list(_orders(number, rng, market))


def _chunks(ticks: list[Tick]) -> Iterator[list[Tick]]:
    for number in range(TICK_STEPS):
        yield ticks[number * len(ticks) // TICK_STEPS : (number + 1) * len(ticks) // TICK_STEPS]


def _ticks(ticks: list[Tick], start_us: int, market: Market) -> Iterator[Sending]:
    first_us = ticks[0].time_us
    length_us = max(ticks[-1].time_us - first_us, 1)
    for tick in ticks:
        passed_us = tick.time_us - first_us
        if length_us > SPREAD_US:
            passed_us = passed_us * SPREAD_US // length_us
        market.quotes[tick.symbol, tick.exchange] = tick
        market.now_us = max(market.now_us, start_us + passed_us)
        yield Sending("ticks", tick.symbol, json.dumps(tick.message(start_us + passed_us)))


def _state(state: str, market: Market) -> Sending:
    message = {"msg_type": "trading_state", "state": state, "timestamp": seconds(market.now_us)}
    return Sending("orders", "trading_state", json.dumps(message), 0)


def _orders(number: int, rng: random.Random, market: Market) -> Iterator[Sending]:
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


def _cancel_of(order: dict[str, Any], name: str) -> dict[str, Any]:
    same = {key: order[key] for key in ("account", "symbol", "timestamp")}
    return {"msg_type": "cancel", "cl_ord_id": name, "orig_cl_ord_id": order["cl_ord_id"], **same}


def by_symbol(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record["symbol"]].append(record)
    return found


def check_variety(executions: list[Record]) -> None:
    """Check that enough of each kind happened."""
    reports = [report for report in executions if report["exec_type"] != "CANCEL_REJECTED"]
    types = Counter(r["ord_type"] for r in reports if r["exec_type"] in ("NEW", "REJECTED"))
    ends = Counter(r["ord_status"] for r in reports)
    print(json.dumps({"types": types, "ends": ends, "kinds": Counter(r["exec_type"] for r in executions)}))
    assert sum(report["exec_type"] == "TRADE" for report in reports) >= TRADES_MIN
    for name in ("MARKET", "LIMIT", "STOP", "STOP_LIMIT"):
        assert types[name] >= ORDERS_OF_A_TYPE_MIN
    for name in ("FILLED", "CANCELED", "EXPIRED", "REJECTED"):
        assert ends[name] >= ORDERS_OF_AN_END_MIN
