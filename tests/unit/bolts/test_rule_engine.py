"""What the rule engine decides, commits and acks, and when."""

import gc
import json
import weakref
from decimal import Decimal

import pytest
from support.metrics import RecordedMetrics
from support.rule_engine import (
    SECOND,
    START,
    SYMBOLS,
    Kafka,
    Tick,
    cancel,
    order,
    run_engine,
    storm_tick,
)

from fintank import settings
from fintank.adapters import rules_file
from fintank.bolts import rule_engine
from fintank.trading.log_merge import LogMerge
from fintank.trading.messages import ExecType, OrdType, State, TimeInForce, TradingState
from fintank.trading.partition_log import Partition
from fintank.trading.timeline import Adoption, Jump


def test_it_adopts_the_shards_of_its_task_before_anything_else(kafka: Kafka) -> None:
    run_engine(kafka, [], owner=1, owners=2)
    assert kafka.events == [("adopt", 1), ("adopt", 3)]


def test_a_task_beyond_the_number_of_shards_owns_none(kafka: Kafka) -> None:
    run_engine(kafka, [], owner=4, owners=5)
    assert kafka.events == []


def test_a_task_without_shards_acks_what_is_for_all_tasks_at_once(kafka: Kafka) -> None:
    for_all = [
        kafka.orders("halt", TradingState(State.HALTED, START, 17, "orders-0-17")),
        kafka.orders("list", cancel("c-1", None, None, list_id="p")),
        kafka.orders(
            "2", cancel("c-2", None, None, list_id="p"), TradingState(State.ACTIVE, 1, 17, "orders-0-17")
        ),
    ]
    _, acked = run_engine(kafka, [*for_all, storm_tick()], owner=4, owners=5)
    assert acked == ["halt", "list", "2", "storm-tick"]
    assert [event for event in kafka.events if event[0] == "commit"] == []


@pytest.mark.parametrize("owners", [1, 2, 3, 4, 5, 9])
def test_whatever_is_sent_to_all_tasks_is_acked_by_each_however_many_they_are(owners: int) -> None:
    kafka = Kafka()
    halt = kafka.orders("halt", TradingState(State.HALTED, START, 17, "orders-0-17"))
    assert [run_engine(kafka, [halt], owner=owner, owners=owners)[1] for owner in range(owners)] == (
        [["halt"]] * owners
    )
    assert all("trading_state|" in state.journal for state in kafka.shards.values())


def test_an_order_is_acked_after_the_commit_of_its_report(kafka: Kafka) -> None:
    run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[0]))], owners=4)
    assert kafka.events == [("adopt", 0), ("commit", 0), ("ack", "o")]
    assert [report.exec_type for report in kafka.reports] == [ExecType.NEW]


def test_orders_of_one_tuple_are_one_transaction_a_shard_and_the_tuple_is_acked_after_the_last(
    kafka: Kafka,
) -> None:
    found = [order(f"o-{number}", SYMBOLS[number % 4]) for number in range(8)]
    run_engine(kafka, [kafka.orders("o", *found)])
    assert kafka.events[4:] == [("commit", shard) for shard in range(4)] + [("ack", "o")]


def test_a_shard_that_nothing_in_a_tuple_concerns_writes_that_it_is_past_it_before_the_ack(
    kafka: Kafka,
) -> None:
    run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[2])), storm_tick()])
    assert kafka.events[4:] == [
        *(("commit", 2), ("ack", "storm-tick")),
        *(("commit", 0), ("commit", 1), ("commit", 3), ("ack", "o")),
    ]


