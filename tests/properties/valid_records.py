"""Valid records of each topic, generated from a seed; executions and fills are of real decisions.

A record is its fields as raw JSON text.
"""

import json
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from fintank.trading.limits import Limits
from fintank.trading.shard import Shard
from fintank.wire.bolts.owner_ticks import quotes
from fintank.wire.kafka import executions, fills, orders
from fintank.wire.kafka.ticks import to_lines

APPEND_MS = 1_764_345_600_000
START_US = APPEND_MS * 1000
RECORD_BYTES_MAX = 1_048_000
"""The largest record that the broker accepts."""
Record = dict[str, str]
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
    """Make an order of any kind, a portfolio order or a cancel."""
    record = {
        "account": json.dumps(random.choice(ACCOUNTS), ensure_ascii=False),
        "timestamp": _time(random),
        "side": json.dumps(random.choice(("BUY", "SELL"))),
    }
    kind = random.choice(("order", "order", "order", "portfolio_order", "cancel"))
    record["msg_type"] = json.dumps(kind)
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
    ord_type = random.choice(("MARKET", "LIMIT", "STOP", "STOP_LIMIT"))
    record |= {"ord_type": json.dumps(ord_type), random.choice(("order_qty", "cash_order_qty")): "25.5"}
    record |= {"price": _price(random)} if "LIMIT" in ord_type else {}
    record |= {"stop_px": _price(random)} if "STOP" in ord_type else {}
    record["time_in_force"] = json.dumps(
        random.choice(("GTC", "DAY")) if "STOP" in ord_type else random.choice(("GTC", "IOC", "FOK", "DAY"))
    )
    return record


def _raw(text: str) -> Record:
    return {name: json.dumps(value, ensure_ascii=False) for name, value in json.loads(text).items()}


def _decided() -> tuple[list[str], list[str]]:
    """Let a shard decide on valid records; its reports and fills as JSON."""
    random, shard = Random(5), Shard(Limits())
    reports: list[str] = []
    booked: list[str] = []
    for number in range(2_000):
        offsets = f"{number},1,{APPEND_MS}"
        outcomes = [
            shard.on_quote(quote, START_US)
            for quote in quotes(
                0, to_lines("ticks", 0, offsets, text_of(good_tick(random, number))).quotes[0]
            )
        ]
        for message in orders.read("orders", 0, offsets, text_of(good_order(random, number))).messages:
            if isinstance(message, orders.Order):
                outcomes.append(shard.on_order(message, START_US))
            elif isinstance(message, orders.Cancel):
                outcomes.append(shard.on_cancel(message, START_US))
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
