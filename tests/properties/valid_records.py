"""Valid records of each topic, generated from a seed; executions and fills are of real decisions.

A record is its fields as raw JSON text.
"""

import json
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from fintank.trading.deciding import decide
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.trading.shard import Shard
from fintank.wire.bolts.owner_ticks import quotes
from fintank.wire.kafka import executions, fills, orders
from fintank.wire.kafka.ticks import to_lines

APPEND_MS = 1_764_345_600_000
START_US = APPEND_MS * 1000
RECORD_BYTES_MAX = 1_048_000
"""The largest record that the broker accepts."""
Record = dict[str, str]
RARE_KINDS = ("mass_cancel", "trading_state")
WAITING = tuple(f"w{number}" for number in range(5))
"""The orders of the account W that are open from the start."""
SYMBOLS = ("IVE", "VTI", "EUR/USD", "BRK.B", "CASH")
EXCHANGES = ("NYSE", "ARCA", "N")
ACCOUNTS = ("A-1", "户" * 3, 'O\'Brien & "Sons", =x', " ", "A\\,B")


class Topic(NamedTuple):
    """How a valid record of a topic is made."""

    name: str
    good: Callable[[Random, int], Record]


def text_of(record: Record) -> str:
    """Write a record as the JSON text of its fields."""
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in record.items()) + "}"


def _time(random: Random) -> str:
    return f"{(START_US - random.randrange(10**9)) / 1_000_000:.6f}"


def _price(random: Random) -> str:
    text = random.choice(
        (f"{random.uniform(1, 1000):.5f}", str(random.randint(1, 200)), repr(random.random() + 90))
    )
    return text if random.random() < 0.7 else json.dumps(text)


def good_tick(random: Random, number: int) -> Record:
    """Make a tick of one of a few symbols."""
    record = {
        "symbol": json.dumps(random.choice(SYMBOLS[:4])),
        "exchange": json.dumps(random.choice(EXCHANGES)),
        "bid": _price(random),
        "ask": _price(random),
        "timestamp": _time(random),
    }
    if number % 7 == 0:
        record["bid_size"], record["ask_size"] = random.choice(("0", "100", "1.5")), "200"
    return record


def good_order(random: Random, number: int) -> Record:
    """Make a message of any kind."""
    record = {
        "account": json.dumps(random.choice(ACCOUNTS), ensure_ascii=False),
        "timestamp": _time(random),
        "side": json.dumps(random.choice(("BUY", "SELL"))),
    }
    kind = random.choice(("order",) * 12 + ("portfolio_order", "cancel", "replace") * 3 + RARE_KINDS)
    record["msg_type"] = json.dumps(kind)
    if kind in RARE_KINDS:
        return _scoped(random, kind, record, number)
    if kind == "portfolio_order":
        weights = random.choice(([0.5, 0.5], [1], [0.25] * 4, [0.1] * 10))
        lines = [
            {"symbol": f"{SYMBOLS[place % 4]}{place // 4 or ''}", "weight": weight}
            for place, weight in enumerate(weights)
        ]
        return record | {
            "order_id": json.dumps(f"p{number}"),
            "amount": "1000.01",
            "portfolio": json.dumps(lines),
        }
    record |= {"cl_ord_id": json.dumps(f"o{number}"), "symbol": json.dumps(random.choice(SYMBOLS[:4]))}
    if kind == "cancel":
        return record | {"orig_cl_ord_id": json.dumps(f"o{random.randint(0, number)}")}
    if kind == "replace":
        return record | _replacement(random, number)
    ord_type = random.choice(("MARKET", "LIMIT", "STOP", "STOP_LIMIT"))
    record |= {"ord_type": json.dumps(ord_type), random.choice(("order_qty", "cash_order_qty")): "25.5"}
    record |= {"price": _price(random)} if "LIMIT" in ord_type else {}
    record |= {"stop_px": _price(random)} if "STOP" in ord_type else {}
    record["time_in_force"] = json.dumps(
        random.choice(("GTC", "DAY")) if "STOP" in ord_type else random.choice(("GTC", "IOC", "FOK", "DAY"))
    )
    return record


def _scoped(random: Random, kind: str, record: Record, number: int) -> Record:
    """Make a mass cancel, or a trading state, mostly of one symbol or account, seldom not ACTIVE."""
    scope = random.choice(("ACCOUNT", "SYMBOL", "ALL"))
    own = {"ACCOUNT": {"account": record["account"]}, "SYMBOL": {"symbol": json.dumps(SYMBOLS[0])}, "ALL": {}}
    made = {name: record[name] for name in ("msg_type", "timestamp")} | own[scope]
    if kind == "mass_cancel":
        return made | {"cl_ord_id": json.dumps(f"m{number}"), "scope": json.dumps(scope)}
    states = ("ACTIVE",) if scope == "ALL" else ("ACTIVE",) * 4 + ("SELL_ONLY", "HALTED")
    return made | {"state": json.dumps(random.choice(states))}


