"""Records of each topic, valid or broken in one to three places, generated from a seed.

They are raw JSON text, so that a number can become what no JSON library would write.
"""

import json
from random import Random

from properties.valid_records import RECORD_BYTES_MAX, Record, Topic, text_of

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
