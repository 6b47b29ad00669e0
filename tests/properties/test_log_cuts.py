"""However the logs are cut and polled, time causes the same, at the same log times."""

import json
from typing import Any

import factories
from hypothesis import given
from hypothesis import strategies as st
from scenarios.core_world import ShardLog

from fintank.bolts.owned_shard import OwnedShard
from fintank.bolts.shard_feed import ShardFeed
from fintank.trading.limits import Limits
from fintank.trading.log_positions import LogEnds, Positions, Reached
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.recovery import restore

START_MS = factories.START // 1_000
LIMITS = Limits(max_quote_age_us=4_000_000, aggregation_window_us=700_000)
TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)
END_MS = 30_000

Logs = dict[Partition, list[tuple[int, Any]]]
"""Of each partition the append time, in ms after the start, and the content of its records."""
SYMBOLS = st.sampled_from(["A", "B"])
STEPS = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.one_of(
            st.tuples(st.just("tick"), SYMBOLS, st.sampled_from(["99", "100", "101"]), st.integers(-900, 0)),
            st.tuples(st.just("order"), SYMBOLS, st.sampled_from([1, 2, 3]), st.integers(1, 9)),
        ),
    ),
    min_size=5,
    max_size=25,
)


def logs(steps: list[Any]) -> Logs:
    found: Logs = {TICKS: [], ORDERS: []}
    at_ms = 0
    for wait_ms, (kind, symbol, what, number) in steps:
        at_ms += wait_ms
        if kind == "tick":
            log, at = found[TICKS], max(0.0, (at_ms + number) / 1_000)
            sizes = {"bid_size": "2", "ask_size": "2"}
            made = factories.quote(what, str(int(what) + 1), symbol=symbol, at=at, offset=len(log), **sizes)
        else:
            log, at = found[ORDERS], at_ms / 1_000
            ends = {"tif": "GTD", "ends": at + number} if number % 2 else {}
            name = f"o-{len(log)}"
            made = factories.order("3", cl_ord_id=name, symbol=symbol, priority=what, at=at, **ends)
        log.append((at_ms, made))
    return found


def run(found: Logs, strides: list[int], cut: int) -> tuple[list[Any], dict[str, Any]]:
    """Poll the logs at these strides in ms, in ranges of at most `cut` records."""
    log = ShardLog()
    start = Positions(START_MS, reached=Reached(START_MS * 1_000, None))
    feed = ShardFeed(OwnedShard(restore(LIMITS, [start]), log), start, [TICKS, ORDERS])
    for partition in found:  # what is told first sets the clock of the spout
        feed.reached(partition.topic, "id", LogEnds("spout", START_MS, None, False, {partition: (0, 0)}), 0)
    at_ms = poll = 0
    while at_ms < END_MS:
        at_ms = min(at_ms + strides[poll % len(strides)], END_MS)
        poll += 1
        for partition, all_records in found.items():
            records = [(ms, made) for ms, made in all_records if ms < at_ms]
            ends = {partition: (0, len(records))}
            told = LogEnds("spout", START_MS + at_ms, None, False, ends)
            for first in range(0, len(records), cut):
                part = records[first : first + cut]
                runs = [Run(first + n, 1, START_MS + ms) for n, (ms, _) in enumerate(part)]
                offsets = range(first, first + len(part))
                feed.offer(partition, "id", Range(first, offsets.stop, runs, offsets, [m for _, m in part]))
            feed.reached(partition.topic, "id", told, at_ms)
        feed.decide(at_ms)
        feed.commit()
    # A sweep forgets what is too old whenever it comes; a last one brings all to the same state.
    feed.owned.forget((START_MS + END_MS) * 1_000)
    feed.commit()
    lazy = ("positions|", "reference|")
    journal = {key: json.loads(text) for key, text in log.journal.items() if not key.startswith(lazy)}
    return log.executions, journal


@given(STEPS, st.lists(st.integers(100, 5_000), min_size=1, max_size=4), st.integers(1, 9))
def test_other_cuts_and_polls_change_nothing(steps: list[Any], strides: list[int], cut: int) -> None:
    found = logs(steps)
    assert run(found, strides, cut) == run(found, [END_MS], 99)
