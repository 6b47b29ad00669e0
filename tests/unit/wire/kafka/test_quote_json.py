import pytest

from fintank.trading.messages import Quote
from fintank.wire.kafka.quote_json import from_record
from fintank.wire.kafka.records import Record

ORIGINAL = (
    '{"ask": 94.190756, "timestamp": 1438539936.355217, "symbol": "IVE", '
    '"bid": 93.97388, "exchange": "NASDAQ"}'
)


def read(text: str) -> Quote:
    return from_record(Record("ticks", 2, 17, 0, b"IVE", text.encode()))


def test_a_tick_is_read_as_a_quote() -> None:
    quote = Quote("IVE", "NASDAQ", 1_438_539_936_355_217, 2, 17, "93.97388", "94.190756", None, None)
    assert read(ORIGINAL) == quote


def test_sizes_are_read_where_there_are_any() -> None:
    quote = read(ORIGINAL.replace("{", '{"bid_size": "100", "ask_size": 0.5, '))
    assert (quote.bid_size, quote.ask_size) == ("100", "0.5")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", ORIGINAL.replace("93.97388", "null")])
def test_what_is_no_tick_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z_]+ "):
        read(text)
