import json

import pytest

from fintank.commands.show import COLUMNS, as_json, readable, utc
from fintank.wire.kafka.records import Record


def record(key: bytes | None, value: bytes | None) -> Record:
    return Record("ticks", 2, 1234, 1_438_539_936_355, key, value)


def test_a_record_is_aligned_with_its_columns() -> None:
    line = readable(record(b"IVE", b'{"bid": 93.97}'))
    assert line == '        2        1234  2015-08-02T18:25:36.355Z  IVE       {"bid": 93.97}'
    assert COLUMNS.index("value") == line.index("{")


def test_control_characters_are_escaped_and_stay_on_one_line() -> None:
    assert readable(record(None, b"\xff\n\x1b[31m \xc3\xa9")).endswith("(null)    \\xff\\n\\x1b[31m é")


def test_a_long_value_is_cut_and_its_length_is_shown() -> None:
    line = readable(record(b"IVE", b"x" * 1_000_000))
    assert len(line) < 3_000
    assert line.endswith("... (1,000,000 bytes)")


def test_json_keeps_text_unchanged() -> None:
    assert json.loads(as_json(record(b"IVE", "é\n".encode()))) == {
        "topic": "ticks",
        "partition": 2,
        "offset": 1234,
        "time": "2015-08-02T18:25:36.355Z",
        "key": "IVE",
        "value": "é\n",
    }


def test_json_has_the_exact_bytes_of_a_value_that_is_not_utf8() -> None:
    shown = json.loads(as_json(record(None, b"a\xff")))
    assert (shown["key"], shown["value"], shown["value_base64"]) == (None, "a\\xff", "Yf8=")


@pytest.mark.parametrize(
    ("time_ms", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_881_600_000_000, "1795881600000000 ms"),
        (2**63 - 1, f"{2**63 - 1} ms"),
        (-(2**63), f"{-(2**63)} ms"),
    ],
)
def test_any_record_time_can_be_shown(time_ms: int, expected: str) -> None:
    assert utc(time_ms) == expected
