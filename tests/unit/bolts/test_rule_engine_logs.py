"""Logs that are not what the rule engine knows: recreated, shorter than before, or reported late."""

import pytest
from support.rule_engine import START, SYMBOLS, Kafka, log_ends, order, orders_tuple, run_engine, storm_tick

from fintank.trading.messages import State, TradingState


def raw_run(kafka: Kafka, messages: list[dict[str, object]]) -> list[str]:
    """Run an engine of one task on exactly these messages; return the acked ids."""
    return run_engine(kafka, messages, are_all=True)[1]


def anew(message: dict[str, object]) -> dict[str, object]:
    """Make what concerns a topic concern a topic with another id."""
    renamed = ["another id" if str(value).startswith("id of") else value for value in message["tuple"]]  # type: ignore[attr-defined]
    return message | {"tuple": renamed}


def test_what_comes_before_its_topic_is_known_to_be_another_is_neither_acked_nor_lost(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    old = [order(f"old-{number}", symbol) for number in range(3)]
    run_engine(kafka, [kafka.orders("old", *old), storm_tick()])
    new = anew(orders_tuple("new", 0, 1, [order("new", symbol, input="orders-0-0")]))
    told = [anew(log_ends("orders", 1, second)) for second in (0, 1)]
    assert raw_run(kafka, [new, storm_tick()]) == ["storm-tick"]
    assert raw_run(kafka, [new, *told, storm_tick()]) == ["storm-tick"]
    ticks = [log_ends("ticks", 0, second) for second in (0, 1)]
    assert raw_run(kafka, [new, *told, *ticks, storm_tick()]) == ["storm-tick", "new"]
    assert [report.cl_ord_id for report in kafka.reports] == ["old-0", "old-1", "old-2", "new"]


@pytest.mark.parametrize("restarts", [0, 1])
def test_a_halt_in_a_topic_that_was_made_again_counts_whatever_its_offset(
    kafka: Kafka, restarts: int
) -> None:
    symbol = SYMBOLS[0]
    active = TradingState(State.ACTIVE, START, 50_000, "orders-0-50000")
    run_engine(kafka, [kafka.orders("active", active), storm_tick()])
    quiet = [log_ends("ticks", 0, second) for second in (0, 1)]
    known = [*quiet, *(anew(log_ends("orders", 0, second)) for second in (0, 1)), storm_tick()]
    for _ in range(restarts):
        raw_run(kafka, known)
    halt = anew(orders_tuple("halt", 0, 1, [TradingState(State.HALTED, START, 0, "orders-0-0")]))
    late = anew(orders_tuple("late", 1, 2, [order("late", symbol, input="orders-0-1")]))
    ends = [anew(log_ends("orders", 2, second)) for second in (0, 1)]
    raw_run(kafka, [halt, late, *quiet, *ends, storm_tick()])
    assert [(report.cl_ord_id, report.exec_type) for report in kafka.reports] == [("late", "REJECTED")]


def test_records_in_place_of_those_that_a_broker_lost_are_decided_on(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    run_engine(
        kafka, [kafka.orders("o", *[order(f"o-{number}", symbol) for number in range(3)]), storm_tick()]
    )
    kafka.lost["orders"] = 2
    known = [order(f"o-{number}", symbol, input=f"orders-0-{number}") for number in range(2)]
    again = orders_tuple("again", 0, 2, known)
    new = orders_tuple("new", 2, 3, [order("new", symbol, input="orders-0-2")])
    ends = [log_ends("ticks", 0, 0), log_ends("orders", 2, 0)]
    assert raw_run(kafka, [again, *ends, new]) == ["again"]
    later = [log_ends("ticks", 0, 1), log_ends("orders", 3, 1)]
    assert raw_run(kafka, [again, *ends, new, *later, storm_tick()]) == [*("again", "storm-tick", "new")]
    assert [report.cl_ord_id for report in kafka.reports] == ["o-0", "o-1", "o-2", "new"]


def test_what_a_broker_lost_is_still_known_after_a_restart_when_the_log_is_as_long_again(
    kafka: Kafka,
) -> None:
    symbol = SYMBOLS[0]
    run_engine(
        kafka, [kafka.orders("o", *[order(f"o-{number}", symbol) for number in range(3)]), storm_tick()]
    )
    kafka.lost["orders"] = 2
    raw_run(kafka, [log_ends("ticks", 0, 0), log_ends("orders", 2, 0), storm_tick()])
    del kafka.lost["orders"]
    new = orders_tuple("new", 2, 3, [order("new", symbol, input="orders-0-2")])
    ends = [log_ends(topic, end, second) for second in (0, 1) for topic, end in (("ticks", 0), ("orders", 3))]
    assert raw_run(kafka, [*ends, new, storm_tick()]) == ["storm-tick", "new"]
    assert [report.cl_ord_id for report in kafka.reports] == ["o-0", "o-1", "o-2", "new"]


def test_ranges_of_a_topic_that_was_recreated_do_not_join_the_new_one(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    old = [log_ends("ticks", 0, 0), log_ends("orders", 1, 0), kafka.orders("a", order("a", symbol))]
    late = orders_tuple("late", 1, 3, [order("late", symbol, input="orders-0-1")])
    new = anew(orders_tuple("new", 0, 2, [order("new", symbol, input="orders-0-0")]))
    stale = log_ends("orders", 3, 2)
    told = [anew(log_ends("orders", 2, second)) for second in (1, 3)]
    ticks = [log_ends("ticks", 0, second) for second in (1, 3)]
    acked = raw_run(kafka, [*old, ticks[0], *told, ticks[1], late, stale, new, storm_tick()])
    assert {"late", "new"} <= set(acked)
    assert [report.cl_ord_id for report in kafka.reports] == ["a", "new"]
    assert raw_run(kafka, [stale, late, storm_tick()]) == ["late", "storm-tick"]
    assert [report.cl_ord_id for report in kafka.reports] == ["a", "new"]


def test_records_in_place_of_those_that_a_broker_lost_are_decided_on_by_an_engine_that_lives(
    kafka: Kafka,
) -> None:
    symbol = SYMBOLS[0]
    first = kafka.orders("first", *[order(f"o-{number}", symbol) for number in range(3)])
    new = orders_tuple("new", 1, 3, [order("new", symbol, input="orders-0-1")])
    ends = [log_ends(topic, 0, second) for second in (0, 1) for topic in ("orders", "ticks")]
    cut = log_ends("orders", 1, 2)
    cut["tuple"][-2] = "0,1"
    later = [log_ends("orders", 3, 3), log_ends("ticks", 0, 3)]
    messages = [*ends[:2], first, *ends[2:], storm_tick(), cut, new, *later, storm_tick("again")]
    assert set(raw_run(kafka, messages)) == {"first", "storm-tick", "new", "again"}
    assert [report.cl_ord_id for report in kafka.reports] == ["o-0", "o-1", "o-2", "new"]


def test_a_copy_that_storm_sends_again_takes_the_place_of_the_one_that_waits(kafka: Kafka) -> None:
    told = [log_ends("ticks", 0, 0), log_ends("orders", 0, 0)]
    first = kafka.orders("first", order("o", SYMBOLS[0]))
    copies = [first | {"id": name} for name in ("second", "third")]
    later = [log_ends("ticks", 0, 1), log_ends("orders", 1, 1)]
    acked = raw_run(kafka, [*told, first, *copies, storm_tick(), *later, storm_tick("end")])
    assert acked == ["first", "second", "storm-tick", "end", "third"]
    assert [report.cl_ord_id for report in kafka.reports] == ["o"]


def test_a_report_from_before_the_adoption_takes_nothing_back(kafka: Kafka) -> None:
    """It waited for this process while the one before still decided."""
    symbol = SYMBOLS[0]
    run_engine(
        kafka, [kafka.orders("o", *[order(f"o-{number}", symbol) for number in range(3)]), storm_tick()]
    )
    late = [log_ends("ticks", 0, 0), log_ends("orders", 1, 0)]
    new = orders_tuple("new", 3, 4, [order("new", symbol, input="orders-0-3")])
    later = [log_ends("orders", 4, 1), log_ends("ticks", 0, 2), log_ends("orders", 4, 2)]
    assert raw_run(kafka, [*late, new, *later, storm_tick()]) == ["storm-tick", "new"]
    assert [report.cl_ord_id for report in kafka.reports] == ["o-0", "o-1", "o-2", "new"]
