"""From records to line protocol and rejects: the rules of ticks on the wire."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintank.wire.kafka import ticks
from fintank.wire.kafka.ticks import to_lines

APPEND_MS = 1_438_540_000_000
ORIGINAL = (
    '{"ask": 94.190756, "timestamp": 1438539936.355217, "symbol": "IVE", "bid": 93.97388, '
    '"exchange": "NASDAQ"}'
)
NO_TICK = "{}"


def tick(**changes):
    fields = {"symbol": "IVE", "exchange": "NYSE", "bid": 94.1, "ask": 94.2, "timestamp": 1438539936.5}
    return json.dumps({**fields, **changes})


def batch_of(*records, first=1000, append_ms=APPEND_MS):
    return to_lines("ticks", 2, f"{first},{len(records)},{append_ms}", "\n".join(records))


def line_of(record, **options):
    batch = batch_of(record, **options)
    assert batch.rejects == []
    return batch.lines


def reason_of(record):
    batch = batch_of(record)
    assert (batch.lines, batch.offsets) == ("", "")
    (reject,) = batch.rejects
    assert (reject.topic, reject.partition, reject.offset, reject.payload) == ("ticks", 2, 1000, record)
    return reject.reason, reject.detail


def both_ways(record):
    """The record's line from the fast path, and from the careful path that a bad neighbour forces."""
    fast = batch_of(record).lines
    careful = batch_of(record, NO_TICK).lines
    assert fast == careful
    return fast


def test_the_original_example_is_accepted_as_it_is():
    assert both_ways(ORIGINAL) == (
        "bid_ask,exchange=NASDAQ,symbol=IVE bid=93.97388,ask=94.190756 1438539936355217000"
    )


def test_a_tick_with_sizes_has_them_in_its_line():
    assert both_ways(tick(bid_size=100, ask_size=20.5)) == (
        "bid_ask,exchange=NYSE,symbol=IVE bid=94.1,ask=94.2,bid_size=100,ask_size=20.5 1438539936500001000"
    )


@pytest.mark.parametrize("size", [0, 0.0, -0.0, "0", "-0", "-0.00", "0e-90"])
@pytest.mark.parametrize("other", [0, 1, "2.5"])
def test_a_size_of_zero_is_zero_however_it_is_written(size, other):
    batch = batch_of(tick(bid_size=size, ask_size=other))
    assert f",bid_size=0,ask_size={other} " in batch.lines
    assert batch.quotes[0].endswith(f" 0 {other}")


def test_a_size_as_text_keeps_its_text():
    assert "bid_size=12.50," in line_of(tick(bid_size="12.50", ask_size=1))


def test_a_size_of_null_is_an_absent_size():
    assert line_of(tick(bid_size=None, ask_size=7)).endswith(
        "bid=94.1,ask=94.2,ask_size=7 1438539936500001000"
    )


def test_a_tick_may_have_all_its_numbers_as_text():
    record = tick(bid="94.10", ask="94.20", timestamp="1438539936.500000", bid_size="0", ask_size="1.50")
    assert both_ways(record) == (
        "bid_ask,exchange=NYSE,symbol=IVE bid=94.10,ask=94.20,bid_size=0,ask_size=1.50 1438539936500001000"
    )


def test_unknown_fields_and_the_order_of_keys_do_not_matter():
    fields = json.loads(tick(venue_note={"a": [1, {"b": None}]}, sequence=5))
    assert line_of(json.dumps(dict(reversed(fields.items())))) == line_of(tick())


def test_a_tick_may_have_two_unknown_fields_in_place_of_sizes():
    assert line_of(tick(a=1, b=2)) == line_of(tick())


def test_of_two_equal_keys_the_last_one_counts():
    assert line_of(tick().replace("{", '{"bid": "x", ')) == line_of(tick())


@pytest.mark.parametrize(
    "text", ["93.97388", "94.1900", "110", "0.000001", "1e-7", "1E+2", "9" * 18, "0." + "0" * 29 + "1"]
)
def test_a_number_as_text_keeps_its_text(text):
    assert f" bid={text},ask=94.2 " in both_ways(tick(bid=text))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("110", "110"),
        ("110.0", "110.0"),
        ("1e-12", "1e-12"),
        ("123456789012345678", "123456789012345678"),
        ("9.99e17", "9.99e+17"),
        ("0.1000000000000000055", "0.1"),
    ],
)
def test_a_json_number_becomes_its_shortest_text(number, text):
    assert f" bid={text},ask=94.2 " in both_ways(tick(bid=0).replace('"bid": 0', f'"bid": {number}'))


@pytest.mark.parametrize("timestamp", [1438539936.355217, "1438539936.355217"])
def test_a_time_in_microseconds_gets_the_last_three_digits_of_its_offset(timestamp):
    assert line_of(tick(timestamp=timestamp), first=123_456_789).endswith(" 1438539936355217789")


