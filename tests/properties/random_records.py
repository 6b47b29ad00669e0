"""Random quotes, orders, cancels, trading states and seconds, close enough to each other to meet."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from hypothesis import strategies as st
from reference import Place
from scenarios.playing import LOG_US, PARTITIONS
from scenarios.table import MICROSECONDS, START_US

_START_S = START_US // MICROSECONDS
GOLD_HOURS = [[_START_S + 5, _START_S + 15, _START_S + 20, _START_S + 40], [_START_S + 50, _START_S + 90]]
"""Two sessions of GLD, the first with a break."""
RULES: dict[str, Any] = {
    "max_quote_lag_ms": 20_000,
    "max_quote_age_ms": 40_000,
    "aggregation_window_ms": 10_000,
    "retention_ms": 86_400_000,
    "time_zone": "America/New_York",
    "symbols": ["IVE", "GLD"],
    "max_order_qty": "50",
    "max_order_notional": "3000",
    "max_open_orders": 6,
    "price_band": "0.1",
    "instruments": {
        "default": {"lot_size": "0.1", "currency": "USD"},
        "instrument": [
            {
                "symbols": ["GL?"],
                "tick_size": "0.5",
                "min_qty": "2",
                "multiplier": "2",
                "calendar": "XGLD",
                "commission": {"per_share": "0.01", "rate": "0.001", "minimum": "1"},
            },
        ],
        "calendars": {"XGLD": GOLD_HOURS},
    },
    "market_collar": "0.02",
}


def mostly(usual: list[Any], seldom: list[Any]) -> st.SearchStrategy[Any]:
    """Draw one of the usual values, and in one of twenty draws another."""
    return st.integers(0, 19).flatmap(lambda number: st.sampled_from(seldom if number == 19 else usual))


SYMBOLS = mostly(["IVE", "IVE", "IVE", "GLD"], ["SPY"])
EXCHANGES = st.sampled_from(["NYSE", "ARCA", "BATS"])
BIDS = mostly(["98", "99", "99.5", "100"], ["101.25", "0", None])
ASKS = mostly(["100", "100.5", "101.25", "103"], ["99", "130", "0", None])
SIZES = mostly([None, "1", "3", "4.25", "20"], ["0", "0.05"])
QUANTITIES = mostly(["0.05", "1", "2.5", "7", "10", "20"], ["60", "0"])
AMOUNTS = mostly(["10.1", "99.99", "500", "1000", "2000"], ["5", "5000", "0.001"])
PRICES = mostly(["98", "99.5", "100", "100.5", "101.25", "103"], ["120", "0"])
SECONDS = st.integers(0, 60)
TIFS = st.sampled_from(["GTC", "GTC", "GTC", "GTC", "IOC", "FOK", "GTD", "GTD", "DAY"])
ORD_TYPES = st.sampled_from(["MARKET", "MARKET", "LIMIT", "LIMIT", "STOP", "STOP_LIMIT"])
PRIORITIES = st.sampled_from([1, 1, 2, 2, 3])
SIDES = st.sampled_from(["BUY", "BUY", "SELL"])
ACCOUNTS = st.sampled_from(["A", "A", "B"])
NUMBERS = st.integers(0, 30)


NOWHERE = Place("", 0, 0, 0)


@dataclass(frozen=True)
class Step:
    """A record, or, with the topic `second`, log time; log_us: how far log time moves before it.

    append_us: when the record was appended; a message may be ahead of that.
    """

    topic: str
    message: dict[str, Any]
    log_us: int = 0
    append_us: int = LOG_US
    place: Place = NOWHERE

    @property
    def text(self) -> str:
        return json.dumps(self.message)


@st.composite
def ticks(draw: st.DrawFn) -> Step:
    sizes = {"bid_size": draw(SIZES), "ask_size": draw(SIZES)}
    bid = draw(BIDS)
    message = {
        "symbol": draw(SYMBOLS),
        "exchange": draw(EXCHANGES),
        "bid": bid,
        "ask": draw(ASKS),
        "timestamp": timestamp(draw(SECONDS)),
        **{name: size for name, size in sizes.items() if size is not None},
    }
    append_us = START_US + draw(SECONDS) * MICROSECONDS if draw(st.integers(0, 9)) == 0 else LOG_US
    return Step("ticks", message, append_us=append_us)


@st.composite
def orders(draw: st.DrawFn) -> Step:
    ord_type, tif, priority = draw(ORD_TYPES), draw(TIFS), draw(PRIORITIES)
    if tif in ("IOC", "FOK") and draw(st.integers(0, 9)):
        ord_type, priority = ord_type.replace("STOP_", "").replace("STOP", "MARKET"), 1
    quantity = draw(st.sampled_from(["order_qty", "order_qty", "cash_order_qty"]))
    message: dict[str, Any] = {
        "msg_type": "order",
        "cl_ord_id": f"o{draw(NUMBERS)}",
        "account": draw(ACCOUNTS),
        "symbol": draw(SYMBOLS),
        "side": draw(SIDES),
        quantity: draw(QUANTITIES if quantity == "order_qty" else AMOUNTS),
        "ord_type": ord_type,
        "time_in_force": tif,
        "priority": priority,
        "timestamp": timestamp(draw(SECONDS)),
    }
    if ord_type in ("LIMIT", "STOP_LIMIT"):
        message["price"] = draw(PRICES)
    if ord_type in ("STOP", "STOP_LIMIT"):
        message["stop_px"] = draw(PRICES)
    if tif == "GTD":
        message["expire_time"] = timestamp(draw(st.integers(10, 120)))
    if draw(st.integers(0, 19)) == 0:
        message.pop(draw(st.sampled_from(["price", "stop_px", "expire_time"])), None)
    return Step("orders", message)


@st.composite
def portfolios(draw: st.DrawFn) -> Step:
    weights = draw(mostly([("0.5", "0.5"), ("0.25", "0.75"), ("0", "1")], [("0.3", "0.3")]))
    lines = [{"symbol": s, "weight": w} for s, w in zip(("IVE", "GLD"), weights, strict=True)]
    message = {
        "msg_type": "portfolio_order",
        "order_id": f"p{draw(st.integers(0, 3))}",
        "account": draw(ACCOUNTS),
        "side": draw(SIDES),
        "amount": draw(AMOUNTS),
        "portfolio": lines,
        "priority": draw(PRIORITIES),
        "time_in_force": draw(mostly(["GTC", "DAY"], ["IOC"])),
        "timestamp": timestamp(draw(SECONDS)),
    }
    return Step("orders", message)


@st.composite
def cancels(draw: st.DrawFn) -> Step:
    message: dict[str, Any] = {
        "msg_type": "cancel",
        "cl_ord_id": f"c{draw(st.integers(0, 9))}",
        "account": draw(ACCOUNTS),
        "timestamp": timestamp(draw(SECONDS)),
    }
    if draw(st.integers(0, 3)):
        message |= {"orig_cl_ord_id": f"o{draw(NUMBERS)}", "symbol": draw(SYMBOLS)}
    else:
        message["list_id"] = f"p{draw(st.integers(0, 3))}"
    return Step("orders", message)


@st.composite
def replaces(draw: st.DrawFn) -> Step:
    """Rename an order to another number of the same names, so that chains of replaces come about."""
    message: dict[str, Any] = {
        "msg_type": "replace",
        "cl_ord_id": f"o{draw(NUMBERS)}",
        "account": draw(ACCOUNTS),
        "symbol": draw(SYMBOLS),
        "orig_cl_ord_id": f"o{draw(NUMBERS)}",
        "timestamp": timestamp(draw(SECONDS)),
    }
    terms = {
        "order_qty": draw(mostly([None, "1", "2.5", "7", "10"], ["60", "0"])),
        "cash_order_qty": draw(mostly([None, None, None], ["99.99", "1000"])),
        "price": draw(mostly([None, "98", "99.5", "100", "101.25"], ["120", "0"])),
        "stop_px": draw(mostly([None, None, "99.5", "101.25"], ["0"])),
        "expire_time": draw(mostly([None, None, None], [timestamp(40), timestamp(1)])),
    }
    return Step("orders", message | {name: value for name, value in terms.items() if value is not None})


@st.composite
def mass_cancels(draw: st.DrawFn) -> Step:
    scope = draw(st.sampled_from(["ACCOUNT", "SYMBOL", "ALL"]))
    message: dict[str, Any] = {
        "msg_type": "mass_cancel",
        "cl_ord_id": f"m{draw(st.integers(0, 3))}",
        "scope": scope,
        "timestamp": timestamp(draw(SECONDS)),
    }
    if scope == "ACCOUNT":
        message["account"] = draw(ACCOUNTS)
    if scope == "SYMBOL":
        message["symbol"] = draw(SYMBOLS)
    return Step("orders", message)


SCOPES = st.sampled_from([{}, {}, {"symbol": "IVE"}, {"symbol": "GLD"}, {"account": "A"}, {"account": "B"}])
STATES = st.builds(
    lambda state, scope: Step(
        "orders", {"msg_type": "trading_state", "state": state, "timestamp": timestamp(0), **scope}
    ),
    st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "SELL_ONLY", "HALTED"]),
    SCOPES,
)
PASSES = st.builds(
    lambda us: Step("second", {}, us), st.sampled_from([0, 1, 1_000_000, 9_999_999, 30_000_000])
)
KINDS = (
    [ticks()] * 10
    + [orders()] * 12
    + [cancels(), replaces()] * 2
    + [*(replaces(), mass_cancels(), portfolios(), PASSES, PASSES, STATES)]
)
ANY = st.integers(0, len(KINDS) - 1).flatmap(KINDS.__getitem__)
STEPS = st.lists(st.lists(ANY, max_size=12), min_size=4, max_size=20).map(
    lambda parts: placed([step for part in parts for step in part])
)


def timestamp(seconds: int) -> str:
    return f"{START_US // MICROSECONDS + seconds}.000000"


def meeting(steps: list[Step]) -> list[Step]:
    """Let most replaces, and every other cancel of one order, mean one of the last orders before them."""
    found: list[Step] = []
    names: list[dict[str, Any]] = []
    for step in steps:
        message = step.message
        if "orig_cl_ord_id" in message and names:
            number = int(message["orig_cl_ord_id"][1:])
            target = names[-1 - number % min(len(names), 6)]
            if number % 2 or (message["msg_type"] == "replace" and number % 8):
                same = {name: target[name] for name in ("account", "symbol")}
                message = {**message, **same, "orig_cl_ord_id": target["cl_ord_id"]}
        if message.get("msg_type") in ("order", "replace"):
            names.append(message)
        found.append(replace(step, message=message))
    return found


def placed(steps: list[Step]) -> list[Step]:
    """Give each record its place in the partition of its key."""
    ends: Counter[tuple[str, int]] = Counter()
    found = []
    for step in meeting(steps):
        key = step.message.get("symbol" if step.topic == "ticks" else "account")
        is_state = step.message.get("msg_type") == "trading_state"
        partition = 0 if key is None or is_state else crc32(key.encode()) % PARTITIONS
        place = Place(step.topic, partition, ends[step.topic, partition], step.append_us)
        ends[step.topic, partition] += 1
        found.append(replace(step, place=place))
    return found