def test_a_tick_that_fills_an_order_is_committed_at_once_with_the_quote(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    messages = [kafka.orders("o", order("o-1", symbol)), kafka.ticks("t", Tick(symbol, 3))]
    run_engine(kafka, messages, owners=4)
    assert kafka.events[1:] == [("commit", 0), ("ack", "o"), ("commit", 0), ("ack", "t")]
    assert [fill.last_px for fill in kafka.fills] == [Decimal(101)]
    assert any(key.startswith("quote|") for key in kafka.shards[0].journal)


def test_a_tick_without_consequence_waits_for_storms_tick_and_is_acked_after_its_quote_is_written(
    kafka: Kafka,
) -> None:
    run_engine(kafka, [kafka.ticks("t", Tick(SYMBOLS[0], 3)), storm_tick()], owners=4)
    assert kafka.events[1:] == [("ack", "storm-tick"), ("commit", 0), ("ack", "t")]


def test_a_tick_that_waits_is_acked_with_an_orders_commit_of_its_last_shard(kafka: Kafka) -> None:
    zero, two = SYMBOLS[0], SYMBOLS[2]
    messages = [
        kafka.ticks("both", Tick(zero, 3), Tick(two, 4)),
        kafka.orders("o-0", order("o-0", zero)),
        kafka.orders("o-2", order("o-2", two)),
    ]
    run_engine(kafka, messages, owners=2)
    assert kafka.events[2:] == [("commit", 0), ("commit", 2), ("ack", "both"), ("ack", "o-0")]


def test_the_replay_of_a_tick_that_waits_waits_too(kafka: Kafka) -> None:
    tick = Tick(SYMBOLS[0], 3)
    run_engine(kafka, [kafka.ticks("t", tick), kafka.ticks("again", tick), storm_tick()], owners=4)
    assert kafka.events[1:] == [("ack", "storm-tick"), ("commit", 0), ("ack", "t"), ("ack", "again")]


def test_the_replay_of_what_is_committed_is_acked_without_a_transaction(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    messages = [kafka.orders("o", order("o-1", symbol)), kafka.ticks("t", Tick(symbol, 3))]
    run_engine(kafka, [*messages, storm_tick()])
    kafka.events.clear()
    _, acked = run_engine(kafka, [*reversed(messages), storm_tick()])
    assert sorted(acked) == ["o", "storm-tick", "t"]
    assert [event for event in kafka.events if event[0] == "commit"] == []


@pytest.mark.parametrize(("tuples", "ticks_each"), [(150, 1), (1, 9_000)])
def test_what_was_acked_does_not_wait_any_more(kafka: Kafka, tuples: int, ticks_each: int) -> None:
    def half(name: str, first: int) -> list[dict[str, object]]:
        return [
            kafka.ticks(f"{name}-{number}", *[Tick(SYMBOLS[0], first + number)] * ticks_each)
            for number in range(tuples)
        ]

    run_engine(kafka, [*half("a", 0), storm_tick(), *half("b", 1_000), storm_tick()], owners=4)
    done = [said if said == "storm-tick" else name for name, said in kafka.events[1:]]
    assert done == ["storm-tick", "commit", *["ack"] * tuples] * 2


def test_no_more_than_10_000_ticks_wait(kafka: Kafka) -> None:
    tuples = [
        kafka.ticks(f"t-{number}", *(Tick(SYMBOLS[0], 2_000 * number + i) for i in range(2_000)))
        for number in range(6)
    ]
    _, acked = run_engine(kafka, tuples)
    assert len(acked) == 6


def test_2_500_orders_filled_by_one_tick_are_one_transaction(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    resting = kafka.orders("o", *[order(f"o-{number}", symbol) for number in range(2_500)])
    run_engine(kafka, [resting, kafka.ticks("t", Tick(symbol, 3))], owners=4)
    assert [event for event in kafka.events if event[0] == "commit"] == [("commit", 0)] * 2
    assert len({fill.exec_id for fill in kafka.fills}) == 2_500


def test_a_tuple_of_more_than_10_000_decisions_is_several_transactions_and_one_ack(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    found = [order(f"o-{number}", symbol) for number in range(6_000)]
    _, acked = run_engine(kafka, [kafka.orders("o", *found)], owners=4)
    # A slow machine also tells Storm in between that it is alive.
    assert [each for each in kafka.events[1:] if each[0] != "sync"] == [("commit", 0)] * 2 + [("ack", "o")]
    assert (acked, len(kafka.reports)) == (["o"], 6_000)


def test_storm_hears_of_a_task_that_commits_for_long(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_engine, "ALIVE_SECONDS", -1)
    many = [order(f"o-{number}", SYMBOLS[0]) for number in range(6_000)]
    run_engine(kafka, [kafka.orders("o", *many)], owners=4)
    said = [name for name, _ in kafka.events]
    assert said[:2] == ["adopt", "sync"]
    assert [name for name in said[2:] if name != "ack"] == ["sync", "commit", "sync"] * 2


def test_storm_is_not_told_more_often_than_needed(kafka: Kafka) -> None:
    run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[0]))])
    assert "sync" not in [name for name, _ in kafka.events]


def test_a_cancel_and_a_trading_state_are_acked_after_the_commit_of_what_they_lead_to(kafka: Kafka) -> None:
    symbol = SYMBOLS[2]
    waiting = kafka.orders("o", order("o-1", symbol), cancel("c-1", symbol, "o-1"))
    halted = kafka.orders("h", TradingState(State.HALTED, START, 17, "orders-0-17"))
    run_engine(kafka, [waiting, halted, kafka.orders("late", order("o-2", symbol)), storm_tick()])
    assert kafka.events[4:] == [
        ("commit", 2),
        *(("commit", 0), ("commit", 1), ("commit", 2), ("commit", 3), ("ack", "o"), ("ack", "h")),
        *(("commit", 2), ("ack", "storm-tick"), ("commit", 0), ("commit", 1), ("commit", 3), ("ack", "late")),
    ]
    assert [report.exec_type for report in kafka.reports] == ["NEW", "CANCELED", "REJECTED"]
    assert all("trading_state|" in state.journal for state in kafka.shards.values())