@pytest.mark.parametrize("timestamp", [1438539936.355, "1438539936.355"])
def test_a_time_in_whole_milliseconds_gets_the_last_six_digits_of_its_offset(timestamp):
    assert line_of(tick(timestamp=timestamp), first=123_456_789).endswith(" 1438539936355456789")


def test_a_time_in_whole_seconds_may_be_an_integer():
    assert both_ways(tick(timestamp=1438539936)).endswith(" 1438539936000001000")


@pytest.mark.parametrize("microseconds", [1, 5, 217, 333, 500_001, 999_999])
def test_every_microsecond_of_a_time_is_kept(microseconds):
    record = tick(timestamp=float(f"1438539936.{microseconds:06d}"))
    assert line_of(record, first=0).endswith(f" 1438539936{microseconds:06d}000")


def test_a_time_may_lie_sixty_seconds_ahead_of_the_append_time_and_no_more():
    assert both_ways(tick(timestamp=APPEND_MS / 1000 + 60))
    reason, detail = reason_of(tick(timestamp=APPEND_MS / 1000 + 60.000001))
    assert reason == "TIMESTAMP_OUT_OF_RANGE"
    assert detail == "time_us=1438540060000001 earliest_us=631152000000000 latest_us=1438540060000000"


def test_each_record_is_held_against_its_own_append_time():
    record = tick(timestamp=APPEND_MS / 1000)
    batch = to_lines("ticks", 0, f"0,1,{APPEND_MS} 1,1,{APPEND_MS - 61_000}", f"{record}\n{record}")
    assert batch.offsets == "0,1"
    assert [(reject.offset, reject.reason) for reject in batch.rejects] == [(1, "TIMESTAMP_OUT_OF_RANGE")]


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
def test_a_record_that_is_no_json_object_is_rejected(record, reason):
    assert reason_of(record)[0] == reason


@pytest.mark.parametrize("field", ["symbol", "exchange", "bid", "ask", "timestamp"])
def test_a_record_that_misses_a_field_is_rejected_by_its_name(field):
    fields = json.loads(tick())
    del fields[field]
    assert reason_of(json.dumps(fields)) == ("MISSING_FIELD", f'field="{field}"')


@pytest.mark.parametrize("value", [None, True, 5, 1.5, [], {}])
@pytest.mark.parametrize("field", ["symbol", "exchange"])
def test_a_name_that_is_no_text_is_rejected(field, value):
    assert reason_of(tick(**{field: value})) == (
        "BAD_TYPE",
        f'field="{field}" value={json.dumps(value)}',
    )


@pytest.mark.parametrize(
    "value",
    ["", " ", "I VE", "I,VE", "I=VE", "IVE\n", "I\\VE", 'I"VE', "IVÉ", "I\u2028VE", "X" * 33, "{}", "٣"],
)
@pytest.mark.parametrize("field", ["symbol", "exchange"])
def test_a_name_that_can_not_be_a_tag_is_rejected(field, value):
    assert reason_of(tick(**{field: value}))[0] == "BAD_SYMBOL"


def test_a_name_may_hold_every_allowed_character():
    assert "symbol=EUR/USD:a.b_c-9 " in both_ways(tick(symbol="EUR/USD:a.b_c-9"))
    assert line_of(tick(symbol="X" * 32))


@pytest.mark.parametrize(
    "value",
    [None, True, False, [], {}, "", " ", "abc", "1,5", "+1", "1.", ".5", "01", "1_0", "0x1", "٣", "1" * 41],
)
@pytest.mark.parametrize("field", ["bid", "ask", "timestamp"])
def test_a_number_of_another_type_is_rejected(field, value):
    assert reason_of(tick(**{field: value}))[0] == "BAD_TYPE"


@pytest.mark.parametrize("value", [True, [], "abc"])
def test_a_size_of_another_type_is_rejected(value):
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


@pytest.mark.parametrize("value", [0, -0.0, 0.0, -1, -94.1, "0", "-1", "1e-999"])
@pytest.mark.parametrize("field", ["bid", "ask"])
def test_a_price_that_is_not_positive_is_rejected(field, value):
    assert reason_of(tick(**{field: value})) == (
        "NOT_POSITIVE",
        f'field="{field}" value={json.dumps(value)}',
    )


@pytest.mark.parametrize("field", ["bid", "ask", "bid_size", "ask_size"])
@pytest.mark.parametrize(
    "value", [1e18, "1e18", "9" * 19, 1.7976931348623157e308, 1e-31, "1e-31", 5e-324, "0." + "0" * 30 + "1"]
)
def test_a_number_that_no_order_could_have_is_rejected(field, value):
    sizes = {"bid_size": 1, "ask_size": 1}
    reason, detail = reason_of(tick(**{**sizes, field: value}))
    assert (reason, detail.split()[0]) == ("BAD_VALUE", f'field="{field}"')


