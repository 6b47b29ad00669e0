from collections.abc import Callable
from typing import Any

import pytest

from fintank.trading import quote_faults
from fintank.trading.limits import Limits
from fintank.trading.quote_faults import FaultySymbol, QuoteFaults
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
LOG_US = 2 * 10**15


def fed(*quotes: Any) -> Shard:
    shard = Shard(Limits())
    for quote in quotes:
        shard.on_quote(quote, LOG_US)
    return shard


def test_a_symbol_is_crossed_for_as_long_as_each_look_finds_quotes_that_are_left_out(quote: Make) -> None:
    shard = fed(quote("94", "95", exchange="NYSE"), quote("96", "97", exchange="ARCA", at=1))
    faults = QuoteFaults(shard.state)
    assert faults.look(LOG_US) == ["IVE"]
    assert faults.crossed == {"IVE": FaultySymbol("IVE", ("NYSE",), 0)}
    faults.look(LOG_US + 2 * SECOND)
    assert faults.crossed == {"IVE": FaultySymbol("IVE", ("NYSE",), 2 * SECOND)}
    shard.on_quote(quote("96", "97", exchange="NYSE", at=2), LOG_US)
    faults.look(LOG_US + 3 * SECOND)
    assert faults.crossed == {}
    shard.on_quote(quote("94", "95", exchange="NYSE", at=3), LOG_US)
    faults.look(LOG_US + 4 * SECOND)
    assert faults.crossed["IVE"].lasted_us == 0


@pytest.mark.parametrize(("bid", "ask"), [("94", "94"), (None, "90"), ("99", None), (None, None)])
def test_a_locked_or_an_empty_market_is_not_crossed(quote: Make, bid: str | None, ask: str | None) -> None:
    faults = QuoteFaults(fed(quote(bid, ask, exchange="NYSE")).state)
    faults.look(LOG_US)
    assert faults.crossed == {}


def test_two_prices_that_are_the_same_as_floats_can_cross(quote: Make) -> None:
    tiny = "94.00000000000000000001"
    quotes = quote(tiny, None, exchange="NYSE"), quote(None, "94", exchange="ARCA", at=1)
    assert float(tiny) == 94
    faults = QuoteFaults(fed(*quotes).state)
    faults.look(LOG_US)
    assert faults.crossed["IVE"].exchanges == ("NYSE",)


def test_a_symbol_whose_crossing_quote_gets_too_old_is_no_longer_crossed(quote: Make) -> None:
    shard = fed(quote("97", "95", exchange="NYSE"))
    faults = QuoteFaults(shard.state)
    faults.look(LOG_US)
    assert faults.crossed.keys() == {"IVE"}
    faults.look(LOG_US + 300 * SECOND + 1)
    assert faults.crossed == {}


def test_an_exchange_is_silent_when_it_is_too_far_behind_and_has_not_withdrawn(quote: Make) -> None:
    shard = fed(
        quote(exchange="NYSE", at=3),
        quote(exchange="ARCA", at=1),
        quote(None, None, exchange="BATS", at=1),
        quote(exchange="NASDAQ", at=8),
    )
    faults = QuoteFaults(shard.state)
    faults.look(LOG_US)
    assert faults.silent == {"IVE": FaultySymbol("IVE", ("ARCA",), 7 * SECOND)}
    shard.on_quote(quote(exchange="NASDAQ", at=9), LOG_US)
    faults.look(LOG_US)
    assert faults.silent == {"IVE": FaultySymbol("IVE", ("ARCA", "NYSE"), 8 * SECOND)}
    for exchange in ("ARCA", "NYSE"):
        shard.on_quote(quote(exchange=exchange, at=9), LOG_US)
    faults.look(LOG_US)
    assert faults.silent == {}


def test_a_second_looks_at_a_bounded_number_of_symbols_and_again_at_those_that_are_crossed(
    quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_faults, "SYMBOLS_MAX", 2)
    shard = fed(*(quote("95", "94", symbol=f"S{number}") for number in range(5)))
    faults = QuoteFaults(shard.state)
    looked = [faults.look(LOG_US + second * SECOND) for second in range(3)]
    assert sorted(symbol for second in looked for symbol in second) == [f"S{number}" for number in range(5)]
    assert {symbol: found.lasted_us for symbol, found in faults.crossed.items()} == {
        "S3": 2 * SECOND,
        "S4": 2 * SECOND,
        "S1": 0,
        "S2": 0,
        "S0": 0,
    }


def test_a_symbol_that_is_forgotten_is_not_faulty(quote: Make) -> None:
    shard = fed(quote("95", "94"), quote(symbol="VTI", exchange="ARCA"), quote(symbol="VTI", at=9))
    faults = QuoteFaults(shard.state)
    faults.look(LOG_US)
    assert (set(faults.crossed), set(faults.silent)) == ({"IVE"}, {"VTI"})
    shard.state.books.clear()
    assert faults.look(LOG_US) == []
    assert (faults.crossed, faults.silent) == ({}, {})


def test_looking_changes_nothing_that_is_decided(quote: Make) -> None:
    shard = fed(quote("94", "95"), quote("96", "97", at=1))
    book = shard.state.books["IVE"]
    before = book.reference.state, book.clock.state
    QuoteFaults(shard.state).look(LOG_US + 60 * SECOND)
    assert (book.reference.state, book.clock.state) == before
    assert before[0].candidate is not None, "a second later it would be the reference price"


@pytest.mark.parametrize("prices", [("93", None), (None, "95")])
def test_an_exchange_with_one_side_is_silent_too(quote: Make, prices: tuple[str | None, str | None]) -> None:
    faults = QuoteFaults(fed(quote(*prices, exchange="NYSE"), quote(exchange="ARCA", at=6)).state)
    faults.look(LOG_US)
    assert faults.silent == {"IVE": FaultySymbol("IVE", ("NYSE",), 6 * SECOND)}


def test_how_long_is_a_difference_of_times_however_early_they_are(quote: Make) -> None:
    shard = Shard(Limits(max_quote_lag_us=1))
    shard.on_quote(quote("97", "95")._replace(time_us=3, exchange="NYSE"), 3)
    faults = QuoteFaults(shard.state)
    faults.look(5)
    faults.look(17)
    assert faults.crossed["IVE"].lasted_us == 12
    shard.on_quote(quote("97", "98")._replace(time_us=20, exchange="ARCA"), 20)
    faults.look(20)
    assert faults.silent["IVE"].lasted_us == 17
