"""Single ticks, read and written."""

import json

import pytest

from fintank.trading.messages import Quote
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.tick_json import from_record, tick_of_numbers, tick_of_texts

ORIGINAL = (
    '{"ask": 94.190756, "timestamp": 1438539936.355217, "symbol": "IVE", '
    '"bid": 93.97388, "exchange": "NASDAQ"}'
)


APPEND_MS = 1_438_539_937_000


def read(text: str) -> Quote:
    return from_record(Record("ticks", 2, 17, APPEND_MS, b"IVE", text.encode()))


def test_a_tick_is_read_as_a_quote() -> None:
    quote = Quote("IVE", "NASDAQ", 1_438_539_936_355_217, 2, 17, "93.97388", "94.190756", None, None)
    assert read(ORIGINAL) == quote


def test_a_tick_ahead_of_its_append_time_counts_as_of_that() -> None:
    assert read(ORIGINAL.replace("1438539936.3", "1438539938.3")).time_us == APPEND_MS * 1000


@pytest.mark.parametrize(
    "bid", ['"bid": null', '"bid": 0', '"bid": "0.00"', '"bid_size": 0, "bid": 1', '"x": 1']
)
def test_an_empty_side_has_neither_price_nor_size(bid: str) -> None:
    quote = read(ORIGINAL.replace('"bid": 93.97388', bid))
    assert (quote.bid, quote.bid_size, quote.ask) == (None, None, "94.190756")
    again = json.loads(tick_of_texts(quote))
    assert (again["bid"], "bid_size" in again) == (None, False)


@pytest.mark.parametrize("field", ['"bid": -1', '"ask": "-0.5"', '"ask_size": -1', '"bid_size": "-0.1"'])
def test_a_negative_price_or_size_is_an_error_unless_the_instrument_allows_the_price(field: str) -> None:
    text = ORIGINAL.replace("}", f", {field}}}")
    with pytest.raises(ValueError, match=r"NEGATIVE|NOT_POSITIVE"):
        read(text)
    record = Record("ticks", 2, 17, APPEND_MS, b"IVE", text.encode())
    if "size" not in field:
        quote = from_record(record, allows_negative=lambda symbol: symbol == "IVE")
        assert "-" in f"{quote.bid}{quote.ask}"


def test_a_symbol_may_need_escaping() -> None:
    quote = read(ORIGINAL)._replace(symbol='I"V\\E')
    assert read(tick_of_texts(quote).decode()) == quote
    assert json.loads(tick_of_numbers('I"V\\E', "X", "1", "2", 5))["symbol"] == 'I"V\\E'


def test_sizes_are_read_if_present() -> None:
    quote = read(ORIGINAL.replace("{", '{"bid_size": "100", "ask_size": 0.5, '))
    assert (quote.bid_size, quote.ask_size) == ("100", "0.5")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", ORIGINAL.replace("93.97388", "[]")])
def test_anything_but_a_tick_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z_]+ "):
        read(text)


@pytest.mark.parametrize(
    "field",
    [
        '"bid": "1e400"',
        '"ask": 1e18',
        '"bid_size": "1e18"',
        f'"bid": "0.{"1" * 31}"',
        '"timestamp": 1438543537',
    ],
)
def test_what_the_topology_rejects_is_no_tick(field: str) -> None:
    with pytest.raises(ValueError, match=r"^(NOT_FINITE|BAD_VALUE|BAD_TYPE|TIMESTAMP_OUT_OF_RANGE) "):
        read(ORIGINAL.replace("}", f", {field}}}"))


def test_prices_can_be_json_numbers() -> None:
    record = tick_of_numbers("IVE", "NASDAQ", "93.90", "94.19", 1_438_539_936_355_217)
    assert record == (
        b'{"ask": 94.19, "timestamp": 1438539936.355217, "symbol": "IVE", "bid": 93.90, "exchange": "NASDAQ"}'
    )


def test_numbers_can_be_strings_so_that_each_digit_survives() -> None:
    quote = Quote(
        symbol="BTCUSDT",
        exchange="BINANCE",
        time_us=1_000_000,
        partition=0,
        offset=7,
        bid="61837.63000000",
        ask="61837.64000000",
        bid_size=None,
        ask_size="1.54698000",
    )
    assert json.loads(tick_of_texts(quote)) == {
        "ask": "61837.64000000",
        "timestamp": 1.0,
        "symbol": "BTCUSDT",
        "bid": "61837.63000000",
        "exchange": "BINANCE",
        "ask_size": "1.54698000",
    }