@pytest.mark.parametrize("depth", [500, 900, 950, 990, 1000, 1010, 1020, 1023])
@pytest.mark.parametrize("field", ["symbol", "exchange", "bid", "timestamp"])
def test_a_field_nested_deeply_is_one_reject(field, depth):
    nested = "[" * depth + "]" * depth
    record = tick(**{field: 0}).replace(f'"{field}": 0', f'"{field}": {nested}')
    assert reason_of(record)[0] in ("BAD_TYPE", "NOT_JSON")
    assert line_of(tick(note=0).replace('"note": 0', f'"note": {nested}')) == line_of(tick())


def test_an_error_that_nobody_foresaw_is_the_fault_of_its_record_alone(monkeypatch):
    def fails(text, offset):
        if offset == 1001:
            raise ZeroDivisionError("x" * 10_000)
        return 5

    monkeypatch.setattr(ticks, "record_time_ns", fails)
    batch = batch_of(tick(), tick(), tick())
    assert batch.offsets == "1000,1 1002,1"
    (reject,) = batch.rejects
    assert (reject.offset, reject.reason) == (1001, "NOT_PROCESSED")
    assert reject.detail.startswith('error="ZeroDivisionError: xxx')
    assert len(reject.detail) < 200


@pytest.mark.parametrize("value", [-1, -0.5, "-3"])
def test_a_negative_size_is_rejected(value):
    assert reason_of(tick(bid_size=value, ask_size=1))[0] == "NEGATIVE"


def test_a_record_of_a_megabyte_is_a_tick_like_any_other_or_one_reject():
    assert line_of(tick(note="x" * 1_000_000)) == line_of(tick())
    assert reason_of(tick(symbol="x" * 1_000_000))[0] == "BAD_SYMBOL"


def test_good_ticks_around_bad_ones_keep_their_order_and_offsets():
    records = [tick(), "", tick(symbol="VTI"), tick(), "[]", "{}", tick(symbol="IWS")]
    batch = to_lines("ticks", 1, f"10,3,{APPEND_MS} 20,2,{APPEND_MS} 22,2,{APPEND_MS}", "\n".join(records))
    assert [line.split("symbol=")[1][:3] for line in batch.lines.split("\n")] == ["IVE", "VTI", "IVE", "IWS"]
    assert batch.offsets == "10,1 12,1 20,1 23,1"
    assert [(reject.offset, reject.reason) for reject in batch.rejects] == [
        (11, "EMPTY"),
        (21, "NOT_AN_OBJECT"),
        (22, "MISSING_FIELD"),
    ]


def test_a_batch_of_many_chunks_keeps_order_whatever_lies_between():
    records = [tick(symbol=f"S{number}") for number in range(2_345)]
    records[700] = "bad"
    batch = batch_of(*records, first=0)
    symbols = [line.split("symbol=")[1].split(" ")[0] for line in batch.lines.split("\n")]
    assert symbols == [f"S{number}" for number in range(2_345) if number != 700]
    assert batch.offsets == "0,700 701,1644"


def test_records_that_only_make_sense_together_are_rejected_one_by_one():
    batch = batch_of('{"a": "}', '{"}', f"{tick()},{tick()}")
    assert [reject.reason for reject in batch.rejects] == ["NOT_JSON"] * 3


def test_offsets_that_do_not_match_the_records_are_an_error():
    with pytest.raises(ValueError, match="ticks-0: 2 offsets for 1 records"):
        to_lines("ticks", 0, f"0,2,{APPEND_MS}", tick())


numbers = st.one_of(
    st.floats(), st.integers(), st.decimals().map(str), st.sampled_from(["", "1.5", None, True])
)
records = st.one_of(
    st.text('{}[]",:\\ \u2028é1x'),
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["IVE", "VTI", "I VE", 5]),
            "exchange": st.sampled_from(["NYSE", ""]),
            "bid": numbers,
            "ask": numbers,
            "timestamp": st.one_of(st.floats(631152000, 1438540060), numbers),
        },
        optional={"bid_size": numbers, "ask_size": numbers, "note": numbers},
    ).map(json.dumps),
)


@given(st.lists(records, min_size=1, max_size=20))
def test_every_record_becomes_one_line_or_one_reject_whatever_its_neighbours(texts):
    together = batch_of(*texts)
    alone = [batch_of(text, first=1000 + index) for index, text in enumerate(texts)]
    assert together.lines == "\n".join(batch.lines for batch in alone if batch.lines)
    assert together.rejects == [reject for batch in alone for reject in batch.rejects]
    assert together.lines.isascii()
