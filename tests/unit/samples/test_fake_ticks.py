import json
from itertools import islice, pairwise

from fintank.samples.fake_ticks import quotes, records, times_over_span_us

NOW_US = 1_700_000_000_123_456
HOUR_US = 3_600_000_000


def test_the_same_seed_gives_the_same_quotes_whatever_the_times() -> None:
    def without_time(now_us: int) -> list[tuple[object, ...]]:
        made = records("7", 3, times_over_span_us(500, HOUR_US, now_us, "7"))
        ticks = [json.loads(value) for _, value in made]
        return [(tick["symbol"], tick["exchange"], tick["bid"], tick["ask"]) for tick in ticks]

    assert without_time(NOW_US) == without_time(NOW_US + 987_654_321)


def test_another_seed_gives_other_quotes() -> None:
    assert list(islice(quotes("1", 3), 50)) != list(islice(quotes("2", 3), 50))


def test_the_named_symbols_walk_around_their_prices_on_both_venues() -> None:
    start_cents = {"VTI": 11_000, "IVE": 9_400, "IWS": 7_400}
    seen = set()
    for symbol, exchange, bid_cents, ask_cents in islice(quotes("1", 3), 100_000):
        seen.add((symbol, exchange))
        assert abs(bid_cents - start_cents[symbol]) < start_cents[symbol] / 4
        assert 1 <= ask_cents - bid_cents <= 7
    assert seen == {(symbol, exchange) for symbol in start_cents for exchange in ("NYSE", "NASDAQ")}


def test_the_two_venues_seldom_cross() -> None:
    held: dict[tuple[str, str], tuple[int, int]] = {}
    crossed = 0
    for symbol, exchange, bid, ask in islice(quotes("1", 3), 20_000):
        held[symbol, exchange] = (bid, ask)
        other_bid, other_ask = held.get((symbol, "NYSE" if exchange == "NASDAQ" else "NASDAQ"), (bid, ask))
        crossed += max(bid, other_bid) > min(ask, other_ask)
    assert 0 < crossed < 1_000


def test_more_symbols_are_made_up_after_the_named_ones() -> None:
    symbols = {symbol for symbol, *_ in islice(quotes("1", 5), 1_000)}
    assert symbols == {"VTI", "IVE", "IWS", "FAKE4", "FAKE5"}
    assert {symbol for symbol, *_ in islice(quotes("1", 1), 100)} == {"VTI"}


def test_times_increase_and_fill_the_span_up_to_now_evenly() -> None:
    times = list(times_over_span_us(10_000, HOUR_US, NOW_US, "1"))
    slot_us = HOUR_US / 10_000
    assert all(earlier < later for earlier, later in pairwise(times))
    for number, time_us in enumerate(times):
        slot_start_us = NOW_US - HOUR_US + number * slot_us
        assert slot_start_us <= time_us < slot_start_us + slot_us


def test_as_many_ticks_as_microseconds_still_increase() -> None:
    assert list(times_over_span_us(5, 5, 100, None)) == [95, 96, 97, 98, 99]


def test_a_record_has_the_original_format() -> None:
    ((key, value),) = records("1", 1, [1_438_539_936_000_217])
    tick = json.loads(value)
    assert key == "VTI"
    assert list(tick) == ["ask", "timestamp", "symbol", "bid", "exchange"]
    assert b'"timestamp": 1438539936.000217' in value
    assert isinstance(tick["bid"], float)