def _replacement(random: Random, number: int) -> Record:
    """Make what a replace names: often an order of `trading_shard`, or one of its names afterwards."""
    terms = {
        "order_qty": random.choice(("25", "999999", '"7.5"')),
        "cash_order_qty": "25.5",
        "price": _price(random),
        "stop_px": _price(random),
        "expire_time": f"{START_US // 1_000_000 + random.randrange(1, 10**6)}",
    }
    chosen = {name: terms[name] for name in random.sample(sorted(terms), random.choice((0, 1, 1, 2)))}
    if random.random() < 0.5:
        return chosen | {"orig_cl_ord_id": json.dumps(f"o{random.randint(0, number)}")}
    named = {"account": '"W"', "symbol": json.dumps(random.choice(SYMBOLS[:2]))}
    return chosen | named | {"orig_cl_ord_id": json.dumps(random.choice(WAITING))}


def _raw(text: str) -> Record:
    return {name: json.dumps(value, ensure_ascii=False) for name, value in json.loads(text).items()}


def trading_shard() -> Shard:
    """Make a shard with open orders of each kind, so that prices meet something."""
    shard = Shard(Limits())
    for number, kind in enumerate(
        (
            '"ord_type":"LIMIT","price":"100","side":"BUY"',
            '"ord_type":"LIMIT","price":"100","side":"SELL"',
            '"ord_type":"STOP","stop_px":"100","side":"BUY"',
            '"ord_type":"STOP_LIMIT","stop_px":"90","price":"1","side":"SELL"',
            '"ord_type":"LIMIT","price":"999999999999999999","side":"BUY","priority":2',
        )
    ):
        for symbol in ("IVE", "VTI"):
            text = (
                f'{{"msg_type":"order","cl_ord_id":"{WAITING[number]}","account":"W","symbol":"{symbol}","order_qty":"999999",'
                f'{kind},"timestamp":1764345000}}'
            )
            (order,), _ = orders.read("orders", 1, f"{number},1,{APPEND_MS}", text)
            assert isinstance(order, Order)
            shard.on_order(order, START_US)
    return shard


def _decided() -> tuple[list[str], list[str]]:
    """Let shards decide on valid records; their reports and fills as JSON."""
    random = Random(5)
    reports: list[str] = []
    booked: list[str] = []
    for number in range(2_000):
        if number % 20 == 0:
            shard = trading_shard()  # with open orders, and not halted
        offsets = f"{number},1,{APPEND_MS}"
        (line,) = to_lines("ticks", 0, offsets, text_of(good_tick(random, number))).quotes
        (message,) = orders.read("orders", 0, offsets, text_of(good_order(random, number))).messages
        split = components(message, Limits()) if isinstance(message, PortfolioOrder) else (message,)
        outcomes = [decide(shard, each, START_US) for each in (*quotes(0, line), *split)]
        for outcome in filter(None, outcomes):
            reports += map(executions.to_json, outcome.reports)
            booked += map(fills.to_json, outcome.fills)
    return reports, booked


_REPORTS, _FILLS = _decided()


def good_execution(random: Random, _: int) -> Record:
    """Take a report of a real decision."""
    return _raw(random.choice(_REPORTS))


def good_fill(random: Random, _: int) -> Record:
    """Take a fill of a real decision."""
    return _raw(random.choice(_FILLS))


TICKS, ORDERS = Topic("ticks", good_tick), Topic("orders", good_order)
EXECUTIONS, FILLS = Topic("executions", good_execution), Topic("fills", good_fill)


def large_order(account: str, order_id: str, lines: int, weight: str) -> str:
    """Make a portfolio order of this many lines, or as many as the broker accepts."""
    head = f'{{"msg_type":"portfolio_order","account":{json.dumps(account, ensure_ascii=False)},'
    head += f'"order_id":{json.dumps(order_id, ensure_ascii=False)},"side":"BUY","amount":"1000000",'
    head += '"timestamp":1764345000,"portfolio":['
    room = (RECORD_BYTES_MAX - len(head.encode())) // 34
    return head + ",".join(f'{{"symbol":"L{n}","weight":{weight}}}' for n in range(min(lines, room))) + "]}"


LARGE_ORDERS = tuple(
    large_order(account, order_id, lines, weight)
    for account, order_id in (("A-1001", "deposit-7"), ("户" * 64, "单" * 64), ("," * 63 + "a", '"' * 64))
    for lines, weight in ((100_000, "0"), (1_000, "0.001"), (1_000, "1e-30"), (1_000, "-5"))
)
"""Orders that grow: into many reports, long lines, or escaped characters."""
