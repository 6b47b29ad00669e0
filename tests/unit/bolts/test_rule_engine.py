"""What the rule engine acks and when, and that no fault at any step makes it decide twice or never."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.metrics import RecordedMetrics
from support.rule_engine import (
    APPENDED,
    SECOND,
    START,
    Kafka,
    Sent,
    Tick,
    cancel,
    order,
    order_lines_of,
    run_engine,
    storm_tick,
    tick_lines_of,
    tuple_of,
)

from fintank.bolts import rule_engine
from fintank.bolts.owners import shard_of
from fintank.trading.messages import ExecType, OrdType, State, TimeInForce, TradingState

NAMES = [f"A{letter}" for letter in "ABCDEFGHIJ"]
SYMBOLS = {shard_of(symbol): symbol for symbol in NAMES}
DAY_SECONDS = 24 * 3600


def orders(tuple_id: str, *found: object) -> dict[str, object]:
    return tuple_of(tuple_id, "component-order-creator", order_lines_of(*found), APPENDED)


def ticks(tuple_id: str, *found: Tick) -> dict[str, object]:
    return tuple_of(tuple_id, "tick-deserializer", 0, tick_lines_of(*found))


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


def test_it_adopts_the_shards_of_its_task_before_anything_else(kafka: Kafka) -> None:
    run_engine(kafka, [], owner=1, owners=2)
    assert kafka.events == [("adopt", 1), ("adopt", 3)]


def test_a_task_beyond_the_number_of_shards_owns_none(kafka: Kafka) -> None:
    run_engine(kafka, [], owner=4, owners=5)
    assert kafka.events == []


def test_a_task_without_shards_acks_what_is_for_all_tasks_at_once(kafka: Kafka) -> None:
    for_all = [
        orders("halt", TradingState(State.HALTED, START, 17, "orders-0-17")),
        orders("list", cancel("c-1", None, None, list_id="p")),
        orders("2", cancel("c-2", None, None, list_id="p"), TradingState(State.ACTIVE, 1, 17, "orders-0-17")),
    ]
    _, acked = run_engine(kafka, [*for_all, storm_tick()], owner=4, owners=5)
    assert acked == ["halt", "list", "2", "storm-tick"]
    assert [event for event in kafka.events if event[0] == "commit"] == []


@pytest.mark.parametrize("owners", [1, 2, 3, 4, 5, 9])
def test_whatever_is_sent_to_all_tasks_is_acked_by_each_however_many_they_are(owners: int) -> None:
    halt = orders("halt", TradingState(State.HALTED, START, 17, "orders-0-17"))
    kafka = Kafka()
    assert [run_engine(kafka, [halt], owner=owner, owners=owners)[1] for owner in range(owners)] == (
        [["halt"]] * owners
    )
    assert all("trading_state|" in state.journal for state in kafka.shards.values())


def test_an_order_is_acked_after_the_commit_of_its_report(kafka: Kafka) -> None:
    run_engine(kafka, [orders("o", order("o-1", SYMBOLS[2]))])
    assert kafka.events[4:] == [("commit", 2), ("ack", "o")]
    assert [report.exec_type for report in kafka.reports] == [ExecType.NEW]


def test_orders_of_one_tuple_are_one_transaction_a_shard_and_the_tuple_is_acked_after_the_last(
    kafka: Kafka,
) -> None:
    found = [order(f"o-{number}", SYMBOLS[number % 4]) for number in range(8)]
    run_engine(kafka, [orders("o", *found)])
    assert kafka.events[4:] == [("commit", shard) for shard in range(4)] + [("ack", "o")]


def test_decisions_on_tuples_that_are_there_together_share_a_transaction(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_engine, "GATHER_SECONDS_MAX", 60)
    symbol = SYMBOLS[0]
    messages = [orders(f"o-{number}", order(f"o-{number}", symbol)) for number in range(5)]
    run_engine(kafka, [*messages, ticks("t", Tick(symbol, 3))], at_once=True)
    names = [f"o-{number}" for number in range(5)]
    assert kafka.events[4:] == [("commit", 0), *(("ack", name) for name in [*names, "t"])]
    assert len(kafka.fills) == 5


def test_a_stream_of_tuples_without_a_pause_does_not_hold_decisions_back(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_engine, "GATHER_SECONDS_MAX", -1)
    symbol = SYMBOLS[0]
    run_engine(kafka, [orders("o", order("o-1", symbol)), ticks("t", Tick(symbol, 3))], at_once=True)
    assert kafka.events[4:] == [("commit", 0), ("ack", "o"), ("commit", 0), ("ack", "t")]


def test_a_tick_that_fills_an_order_is_committed_at_once_with_the_quote(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    run_engine(kafka, [orders("o", order("o-1", symbol)), ticks("t", Tick(symbol, 3))])
    assert kafka.events[4:] == [("commit", 0), ("ack", "o"), ("commit", 0), ("ack", "t")]
    assert [fill.last_px for fill in kafka.fills] == [Decimal(101)]
    assert any(key.startswith("quote|") for key in kafka.shards[0].journal)


def test_a_tick_without_consequence_waits_for_storms_tick_and_is_acked_after_its_quote_is_written(
    kafka: Kafka,
) -> None:
    run_engine(kafka, [ticks("t", Tick(SYMBOLS[0], 3)), storm_tick()])
    assert kafka.events[4:] == [("ack", "storm-tick"), ("commit", 0), ("ack", "t")]


def test_a_tick_that_waits_is_acked_with_an_orders_commit_of_its_last_shard(kafka: Kafka) -> None:
    messages = [
        ticks("both", Tick(SYMBOLS[0], 3), Tick(SYMBOLS[1], 4)),
        orders("o-0", order("o-0", SYMBOLS[0])),
        orders("o-1", order("o-1", SYMBOLS[1])),
    ]
    run_engine(kafka, messages)
    assert kafka.events[4:] == [
        ("commit", 0),
        ("ack", "o-0"),
        ("commit", 1),
        ("ack", "both"),
        ("ack", "o-1"),
    ]


def test_the_replay_of_a_tick_that_waits_waits_too(kafka: Kafka) -> None:
    tick = Tick(SYMBOLS[0], 3)
    run_engine(kafka, [ticks("t", tick), ticks("again", tick), storm_tick()])
    assert kafka.events[4:] == [("ack", "storm-tick"), ("commit", 0), ("ack", "t"), ("ack", "again")]


def test_the_replay_of_what_is_committed_is_acked_without_a_transaction(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    messages = [orders("o", order("o-1", symbol)), ticks("t", Tick(symbol, 3))]
    run_engine(kafka, messages)
    kafka.events.clear()
    _, acked = run_engine(kafka, [*reversed(messages), storm_tick()])
    assert sorted(acked) == ["o", "storm-tick", "t"]
    assert [event for event in kafka.events if event[0] == "commit"] == []


def test_no_more_than_200_tuples_wait(kafka: Kafka) -> None:
    run_engine(kafka, [ticks(f"t-{number}", Tick(SYMBOLS[0], number)) for number in range(201)])
    assert kafka.events[4] == ("commit", 0)
    assert len(kafka.events) == 4 + 1 + 201


@pytest.mark.parametrize(("tuples", "ticks_each"), [(150, 1), (1, 9_000)])
def test_what_was_acked_does_not_wait_any_more(kafka: Kafka, tuples: int, ticks_each: int) -> None:
    def half(name: str, first: int) -> list[dict[str, object]]:
        return [
            ticks(f"{name}-{number}", *[Tick(SYMBOLS[0], first + number)] * ticks_each)
            for number in range(tuples)
        ]

    run_engine(kafka, [*half("a", 0), storm_tick(), *half("b", 1_000), storm_tick()])
    done = [said if said == "storm-tick" else name for name, said in kafka.events[4:]]
    assert done == ["storm-tick", "commit", *["ack"] * tuples] * 2


def test_no_more_than_10_000_ticks_wait(kafka: Kafka) -> None:
    batch = [Tick(SYMBOLS[0], number) for number in range(2_000)]
    _, acked = run_engine(kafka, [ticks(f"t-{number}", *batch) for number in range(6)])
    assert len(acked) == 6


def test_2_500_orders_filled_by_one_tick_are_one_transaction(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    resting = orders("o", *[order(f"o-{number}", symbol) for number in range(2_500)])
    run_engine(kafka, [resting, ticks("t", Tick(symbol, 3))])
    assert [event for event in kafka.events if event[0] == "commit"] == [("commit", 0)] * 2
    assert len({fill.exec_id for fill in kafka.fills}) == 2_500


def test_a_tuple_of_more_than_10_000_decisions_is_several_transactions_and_one_ack(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    _, acked = run_engine(kafka, [orders("o", *[order(f"o-{number}", symbol) for number in range(6_000)])])
    assert kafka.events[4:] == [("commit", 0), ("commit", 0), ("ack", "o")]
    assert acked == ["o"]
    assert len(kafka.reports) == 6_000


def test_storm_hears_of_a_task_that_commits_for_long(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_engine, "ALIVE_SECONDS", -1)
    many = [order(f"o-{number}", SYMBOLS[0]) for number in range(6_000)]
    run_engine(kafka, [orders("o", *many)])
    said = [name for name, _ in kafka.events]
    assert said[:8] == ["adopt", "sync"] * 4
    assert said[8:] == ["sync", "commit", "sync"] * 2 + ["ack"]


def test_storm_is_not_told_more_often_than_needed(kafka: Kafka) -> None:
    run_engine(kafka, [orders("o", order("o-1", SYMBOLS[0]))])
    assert "sync" not in [name for name, _ in kafka.events]


@pytest.mark.parametrize("fault", ["lost", "unknown"])
def test_a_failed_commit_ends_the_process_and_acks_nothing(kafka: Kafka, fault: str) -> None:
    kafka.faults = [fault]
    status, acked = run_engine(kafka, [orders("o", order("o-1", SYMBOLS[0])), storm_tick()])
    assert (status, acked) == (1, [])
    assert {name for name, _ in kafka.events} <= {"adopt", "commit", "error"}
    said = {"lost": "the broker is away", "unknown": "no answer in time"}
    assert kafka.events[-1] == ("error", said[fault])


def test_a_writer_that_was_replaced_acks_nothing_of_what_it_decides(kafka: Kafka) -> None:
    class Replaced(Kafka):
        def adopt(self, address: str, shard: int, progress: object):  # type: ignore[no-untyped-def]
            found = super().adopt(address, shard, progress)
            self.shards[shard].writer += 1
            return found

    replaced = Replaced()
    status, acked = run_engine(replaced, [orders("o", order("o-1", SYMBOLS[0]))])
    assert (status, acked, replaced.reports) == (1, [], [])


def test_a_symbol_of_another_tasks_shard_ends_the_process(kafka: Kafka) -> None:
    status, acked = run_engine(kafka, [orders("o", order("o-1", SYMBOLS[1]))], owner=0, owners=2)
    assert (status, acked, kafka.reports) == (1, [], [])
    assert [name for name, _ in kafka.events] == ["adopt", "adopt", "error", "sync"]


def test_an_order_that_waits_trades_after_a_restart_on_the_quote_from_before_it(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    run_engine(kafka, [ticks("t", Tick(symbol, 3)), storm_tick()])
    run_engine(kafka, [orders("o", order("o-1", symbol))])
    assert [report.quote_ids for report in kafka.reports] == [(), ("0-3",)]


def test_a_cancel_and_a_trading_state_are_acked_after_the_commit_of_what_they_lead_to(kafka: Kafka) -> None:
    symbol = SYMBOLS[2]
    waiting = orders("o", order("o-1", symbol), cancel("c-1", symbol, "o-1"))
    halted = orders("h", TradingState(State.HALTED, START, 17, "orders-0-17"))
    run_engine(kafka, [waiting, halted, orders("late", order("o-2", symbol)), storm_tick()])
    assert kafka.events[4:] == [
        *(("commit", 2), ("ack", "o")),
        *(("commit", 0), ("commit", 1), ("commit", 2), ("commit", 3), ("ack", "h")),
        *(("commit", 2), ("ack", "late"), ("ack", "storm-tick")),
    ]
    assert [report.exec_type for report in kafka.reports] == ["NEW", "CANCELED", "REJECTED"]
    assert all("trading_state|" in state.journal for state in kafka.shards.values())


def test_the_trading_state_and_cancels_are_known_after_a_restart(kafka: Kafka) -> None:
    symbol = SYMBOLS[2]
    messages = [
        orders("c", cancel("c-1", symbol, "o-1")),
        orders("h", TradingState(State.REDUCING, START, 17, "orders-0-17")),
    ]
    run_engine(kafka, messages)
    later = [order("o-1", symbol, side="SELL"), order("o-2", symbol)]
    run_engine(kafka, [*messages, orders("o", *later)])
    assert [report.exec_type for report in kafka.reports] == [
        *("CANCEL_REJECTED", "NEW", "CANCELED", "REJECTED"),
    ]


def test_a_cancel_of_a_list_ends_its_components_in_every_shard(kafka: Kafka) -> None:
    parts = [order(f"p-{symbol}", symbol, list_id="p") for symbol in SYMBOLS.values()]
    run_engine(kafka, [orders("o", *parts), orders("c", cancel("c-1", None, None, list_id="p"))])
    assert [report.exec_type for report in kafka.reports] == ["NEW", "CANCELED"] * 4


def test_time_alone_expires_an_order_and_storms_tick_writes_it(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbol, wall_us = SYMBOLS[0], iter(range(START, START + 10 * SECOND, SECOND))
    monkeypatch.setattr(rule_engine, "_wall_us", lambda: next(wall_us))
    ends = {"time_in_force": TimeInForce.GTD, "expire_time_us": START + SECOND + 1}
    resting = order("o-1", symbol, **ends, ord_type=OrdType.LIMIT, price=Decimal(50))
    run_engine(kafka, [ticks("t", Tick(symbol, 3)), orders("o", resting), storm_tick()])
    assert [report.exec_type for report in kafka.reports] == ["NEW", "EXPIRED"]
    assert kafka.events[-2:] == [("ack", "storm-tick"), ("commit", 0)]


def test_a_journal_of_another_version_ends_the_process(kafka: Kafka) -> None:
    kafka.shards[1].journal["clock|3:IVE"] = '{"schema_version":1}'
    assert run_engine(kafka, []) == (1, [])
    name, said = kafka.events[-1]
    assert (name, str(said).endswith(": `invoke reset` starts anew")) == ("error", True)


def test_orders_leave_the_journal_after_the_retention_and_do_not_trade_again(kafka: Kafka) -> None:
    symbol, late = SYMBOLS[0], 2 * DAY_SECONDS
    first = orders("o", order("o-1", symbol))
    run_engine(
        kafka, [first, ticks("t", Tick(symbol, 3)), ticks("u", Tick(symbol, 4, at=late)), storm_tick()]
    )
    assert not any(key.startswith("order|") for key in kafka.shards[0].journal)
    run_engine(kafka, [first])
    assert [report.exec_type for report in kafka.reports] == [
        ExecType.NEW,
        ExecType.TRADE,
        ExecType.REJECTED,
    ]


def some_messages(rng: random.Random) -> list[Sent]:
    """Make orders and ticks of every shard; every symbol has a tick, so every order trades in the end."""
    messages, number = [], 0
    for offset in range(12):
        symbols = rng.sample(NAMES, 5)
        if offset % 3:
            found = tuple(order(f"o-{number + i}", symbol) for i, symbol in enumerate(symbols))
            number += len(found)
            messages.append(Sent(orders=found))
        else:
            messages.append(
                Sent(
                    ticks=tuple(Tick(symbol, 10 * offset + i, at=offset) for i, symbol in enumerate(symbols))
                )
            )
    last = tuple(Tick(symbol, 1_000 + i, at=20) for i, symbol in enumerate(NAMES))
    return [*messages, Sent(ticks=last)]


FAULTS = st.lists(st.sampled_from([None, None, None, "lost", "unknown"]), max_size=12)
LIVES = st.lists(st.tuples(FAULTS, st.integers(1, 2), st.none() | st.integers(0, 5)), max_size=5)


@settings(max_examples=60, deadline=None)
@given(rng=st.randoms(use_true_random=False), lives=LIVES, at_once=st.booleans())
def test_whatever_ends_it_and_in_whatever_order_tuples_come_again_each_order_is_decided_once(
    rng: random.Random, lives: list[tuple[list[str | None], int, int | None]], at_once: bool
) -> None:
    messages = list(enumerate(some_messages(rng)))
    kafka = Kafka()
    undisturbed: tuple[list[str | None], int, int | None] = ([], 2, None)
    acked_parts: set[tuple[int, str]] = set()
    for faults, owners, acks_max in [*lives, undisturbed]:
        kafka.faults = list(faults)
        for owner in range(owners):
            tuples = [
                tuple_
                for number, message in messages
                for owner_, tuple_ in message.tuples(str(number), owners)
                if owner_ == owner and (owners, tuple_["id"]) not in acked_parts
            ]
            run = [*tuples, storm_tick()]
            _, acked = run_engine(kafka, run, owner=owner, owners=owners, acks_max=acks_max, at_once=at_once)
            assert max(Counter(acked).values(), default=1) == 1
            acked_parts |= {(owners, tuple_id) for tuple_id in acked}
        rng.shuffle(messages)
    wanted = {found.cl_ord_id for _, message in messages for found in message.orders}
    recorded = Counter((report.cl_ord_id, report.exec_type) for report in kafka.reports)
    assert recorded == {(name, kind): 1 for name in wanted for kind in (ExecType.NEW, ExecType.TRADE)}
    trades = [report for report in kafka.reports if report.exec_type is ExecType.TRADE]
    assert sorted(report.exec_id for report in trades) == sorted(fill.exec_id for fill in kafka.fills)
    assert all(report.last_qty == Decimal(10) and report.last_px == Decimal(101) for report in trades)


def test_it_tells_what_it_decided_how_long_that_took_and_what_was_of_no_use(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    recorded = RecordedMetrics(now=START // SECOND + 2)
    minutes_old = order("o-1", symbol, order_time_us=START - 120 * SECOND)
    run_engine(
        kafka,
        [
            ticks("t", Tick(symbol, 3), Tick(symbol, 3), Tick(symbol, 4, bid="102")),
            orders("o", minutes_old),
            orders("again", minutes_old),
            storm_tick(),
        ],
        recorded=recorded,
    )
    (point,) = recorded.points().values()
    assert {name: int(value.rstrip("i")) for name, value in point.items()} == {
        "tuples": 3,
        "records": 5,
        "ticks": 3,
        "orders": 2,
        "not_newer": 1,
        "stale": 0,
        "crossed": 1,
        "duplicates": 1,
        "rejects": 0,
        "open_orders": 1,
        "open_over_1s": 1,
        "open_over_1m": 1,
        "open_over_1h": 0,
        "latency_p50_ms": 2000,
        "latency_p95_ms": 2000,
        "latency_p99_ms": 2000,
    }


def test_what_was_of_no_use_is_counted_once_however_often_it_is_told(kafka: Kafka) -> None:
    symbol, recorded = SYMBOLS[0], RecordedMetrics()
    run_engine(
        kafka, [ticks("t", Tick(symbol, 3), Tick(symbol, 3)), storm_tick(), storm_tick()], recorded=recorded
    )
    (point,) = recorded.points().values()
    assert point["not_newer"] == "1i"