def test_a_cancel_of_a_list_ends_its_components_in_every_shard(kafka: Kafka) -> None:
    parts = [order(f"p-{symbol}", symbol, list_id="p") for symbol in SYMBOLS.values()]
    run_engine(kafka, [kafka.orders("o", *parts), kafka.orders("c", cancel("c-1", None, None, list_id="p"))])
    assert [report.exec_type for report in kafka.reports] == ["NEW", "CANCELED"] * 4


def test_the_time_of_the_logs_alone_expires_an_order(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    ends = {"time_in_force": TimeInForce.GTD, "expire_time_us": START + 2 * SECOND}
    resting = order("o-1", symbol, **ends, ord_type=OrdType.LIMIT, price=Decimal(50))
    messages = [kafka.ticks("t", Tick(symbol, 3)), kafka.orders("o", resting), storm_tick()]
    run_engine(kafka, messages, owners=4)
    assert [report.exec_type for report in kafka.reports] == ["NEW", "EXPIRED"]


def test_it_tells_what_it_decided_how_long_that_took_and_what_was_of_no_use(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    recorded = RecordedMetrics(now=START // SECOND + 2)
    minutes_old = order("o-1", symbol, order_time_us=START - 120 * SECOND)
    run_engine(
        kafka,
        [
            kafka.ticks("t", Tick(symbol, 3), Tick(symbol, 3), Tick(symbol, 4, bid="102")),
            kafka.orders("o", minutes_old),
            kafka.orders("again", minutes_old),
            storm_tick(),
        ],
        recorded=recorded,
    )
    point = (points := recorded.points())["pipeline,component=bolt,task=3"]
    assert any(series.startswith("quote_faults,fault=crossed,rank=1") for series in points)
    assert {name: int(value.rstrip("i")) for name, value in point.items()} == {
        "tuples": 3,
        "records": 5,
        "ticks": 3,
        "orders": 2,
        "not_newer": 1,
        "stale": 0,
        "crossed": 1,
        "crossed_symbols": 1,
        "crossed_ms": 0,
        "silent_symbols": 0,
        "duplicates": 1,
        "rejects": 0,
        "waited_ms": 0,
        "clock_waits": 0,
        "lost_offsets": 0,
        "open_orders": 1,
        "open_over_1s": 1,
        "open_over_1m": 1,
        "open_over_1h": 0,
        **{f"latency_p{percentile}_ms": 2000 for percentile in (50, 95, 99)},
    }


def test_what_was_of_no_use_is_counted_once_however_often_it_is_told(kafka: Kafka) -> None:
    symbol, recorded = SYMBOLS[0], RecordedMetrics()
    run_engine(
        kafka,
        [kafka.ticks("t", Tick(symbol, 3), Tick(symbol, 3)), storm_tick(), storm_tick()],
        recorded=recorded,
    )
    point = recorded.points()["pipeline,component=bolt,task=3"]
    assert point["not_newer"] == "1i"


def test_the_timeline_tells_by_which_rules_a_shard_was_adopted_and_where_each_partition_began(
    kafka: Kafka,
) -> None:
    run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[0])), storm_tick()], owners=4)
    run_engine(kafka, [kafka.orders("p", order("p-1", SYMBOLS[0])), storm_tick()], owners=4)
    first, *jumps, second = kafka.shards[0].timeline
    assert isinstance(first, Adoption)
    assert isinstance(second, Adoption)
    assert (first.positions, first.remembered) == ({}, 0)
    assert (second.positions[Partition("orders", 0)], second.remembered > 0) == (1, True)
    assert first.rules == json.loads(rules_file.load_json(settings.load()))
    assert [(jump.position, jump.first) for jump in jumps if isinstance(jump, Jump)] == [(None, 0)] * 8


def test_objects_in_cycles_are_freed_once_a_second(kafka: Kafka) -> None:
    class Failed:
        def __init__(self) -> None:
            self.error = self

    known = weakref.ref(Failed())
    gc.disable()
    try:
        run_engine(kafka, [storm_tick()])
        assert known() is None
    finally:
        gc.enable()


def test_a_long_wait_for_market_data_is_logged(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(LogMerge, "waited_ms", lambda *_: 11_000)
    run_engine(kafka, [storm_tick(), storm_tick()])
    assert caplog.text.count("decisions have waited 11 s") == 1
