"""Real quotes and 1,000 random orders in alternating steps, so that log time decides nothing.

A symbol's clock goes on with log time, which a reference engine can't know. So every step of ticks lies JUMP
after the one before and is at most SPREAD long, and every end of an order, of a window and of a quote's use
falls into the middle of a jump: hours away from any tick, however long the run takes.
"""

import csv
import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from scenarios.playing import Record
from support.equivalence_orders import (
    BASE_US,
    HOUR_US,
    JUMP_US,
    MICROSECONDS,
    TICK_STEPS,
    Market,
    Tick,
    mass_cancel,
    orders,
    scope,
    state,
)
from support.live_world import Sending

SPREAD_US = HOUR_US
SEED = 7
TRADES_MIN = 300
ORDERS_OF_A_TYPE_MIN = 50
ORDERS_OF_AN_END_MIN = 20
REPLACED_MIN = 20
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


def steps(folder: Path, seed: int) -> Iterator[list[Sending]]:
    """Yield the steps, each sent at once: ticks, then orders of one account or a trading state, in turn."""
    rng, market = random.Random(seed), Market()
    chunks = [list(_chunks(ticks)) for ticks in files(folder)]
    for number in range(TICK_STEPS):
        start_us = BASE_US + number * JUMP_US
        yield [sending for of_file in chunks for sending in _ticks(of_file[number], start_us, market)]
        if number % 20 == 10:
            yield [state(rng.choice(["HALTED", "SELL_ONLY"]), named := scope(rng, market), market)]
        if number % 20 == 12:
            yield [state("ACTIVE", named, market)]
        if number % 12 == 5:
            yield [mass_cancel(f"m{number}", rng, market)]
        yield list(orders(number, rng, market))


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


def by_symbol(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the reports of each symbol, without what the plan leaves open.

    That is log_time, and which of the latest quotes the reference price is from: it must be a second old. No
    price is so near to a collar or a band that it matters.
    """
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        told = {name: record[name] for name in record if name != "log_time"}
        told["text"] = re.sub(r" reference=\S+", "", record["text"] or "")
        found[record["symbol"]].append(told)
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
    assert sum(report["exec_type"] == "REPLACED" for report in reports) >= REPLACED_MIN
    for name in ("FILLED", "CANCELED", "EXPIRED", "REJECTED"):
        assert ends[name] >= ORDERS_OF_AN_END_MIN
