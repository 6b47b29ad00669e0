"""Ticks: records to line protocol."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tick_records import APPEND_MS, batch_of, both_ways, line_of, reason_of, tick

from fintank.wire.kafka.ticks import to_lines

ORIGINAL = (
    '{"ask": 94.190756, "timestamp": 1438539936.355217, "symbol": "IVE", "bid": 93.97388, '
    '"exchange": "NASDAQ"}'
)


def test_the_original_example_is_accepted():
    assert both_ways(ORIGINAL) == (
        "bid_ask,exchange=NASDAQ,symbol=IVE bid=93.97388,ask=94.190756 1438539936355217000"
    )


def test_a_tick_with_sizes_has_them_in_its_line():
    assert both_ways(tick(bid_size=100, ask_size=20.5)) == (
        "bid_ask,exchange=NYSE,symbol=IVE bid=94.1,ask=94.2,bid_size=100,ask_size=20.5 1438539936500001000"
    )


EMPTY = [
    *({"bid": price} for price in (None, 0, 0.0, -0.0, "0", "-0", "-0.00", "0e-90")),
    *({"bid_size": size} for size in (0, 0.0, -0.0, "0", "-0", "-0.00", "0e-90")),
    {"bid": 0, "bid_size": 300},
]


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("size", ["1", "2.5"])
def test_every_way_to_write_an_empty_side_leaves_it_out(empty, size):
    batch = batch_of(tick(**empty, ask_size=size))
    assert batch.lines == f"bid_ask,exchange=NYSE,symbol=IVE ask=94.2,ask_size={size} 1438539936500001000"
    assert batch.quotes == [f"IVE NYSE 1438539936500000 1000 - 94.2 - {size}".replace(" ", "\t")]


def test_an_absent_price_is_an_empty_side():
    record = tick().replace('"ask": 94.2, ', "")
    assert line_of(record) == "bid_ask,exchange=NYSE,symbol=IVE bid=94.1 1438539936500001000"


def test_a_tick_without_any_side_has_a_point_that_says_so():
    batch = batch_of(tick(bid=0, ask=None, ask_size=5))
    assert batch.lines == "bid_ask,exchange=NYSE,symbol=IVE withdrawn=1i 1438539936500001000"
    assert batch.quotes == ["IVE NYSE 1438539936500000 1000 - - - -".replace(" ", "\t")]


def test_a_size_as_text_keeps_its_text():
    assert "bid_size=12.50," in line_of(tick(bid_size="12.50", ask_size=1))


def test_a_size_of_null_is_an_absent_size():
    assert line_of(tick(bid_size=None, ask_size=7)).endswith(
        "bid=94.1,ask=94.2,ask_size=7 1438539936500001000"
    )


def test_all_numbers_of_a_tick_can_be_text():
    record = tick(bid="94.10", ask="94.20", timestamp="1438539936.500000", bid_size="3", ask_size="1.50")
    assert both_ways(record) == (
        "bid_ask,exchange=NYSE,symbol=IVE bid=94.10,ask=94.20,bid_size=3,ask_size=1.50 1438539936500001000"
    )


def test_unknown_fields_and_the_order_of_keys_do_not_matter():
    fields = json.loads(tick(venue_note={"a": [1, {"b": None}]}, sequence=5))
    assert line_of(json.dumps(dict(reversed(fields.items())))) == line_of(tick())


def test_a_tick_may_have_two_unknown_fields_in_place_of_sizes():
    assert line_of(tick(a=1, b=2)) == line_of(tick())


def test_of_two_fields_with_one_name_the_last_one_counts():
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


def test_a_tick_ahead_of_its_append_time_counts_as_of_that_and_is_stored_as_it_came():
    for append_ms, counted_us in ((1438539936_499, 1438539936_499000), (1438539936_500, 1438539936_500000)):
        batch = batch_of(tick(), append_ms=append_ms)
        assert batch.lines.endswith(" 1438539936500001000")
        assert batch.quotes[0].split("\t")[2] == str(counted_us)


def test_a_time_can_be_at_most_sixty_seconds_ahead_of_the_append_time():
    assert both_ways(tick(timestamp=APPEND_MS / 1000 + 60))
    reason, detail = reason_of(tick(timestamp=APPEND_MS / 1000 + 60.000001))
    assert reason == "TIMESTAMP_OUT_OF_RANGE"
    assert detail == "time_us=1438540060000001 earliest_us=631152000000000 latest_us=1438540060000000"


def test_each_record_is_compared_with_its_own_append_time():
    record = tick(timestamp=APPEND_MS / 1000)
    batch = to_lines("ticks", 0, f"0,1,{APPEND_MS} 1,1,{APPEND_MS - 61_000}", f"{record}\n{record}")
    assert batch.offsets == "0,1"
    assert [(reject.offset, reject.reason) for reject in batch.rejects] == [(1, "TIMESTAMP_OUT_OF_RANGE")]


def test_a_name_can_have_every_allowed_character():
    for symbol in ("EUR/USD:a.b_c-9", "^GSPC", "M&M.NS", "IVÉ", "٣", 'I"VE', "{}", "I\\VE", "X" * 64):
        assert f",symbol={symbol} bid=" in both_ways(tick(symbol=symbol))
    assert ",symbol=ES\\=F bid=" in both_ways(tick(symbol="ES=F"))
    assert ",exchange=A\\,B,symbol=AAPL\\ \\ 261218C00150000 bid=" in both_ways(
        tick(symbol="AAPL  261218C00150000", exchange="A,B")
    )


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


def test_a_batch_of_many_chunks_keeps_its_order_around_a_reject():
    records = [tick(symbol=f"S{number}") for number in range(2_345)]
    records[700] = "bad"
    batch = batch_of(*records, first=0)
    symbols = [line.split("symbol=")[1].split(" ")[0] for line in batch.lines.split("\n")]
    assert symbols == [f"S{number}" for number in range(2_345) if number != 700]
    assert batch.offsets == "0,700 701,1644"


def test_mismatched_offsets_and_records_are_an_error():
    with pytest.raises(ValueError, match="ticks-0: 2 offsets for 1 records"):
        to_lines("ticks", 0, f"0,2,{APPEND_MS}", tick())


numbers = st.one_of(
    st.floats(), st.integers(), st.decimals().map(str), st.sampled_from(["", "1.5", None, True])
)
records = st.one_of(
    st.text('{}[]",:\\ \u2028é1x'),
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["IVE", "VTI", "I VE", "I\\ VE", 5]),
            "exchange": st.sampled_from(["NYSE", ""]),
            "bid": numbers,
            "ask": numbers,
            "timestamp": st.one_of(st.floats(631152000, 1438540060), numbers),
        },
        optional={"bid_size": numbers, "ask_size": numbers, "note": numbers},
    ).map(json.dumps),
)


@given(st.lists(records, min_size=1, max_size=20))
def test_every_record_becomes_one_line_or_one_reject_whatever_its_neighbors(texts):
    together = batch_of(*texts)
    alone = [batch_of(text, first=1000 + index) for index, text in enumerate(texts)]
    assert together.lines == "\n".join(batch.lines for batch in alone if batch.lines)
    assert together.rejects == [reject for batch in alone for reject in batch.rejects]
