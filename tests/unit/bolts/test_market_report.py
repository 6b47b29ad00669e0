from typing import Any

import factories
import pytest

from fintank.bolts import market_report
from fintank.bolts.market_report import MarketReport
from fintank.bolts.owned_shard import OwnedShard
from fintank.bolts.shard_feed import ShardFeed
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.partition_log import Partition
from fintank.trading.shard import Shard

LIMITS = Limits()
LOG_US = 2 * 10**15


class NoLog:
    def commit(self, *_: object) -> None:
        raise AssertionError


def feed(*quotes: Any) -> ShardFeed:
    shard = Shard(LIMITS)
    for quote in quotes:
        shard.on_quote(quote, LOG_US)
    return ShardFeed(OwnedShard(shard, NoLog()), Positions(LOG_US // 1000), [Partition("ticks", 0)])


def reported(*feeds: ShardFeed) -> tuple[dict[str, int], list[str]]:
    report = MarketReport(9, feeds, LIMITS.market_collar)
    report.look()
    levels = {name: count for name, count in report.levels().items() if "open" not in name}
    return levels, list(report.points(1_764_000_000))


def test_the_worst_symbols_of_all_shards_are_named_by_rank_and_the_others_only_counted() -> None:
    feeds = [
        feed(
            factories.quote("1", "2", symbol=f"S{number}", exchange="NYSE"),
            factories.quote("1", "2", symbol=f"S{number}", exchange="ARCA", at=6 + number),
        )
        for number in range(7)
    ]
    levels, points = reported(*feeds)
    assert levels == {"crossed_symbols": 0, "crossed_ms": 0, "silent_symbols": 7}
    silent = [point for point in points if point.startswith("quote_faults")]
    assert silent[0] == (
        'quote_faults,fault=silent,rank=1,task=9 symbol="S6",exchanges="NYSE",exchange_count=1i,'
        "lasted_ms=12000i 1764000000000000000"
    )
    assert [point.split('"')[1] for point in silent] == ["S6", "S5", "S4", "S3", "S2"]


def test_a_crossed_symbol_is_named_with_the_exchanges_that_are_left_out() -> None:
    venues = [factories.quote("2", "1", exchange=f"V{number}", offset=number) for number in range(7)]
    levels, points = reported(feed(*venues))
    assert levels == {"crossed_symbols": 1, "crossed_ms": 0, "silent_symbols": 0}
    assert 'symbol="IVE",exchanges="V0, V1, V2, V3, V4",exchange_count=7i,lasted_ms=0i' in points[0]


def test_a_reference_price_is_written_with_its_collar_at_the_time_of_the_latest_tick() -> None:
    symbol = "AAPL  261218C00150000"
    _, points = reported(feed(factories.quote("93", "95", symbol=symbol)))
    time_us = factories.quote().time_us
    assert points == [
        "reference_price,symbol=AAPL\\ \\ 261218C00150000 "
        f"collar_high=103.4,collar_low=84.6,price=94 {time_us}000"
    ]


def test_reference_prices_take_turns_and_are_written_once_for_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market_report, "REFERENCES_MAX", 2)
    quotes = [factories.quote(symbol=f"S{number}", offset=number) for number in range(3)]
    ticking = feed(*quotes)
    report = MarketReport(9, [ticking], LIMITS.market_collar)
    written: list[list[str]] = []

    def second() -> None:
        report.look()
        written.append(
            [point.split(" ")[0].removeprefix("reference_price,symbol=") for point in report.points(1)]
        )

    for _ in range(3):
        second()
    assert written == [["S0", "S1"], ["S2"], []]
    ticking.owned.core.on_quote(factories.quote(symbol="S1", at=1), LOG_US)
    second()
    assert written[-1] == ["S1"]
    written.clear()
    for at in range(2, 5):
        for number in range(3):
            ticking.owned.core.on_quote(factories.quote(symbol=f"S{number}", at=at), LOG_US)
        second()
    assert written == [["S0", "S1"], ["S2", "S0"], ["S1", "S0"]]


def test_what_was_written_is_remembered_of_a_bounded_number_of_symbols(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market_report, "REMEMBERED_MAX", 2)
    ticking = feed(*(factories.quote(symbol=f"S{number}") for number in range(3)))
    report = MarketReport(9, [ticking], LIMITS.market_collar)
    for _ in range(2):
        report.look()
        assert len(list(report.points(1))) == 3
