"""Ticks: rejects."""

import json

import pytest
from support.tick_records import batch_of, both_ways, line_of, reason_of, tick

from fintank.wire.kafka import tick_record, ticks


def test_a_time_before_1990_is_rejected():
    assert both_ways(tick(timestamp=631152000))
    assert reason_of(tick(timestamp=631151999.999999))[0] == "TIMESTAMP_OUT_OF_RANGE"


@pytest.mark.parametrize(
    "timestamp",
    [1438539936355, 1438539936355217, -5, 0, 1e300, "1e300", 1e303, "1e303", -1e303, 1.7e308, -1.7e308, 1e11],
)
def test_a_time_in_other_units_is_out_of_range(timestamp):
    assert reason_of(tick(timestamp=timestamp))[0] == "TIMESTAMP_OUT_OF_RANGE"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", "EMPTY"),
        ("   ", "EMPTY"),
        ("{", "NOT_JSON"),
        (tick() + tick(), "NOT_JSON"),
        (tick() + "," + tick(), "NOT_JSON"),
        (tick()[:-1], "NOT_JSON"),
        ('{"symbol": "\\ud800"}', "NOT_JSON"),
        ("\x00", "NOT_JSON"),
        ("[" * 100_000, "NOT_JSON"),
        ('{"a":' * 100_000, "NOT_JSON"),
        ("[" * 100_000 + "]" * 100_000, "NOT_JSON"),
        ("9" * 100_000, "NOT_JSON"),
        ("[" + tick() + "]", "NOT_AN_OBJECT"),
        ("[]", "NOT_AN_OBJECT"),
        ("null", "NOT_AN_OBJECT"),
        ("94.1", "NOT_AN_OBJECT"),
        ('"IVE"', "NOT_AN_OBJECT"),
        ("{}", "MISSING_FIELD"),
        (tick(extra=float("nan")), "NOT_JSON"),
    ],
)
def test_a_record_that_is_not_a_json_object_is_rejected(record, reason):
    assert reason_of(record)[0] == reason


@pytest.mark.parametrize("field", ["symbol", "exchange", "timestamp"])
def test_a_missing_field_is_rejected_by_its_name(field):
    fields = json.loads(tick())
    del fields[field]
    assert reason_of(json.dumps(fields)) == ("MISSING_FIELD", f'field="{field}"')


@pytest.mark.parametrize("value", [None, True, 5, 1.5, [], {}])
@pytest.mark.parametrize("field", ["symbol", "exchange"])
def test_a_name_that_is_not_text_is_rejected(field, value):
    assert reason_of(tick(**{field: value})) == (
        "BAD_TYPE",
        f'field="{field}" value={json.dumps(value)}',
    )


@pytest.mark.parametrize(
    "value",
    ["", "IVE\n", "I\tVE", "I\u2028VE", "\x7f", "IVE\\", "I\\ VE", "I\\,VE", "I\\=VE", "X" * 65],
)
@pytest.mark.parametrize("field", ["symbol", "exchange"])
def test_a_name_that_cannot_be_a_tag_is_rejected(field, value):
    assert reason_of(tick(**{field: value}))[0] == "BAD_SYMBOL"


@pytest.mark.parametrize(
    "value",
    [True, False, [], {}, "", " ", "abc", "1,5", "+1", "1.", ".5", "01", "1_0", "0x1", "٣", "1" * 41],
)
@pytest.mark.parametrize("field", ["bid", "ask", "timestamp"])
def test_a_number_of_the_wrong_type_is_rejected(field, value):
    assert reason_of(tick(**{field: value}))[0] == "BAD_TYPE"


def test_a_time_of_null_is_rejected():
    assert reason_of(tick(timestamp=None))[0] == "BAD_TYPE"


@pytest.mark.parametrize("value", [True, [], "abc"])
def test_a_size_of_the_wrong_type_is_rejected(value):
    assert reason_of(tick(bid_size=value, ask_size=1))[0] == "BAD_TYPE"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 5000])
@pytest.mark.parametrize("field", ["bid", "ask", "timestamp", "bid_size"])
def test_a_number_that_is_not_finite_is_rejected(field, value):
    record = tick(**{field: 0}).replace(f'"{field}": 0', f'"{field}": {value}')
    reason, detail = reason_of(record)
    assert reason == "NOT_FINITE"
    assert detail.startswith(f'field="{field}" value=')


@pytest.mark.parametrize("value", ["NaN", "nan", "-inf", "Infinity", "1e999"])
def test_a_text_that_is_not_finite_is_rejected(value):
    for field in ("bid", "ask", "timestamp"):
        assert reason_of(tick(**{field: value}))[0] == "NOT_FINITE"


@pytest.mark.parametrize("value", [-1, -94.1, "-1", "-0.01"])
@pytest.mark.parametrize("field", ["bid", "ask"])
def test_a_price_below_zero_is_rejected(field, value):
    assert reason_of(tick(**{field: value})) == (
        "NOT_POSITIVE",
        f'field="{field}" value={json.dumps(value)}',
    )


@pytest.mark.parametrize("field", ["bid", "ask", "bid_size", "ask_size"])
@pytest.mark.parametrize(
    "value",
    [1e18, "1e18", "9" * 19, 1.7976931348623157e308, 1e-31, "1e-31", "1e-999", 5e-324, "0." + "0" * 30 + "1"],
)
def test_a_number_out_of_bounds_is_rejected(field, value):
    sizes = {"bid_size": 1, "ask_size": 1}
    reason, detail = reason_of(tick(**{**sizes, field: value}))
    assert (reason, detail.split()[0]) == ("BAD_VALUE", f'field="{field}"')


@pytest.mark.parametrize("depth", [500, 900, 950, 990, 1000, 1010, 1020, 1023])
@pytest.mark.parametrize("field", ["symbol", "exchange", "bid", "timestamp"])
def test_a_deeply_nested_field_is_one_reject(field, depth):
    nested = "[" * depth + "]" * depth
    record = tick(**{field: 0}).replace(f'"{field}": 0', f'"{field}": {nested}')
    assert reason_of(record)[0] in ("BAD_TYPE", "NOT_JSON")
    assert line_of(tick(note=0).replace('"note": 0', f'"note": {nested}')) == line_of(tick())


def test_an_unexpected_exception_rejects_only_its_own_record(monkeypatch):
    def fails(text, offset):
        if offset == 1001:
            raise ZeroDivisionError("x" * 10_000)
        return 5

    for module in (ticks, tick_record):
        monkeypatch.setattr(module, "record_time_ns", fails)
    batch = batch_of(tick(), tick(), tick())
    assert batch.offsets == "1000,1 1002,1"
    (reject,) = batch.rejects
    assert (reject.offset, reject.reason) == (1001, "NOT_PROCESSED")
    assert reject.detail.startswith('error="ZeroDivisionError: xxx')
    assert len(reject.detail) < 200


@pytest.mark.parametrize("value", [-1, -0.5, "-3"])
def test_a_negative_size_is_rejected(value):
    assert reason_of(tick(bid_size=value, ask_size=1))[0] == "NEGATIVE"


def test_a_record_of_a_megabyte_is_a_normal_tick_or_one_reject():
    assert line_of(tick(note="x" * 1_000_000)) == line_of(tick())
    assert reason_of(tick(symbol="x" * 1_000_000))[0] == "BAD_SYMBOL"


def test_records_that_only_make_sense_together_are_rejected_one_by_one():
    batch = batch_of('{"a": "}', '{"}', f"{tick()},{tick()}")
    assert [reject.reason for reject in batch.rejects] == ["NOT_JSON"] * 3
