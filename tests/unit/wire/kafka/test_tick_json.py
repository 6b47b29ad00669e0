import json

from fintank.trading.messages import Quote
from fintank.wire.kafka.tick_json import tick_of_numbers, tick_of_texts


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
