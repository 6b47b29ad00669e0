import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fintank.errors import FintankError
from fintank.samples import csv_forms
from fintank.samples.csv_forms import GivenForm
from fintank.samples.csv_text import LINE_CHARS_MAX, BadLine
from fintank.samples.quote_csv import read
from fintank.trading.messages import Quote
from fintank.wire.bolts import owner_ticks
from fintank.wire.kafka import ticks

HEADER = "timestamp,symbol,exchange,bid,ask,bid_size,ask_size\n"
NOW_MS = 1_764_000_000_000
TIME_US = 1_438_539_936_100_000
GOOD = "1438539936.1,IVE,NYSE,94,94.2,,\n"


def lines(text: str | bytes) -> list[Quote | BadLine]:
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    form, _ = csv_forms.guess(file, "quotes.csv", GivenForm())
    file.seek(0)
    return list(read(file, form, NOW_MS))


def only(text: str | bytes) -> Quote | BadLine:
    (line,) = lines(text)
    return line


def quote(time_us: int = TIME_US, bid: str = "94", ask: str = "94.2", *sizes: str | None) -> Quote:
    bid_size, ask_size = sizes or (None, None)
    return Quote("IVE", "NYSE", time_us, 0, 0, bid, ask, bid_size, ask_size)


def test_numbers_keep_their_text_and_times_are_whole_microseconds() -> None:
    line = "1723161254.087,BTCUSDT,BINANCE,61837.63000000,61837.64000000,3.78826000,\n"
    assert only(HEADER + line) == Quote(
        *("BTCUSDT", "BINANCE", 1_723_161_254_087_000, 0, 0),
        *("61837.63000000", "61837.64000000", "3.78826000", None),
    )


def test_columns_are_found_by_name_and_sizes_are_optional() -> None:
    text = b"\xef\xbb\xbfnote, ask,bid,exchange,symbol,timestamp\r\n\r\nx,94.2,94,NYSE,IVE,1438539936.1\r\n"
    assert only(text) == quote()


@pytest.mark.parametrize(
    ("timestamp", "time_us"),
    [
        ("1438539936.1", TIME_US),
        ("1.4385399361e+09", TIME_US),
        ("1.4385399361E9", TIME_US),
        ("1438539936", TIME_US - 100_000),
        ("1438539936.1000002", TIME_US),
        ("1438539936.1000006", TIME_US + 1),
    ],
)
def test_a_time_may_have_an_exponent_and_is_rounded_to_microseconds(timestamp: str, time_us: int) -> None:
    assert only(f"{HEADER}{timestamp},IVE,NYSE,94,94.2,,\n") == quote(time_us)


@pytest.mark.parametrize("number", ["8.05e-06", "0.00000805", "1.5e+07", "0.1234567890123456789012345678"])
def test_a_number_may_be_written_like_a_float(number: str) -> None:
    line = f"1438539936.1,IVE,NYSE,{number},{number},{number},{number}\n"
    assert only(HEADER + line) == quote(TIME_US, number, number, number, number)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "columns: 1 instead of 7"),
        (b"\0" * 48, "columns: 1 instead of 7"),
        (b"1438539936.1,IVE,NYSE,94,94.2,3,4,5", "columns: 8 instead of 7"),
        (
            b"1723161254024,IVE,NYSE,94,94.2,,",
            "timestamp '1723161254024' is not seconds since the epoch",
        ),
        (b"0,IVE,NYSE,94,94.2,,", "timestamp '0' is not seconds"),
        (b"9999999999,IVE,NYSE,94,94.2,,", "timestamp"),
        (b"-1,IVE,NYSE,94,94.2,,", "timestamp"),
        (b"2015-08-02,IVE,NYSE,94,94.2,,", "timestamp '2015-08-02' is not"),
        (b"1438539936.1," + b"X" * 65 + b",NYSE,94,94.2,,", "symbol '"),
        (b'1438539936.1,"IVE\0",NYSE,94,94.2,,', "symbol '"),
        (b"1438539936.1,I\xffE,NYSE,94,94.2,,", "symbol '"),
        (b"1438539936.1,IVE,,94,94.2,,", "exchange '"),
        (
            b"1438539936.1,IVE,NYSE,-0.1,94.2,,",
            "bid '-0.1' is not a decimal number of 0 or more, below 10^18, of at most 30 decimals (NOT_",
        ),
        (b"1438539936.1,IVE,NYSE,94,nan,,", "ask '"),
        (b"1438539936.1,IVE,NYSE,1e-400,94.2,,", "bid '1e-400' is not"),
        (b'1438539936.1,IVE,NYSE,"1,094.00","1,094.20",,', "bid '1,094.00' is not"),
        (b"1438539936.1,IVE,NYSE,94,94.2,many,", "bid_size 'many' is not"),
        (b"1438539936.1,IVE,NYSE,94,94.2,-1,", "bid_size '"),
        (b"1438539936.1,IVE,NYSE," + b"9" * 41 + b",94.2,,", "bid '"),
        (b'1438539936.1,"IVE,NYSE,94,94.2,,', "columns"),
        (b"1438539936.1,IVE,NYSE,94,94.2,," + b" " * 100_000, "longer than 65,536 characters"),
    ],
)
def test_a_bad_line_is_named_and_the_next_lines_are_read(line: bytes, reason: str) -> None:
    first, bad, last = lines((HEADER + GOOD).encode() + line + b"\n" + GOOD.encode())
    assert isinstance(first, Quote)
    assert isinstance(bad, BadLine)
    assert bad.number == 3
    assert reason in bad.reason
    assert isinstance(last, Quote)


