"""How long the rule engine gathers tuples before it decides, commits and acks."""

import pytest
from support.rule_engine import SYMBOLS, Kafka, Tick, order, run_engine

from fintank.bolts import commit_pace


def test_orders_do_not_wait_for_storms_tick_for_long(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_pace, "ORDERS_WAIT_SECONDS", -1)
    monkeypatch.setattr(commit_pace, "GATHER_SECONDS", -1)
    monkeypatch.setattr(commit_pace, "GATHER_COMMITS", -1)
    _, acked = run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[2]))])
    assert acked == ["o"]


def test_many_records_are_decided_on_however_slow_commits_are(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_pace, "GATHER_SECONDS", 3_600)
    monkeypatch.setattr(commit_pace, "UNCOMMITTED_MAX", 0)
    symbol = SYMBOLS[0]
    messages = [kafka.orders(f"o-{number}", order(f"o-{number}", symbol)) for number in range(2)]
    run_engine(kafka, messages, at_once=True, owners=4)
    assert kafka.events[1:] == [("commit", 0), ("ack", "o-0"), ("commit", 0), ("ack", "o-1")]


def test_decisions_on_tuples_that_are_there_together_share_a_transaction(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_pace, "GATHER_SECONDS", 60)
    symbol = SYMBOLS[0]
    messages = [kafka.orders(f"o-{number}", order(f"o-{number}", symbol)) for number in range(5)]
    run_engine(kafka, [*messages, kafka.ticks("t", Tick(symbol, 3))], at_once=True, owners=4)
    names = [f"o-{number}" for number in range(5)]
    assert kafka.events == [("adopt", 0), ("commit", 0), *(("ack", name) for name in [*names, "t"])]
    assert len(kafka.fills) == 5


def test_a_stream_of_tuples_without_a_pause_does_not_hold_decisions_back(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_pace, "GATHER_SECONDS", -1)
    monkeypatch.setattr(commit_pace, "GATHER_COMMITS", -1)
    symbol = SYMBOLS[0]
    messages = [kafka.orders("o", order("o-1", symbol)), kafka.ticks("t", Tick(symbol, 3))]
    run_engine(kafka, messages, at_once=True, owners=4)
    assert kafka.events[1:] == [("commit", 0), ("ack", "o"), ("commit", 0), ("ack", "t")]


def test_when_commits_are_slow_more_decisions_share_a_transaction(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_pace, "GATHER_SECONDS", -1)
    monkeypatch.setattr(commit_pace, "GATHER_COMMITS", 1_000_000_000)
    symbol = SYMBOLS[0]
    messages = [kafka.orders(f"o-{number}", order(f"o-{number}", symbol)) for number in range(3)]
    run_engine(kafka, messages, at_once=True, owners=4)
    assert kafka.events[1:] == [("commit", 0), ("ack", "o-0"), ("commit", 0), ("ack", "o-1"), ("ack", "o-2")]
