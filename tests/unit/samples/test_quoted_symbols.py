from fintank.samples.quoted_symbols import of_one_currency
from fintank.trading.instruments import Instrument, Instruments


def test_a_portfolio_is_made_of_the_currency_that_most_symbols_have() -> None:
    usdt, usd = Instrument(currency="USDT"), Instrument(currency="USD")
    instruments = Instruments((("*USDT", usdt),), usd)
    assert of_one_currency(["BTCUSDT", "ETHUSDT", "IVE"], instruments) == ["BTCUSDT", "ETHUSDT"]
    assert of_one_currency(["BTCUSDT", "IVE", "VTI"], instruments) == ["IVE", "VTI"]
    assert of_one_currency([], instruments) == []
