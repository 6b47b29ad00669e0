"""Records of each topic, valid or broken in one to three places, generated from a seed.

A record is its fields as raw JSON text, so that a number can become what no JSON library would write.
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

NUMBERS = (
    *(
        "0",
        "-0",
        "-0.0",
        "0.0",
        "0e5",
        "0e-99",
        "1",
        "-1",
        "1.5",
        "100.25",
        "1e2",
        "1E-2",
        "00",
        "01",
        ".5",
        "5.",
    ),
    *("1e17", "999999999999999999", "999999999999999999.9", "1e18", "1e19", "1e30", "1e36", "1e100", "1e303"),
    *(
        "1e305",
        "1e308",
        "1.7976931348623157e308",
        "1e309",
        "1e999",
        "1e1000",
        "1e1001",
        "1e99999",
        "1e999999999",
    ),
    *(
        "-1e303",
        "-1e308",
        "-1e999",
        "1e-12",
        "1e-13",
        "1e-30",
        "1e-31",
        "1e-307",
        "5e-324",
        "1e-400",
        "1e-99999",
    ),
    *("9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809"),
    *("1764345600", "1764345600.1234567", "1764345660", "1764345660.000001", "631152000", "631151999.999999"),
    *(
        "1764345600000",
        "1764345600000000",
        "9223372036",
        "9223372037",
        "253402300800",
        "NaN",
        "Infinity",
        "-Infinity",
    ),
    *(
        "9" * 40,
        "9" * 41,
        "9" * 400,
        "9" * 5000,
        "0." + "0" * 29 + "1",
        "0." + "0" * 30 + "1",
        "1." + "0" * 500,
    ),
    *("+1", "1_0", "0x1F", "1,5", "٣", "1e", "--1", "1e+", " 1", "1 "),
)
TEXTS = (
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r",
        "\x00",
        "\x1f",
        "\x7f",
        "\u2028",
        "\ufeff",
        "\u200b",
        "\ud800",
        "\udc00\ud800",
        "é",
    ),
    *(
        "e\u0301",
        "😀",
        "中文",
        "IVE ",
        "I VE",
        "I,VE",
        "I=VE",
        'I"VE',
        "I\\",
        "\\",
        "{}",
        "null",
        "None",
        "NaN",
    ),
    *("x" * 31, "x" * 32, "x" * 33, "x" * 64, "x" * 65, "x" * 128, "x" * 129, "户" * 64, '"' * 64, "," * 64),
    *(
        "x" * 70_000,
        "[red]x[/red]",
        "<img src=x>",
        "'; DROP SERIES FROM fills; --",
        "/regex/.*",
        "%s%d",
        "-V1St",
    ),
)
VALUES = (
    "null",
    "true",
    "false",
    "[]",
    "{}",
    '["IVE"]',
    '{"a":1}',
    "[[]]",
    "[NaN]",
    '"\\ud800"',
    '"\\u0000"',
    "",
)
WHOLE = (
    "",
    " ",
    "null",
    "[]",
    "{}",
    "5",
    '"x"',
    "[1,2",
    "\ufeff{}",
    "{" * 50,
    "[" * 2000,
    '{"a":' * 1500,
    "\x00",
)


class Topic(NamedTuple):
    """How a valid record of a topic is made."""

    name: str
    good: Callable[[Random, int], Record]


def text_of(record: Record) -> str:
    """Write a record as the JSON text of its fields."""
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in record.items()) + "}"


def records(topic: Topic, random: Random, count: int) -> list[tuple[str, bool]]:
    """Make pairs of a record and whether it is valid; three of four are broken."""
    made = []
    for number in range(count):
        record = topic.good(random, number)
        is_good = random.random() < 0.25
        made.append((text_of(record), True) if is_good else (broken(record, random), False))
    return made


def broken(record: Record, random: Random) -> str:
    """Break a record in one to three places, or its text; the result has no line breaks."""
    changed = dict(record)
    for _ in range(random.randint(1, 3)):
        random.choice(_BENDS)(changed, random)
    text = text_of(changed)
    if random.random() < 0.1:
        text = random.choice(_TEXT_BENDS)(text, random)
    return text.replace("\n", " ").replace("\r", " ")[: RECORD_BYTES_MAX // 4]


def _number(record: Record, random: Random) -> None:
    number = random.choice(NUMBERS)
    if random.random() < 0.3:
        number = f"{random.choice(['', '-'])}{random.getrandbits(64)}e{random.randint(-400, 400)}"
    record[_some(record, random)] = number if random.random() < 0.6 else json.dumps(number)


def _text(record: Record, random: Random) -> None:
    record[_some(record, random)] = (
        json.dumps(random.choice(TEXTS), ensure_ascii=random.random() < 0.5)
        .encode("utf-8", "replace")
        .decode()
    )


def _value(record: Record, random: Random) -> None:
    record[_some(record, random)] = random.choice(VALUES)


def _nested(record: Record, random: Random) -> None:
    depth = random.choice((1, 10, 250, 500, 900, 1000, 1020, 1030, 3000))
    opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
    record[_some(record, random)] = (
        opening * depth
        + random.choice(("", "1", "[]")) * (opening == "[")
        + ("1" * (opening != "[") + closing * depth)
    )


def _missing(record: Record, random: Random) -> None:
    record.pop(_some(record, random), None)


def _doubled(record: Record, random: Random) -> None:
    name = _some(record, random)
    record[name] = f"{random.choice(NUMBERS)},{json.dumps(name)}:{record.get(name, 'null')}"


def _unknown(record: Record, random: Random) -> None:
    record[random.choice(("note", "", "symbol ", "Symbol", "bid_size", "é", "x" * 1000))] = random.choice(
        VALUES
    )


def _swapped(record: Record, random: Random) -> None:
    one, other = _some(record, random), _some(record, random)
    record[one], record[other] = record.get(other, "null"), record.get(one, "null")


def _some(record: Record, random: Random) -> str:
    return random.choice(list(record) or ["note"])


def _cut(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


def _replaced(text: str, random: Random) -> str:
    place = random.randrange(len(text) + 1)
    return (
        text[:place]
        + random.choice(("\x00", '"', "\\", "{", "}", ",", "\u2028", "é", " "))
        + text[place + 1 :]
    )


def _whole(_: str, random: Random) -> str:
    return random.choice(WHOLE)


def _padded(text: str, random: Random) -> str:
    return text[:-1] + ',"pad":"' + "p" * random.choice((1, 5_000, 60_000)) + '"}'


def _twice(text: str, random: Random) -> str:
    return text + random.choice(("", " ", ",", "x")) + text


_BENDS = (_number, _number, _number, _text, _text, _value, _nested, _missing, _doubled, _unknown, _swapped)
_TEXT_BENDS = (_cut, _replaced, _whole, _padded, _twice)


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
    """Make a portfolio order of so many lines, as far as the broker takes them."""
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
