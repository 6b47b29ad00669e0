"""Crashes and batch boundaries do not change any decision."""

import json
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from properties.crashing_engine import CrashingEngine, Fate, batches
from properties.random_records import RULES, STEPS, Step
from properties.test_reference_equivalence import emitted
from scenarios.core_world import CoreWorld, ShardLog
from scenarios.playing import LOG_US

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=4)
FORGETFUL = {**RULES, "retention_ms": 20_000}
"""So that terminal orders are forgotten while others come."""
KEEPING = {**RULES, "max_quote_age_ms": 86_400_000}
"""So that no quote is forgotten: one of a forgotten symbol would be its first again."""
SEEDS = st.integers(0, 2**32)
RATE = 0.03


def decided(logs: list[ShardLog]) -> list[Any]:
    """Return all that a run leaves: reports and fills in order, and the journal without arrival_seq and how
    far the run has come."""
    return [(log.executions, log.fills, state(log)) for log in logs]


def state(log: ShardLog) -> dict[str, Any]:
    """Return the journal but for two kinds that may be a look behind, and decide the same: how far the shard
    has come, and a reference price whose candidate is due and takes its place when it is next looked at."""
    lazy = ("positions|", "reference|")
    values = {key: json.loads(text) for key, text in log.journal.items() if not key.startswith(lazy)}
    for value in values.values():
        value.pop("arrival_seq", None)
    return values


def run(
    steps: list[Step], sizes: list[int], rules: dict[str, Any], fate: Fate | None = None
) -> list[ShardLog]:
    engine = CrashingEngine(rules, fate or Fate(0, 0))
    engine.run(batches(steps, sizes))
    return engine.logs


@pytest.mark.parametrize("rules", [RULES, FORGETFUL], ids=["remembering", "forgetting"])
@given(steps=STEPS, sizes=SIZES, seed=SEEDS)
def test_a_crash_at_any_step_of_journal_and_commit_changes_nothing(
    rules: dict[str, Any], steps: list[Step], sizes: list[int], seed: int
) -> None:
    fate = Fate(seed, RATE)
    assert decided(run(steps, sizes, rules, fate)) == decided(run(steps, sizes, rules))
    event(f"crashes: {min(fate.ends, 5)}")


@given(STEPS, SIZES)
def test_other_batch_borders_change_nothing(steps: list[Step], sizes: list[int]) -> None:
    assert decided(run(steps, sizes, FORGETFUL)) == decided(run(steps, [1], FORGETFUL))


@given(STEPS, st.integers(0, 99), st.integers(0, 99))
def test_replaying_any_prefix_changes_nothing(steps: list[Step], at: int, length: int) -> None:
    replayed = [step for step in steps[: min(at, length)] if step.topic != "second"]
    once, twice = CoreWorld(KEEPING), CoreWorld(KEEPING)
    expected = emitted(once, steps)
    log_us = LOG_US + sum(step.log_us for step in steps[:at])
    found = emitted(twice, steps[:at])
    for step in replayed:
        again = twice.take(step.topic, step.text, step.place, log_us)
        assert (again.executions, again.fills) == ([], [])
    found += emitted(twice, steps[at:], log_us)
    assert found == expected
    assert decided(twice.logs) == decided(once.logs)


@given(STEPS, st.integers(0, 99), st.randoms(use_true_random=False))
def test_a_restart_at_any_point_changes_nothing(steps: list[Step], at: int, random: Any) -> None:
    def shuffled(records: list[Any]) -> list[Any]:
        random.shuffle(records)
        return records

    once, twice = CoreWorld(FORGETFUL), CoreWorld(FORGETFUL)
    expected = emitted(once, steps)
    found = emitted(twice, steps[:at])
    twice.restart(shuffled)
    found += emitted(twice, steps[at:], LOG_US + sum(step.log_us for step in steps[:at]))
    assert found == expected
    assert decided(twice.logs) == decided(once.logs)
