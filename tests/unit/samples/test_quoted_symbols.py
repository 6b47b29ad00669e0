"""Which symbols made-up orders can trade."""

from contextlib import nullcontext

import pytest

from fintank.samples import quoted_symbols
from fintank.samples.quoted_symbols import of_one_currency
from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.limits import Limits
from fintank.waiting import now_us
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.tick_json import tick_of_numbers


class Ticks:
    """Reads a tick of OIL and one of IVE, both with prices below 0."""

    def ends(self) -> dict[int, int]:
        return {0: 2}

    def last(self, _count: int, _ends: dict[int, int]) -> list[Record]:
        time_us = now_us()
        texts = [tick_of_numbers(symbol, "X", "-38.1", "-37.6", time_us) for symbol in ("OIL", "IVE")]
        return [Record("ticks", 0, offset, time_us // 1000, value=text) for offset, text in enumerate(texts)]


def test_a_symbol_may_be_quoted_below_0_if_its_instrument_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoted_symbols, "open_reader", lambda *_: nullcontext(Ticks()))
    instruments = Instruments((("OIL", Instrument(allow_negative=True)),), Instrument())
    assert quoted_symbols.quoted_symbols("", Limits(instruments=instruments)) == ["OIL"]


def test_a_portfolio_is_made_of_the_currency_that_most_symbols_have() -> None:
    usdt, usd = Instrument(currency="USDT"), Instrument(currency="USD")
    instruments = Instruments((("*USDT", usdt),), usd)
    assert of_one_currency(["BTCUSDT", "ETHUSDT", "IVE"], instruments) == ["BTCUSDT", "ETHUSDT"]
    assert of_one_currency(["BTCUSDT", "IVE", "VTI"], instruments) == ["IVE", "VTI"]
    assert of_one_currency([], instruments) == []