def test_a_stray_quotation_mark_spoils_only_its_own_line() -> None:
    header = HEADER.replace("\n", ",note\n")
    notes = ['"said ""hi"", left"', '12" disk', '"two\nlines"', ""]
    found = lines(header + "".join(GOOD.replace("\n", f",{note}\n") for note in notes))
    assert [line.number for line in found if isinstance(line, BadLine)] == [5]
    assert sum(isinstance(line, Quote) for line in found) == 4


def test_many_lines_keep_their_order_and_their_numbers() -> None:
    found = lines(HEADER + (GOOD * 2 + "x\n") * 1_000)
    assert [isinstance(line, Quote) for line in found] == [True, True, False] * 1_000
    assert found[-1] == BadLine(3_001, "columns: 1 instead of 7")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_may_have_hundreds_of_other_columns(is_first: bool) -> None:
    names = ",".join(f"depth_level_{level}_quantity_of_the_book" for level in range(200))
    values = ",".join(["12345.67"] * 200)
    pairs = [(HEADER.strip(), names), (GOOD.strip(), values)]
    text = "".join(",".join(pair if is_first else reversed(pair)) + "\n" for pair in pairs)
    assert only(text) == quote()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"timestamp,symbol,bid\n", "no column ask: name them"),
        (b"", "is empty"),
        (b"\x28\xb5\x2f\xfd\x24\x00\x01", "is not text: decompress it"),
        (b"timestamp,symbol,exchange,bid,ask,bid,ask\n", "more than one column bid"),
        (b"x" * LINE_CHARS_MAX + b"\n", "is longer than 65,536 characters"),
        (b'"' + b"x" * 200_000 + b'"\n', "is longer than 65,536 characters"),
    ],
)
def test_an_invalid_header_is_one_clear_error(text: bytes, message: str) -> None:
    with pytest.raises(FintankError, match=rf"^quotes.csv: .*{message}"):
        lines(text)


def test_ignored_columns_may_be_duplicated() -> None:
    assert only(HEADER.replace("\n", ",note,note\n") + GOOD.replace("\n", ",a,b\n")) == quote()


_texts = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers().map(str),
    st.decimals(allow_nan=False).map(str),
    st.text(st.sampled_from("0123456789eE+-._ ni"), max_size=45),
)


@given(time=_texts, bid=_texts, ask=_texts, size=_texts)
@example(time="1438539936.1000005", bid="1e3", ask="1", size="-0.0")
def test_a_line_is_a_quote_when_its_values_in_json_are_a_tick(
    time: str, bid: str, ask: str, size: str
) -> None:
    values = {"timestamp": time.strip(), "symbol": "IVE", "exchange": "NYSE"}
    values |= {"bid": bid.strip(), "ask": ask.strip(), "bid_size": size.strip()}
    record = json.dumps({name: text for name, text in values.items() if text})
    parsed = ticks.to_lines("ticks", 0, f"0,1,{NOW_MS}", record)
    try:
        found = only(f"{HEADER}{time},IVE,NYSE,{bid},{ask},{size},\n")
    except FintankError:
        has_form = False
    else:
        has_form = True
    if not has_form:
        assert parsed.rejects
        return
    if parsed.rejects and parsed.rejects[0].reason == "TIMESTAMP_OUT_OF_RANGE" and isinstance(found, Quote):
        return  # the time was guessed to be in another unit
    if parsed.rejects:
        assert isinstance(found, BadLine)
        assert found.reason.endswith(f"({parsed.rejects[0].reason})")
    else:
        assert [found] == owner_ticks.quotes(0, parsed.quotes[0])


def test_a_negative_price_is_one_where_the_instrument_allows_it() -> None:
    text = f"{HEADER}1438539936.1,SPREAD,CME,-37.63,0,,\n1438539936.1,IVE,NYSE,-1,2,,\n".encode()
    file = io.BytesIO(text)
    form, _ = csv_forms.guess(file, "quotes.csv", GivenForm())
    file.seek(0)
    first, second = read(file, form, NOW_MS, allows_negative=lambda symbol: symbol == "SPREAD")
    assert isinstance(first, Quote)
    assert (first.bid, first.ask) == ("-37.63", "0")
    assert isinstance(second, BadLine)


@pytest.mark.parametrize("side", ["0", "0.00", ""])
def test_a_price_of_zero_or_none_is_an_empty_side(side: str) -> None:
    found = only(HEADER + f"1438539936.1,AAPL  261218C00150000,NYSE,{side},94.2,,3\n")
    assert (found.symbol, found.bid, found.ask) == ("AAPL  261218C00150000", None, "94.2")
