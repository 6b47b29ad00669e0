"""The core and the reference engine agree in every field, on random records."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from properties.odd_records import ODD_RULES, ODD_STEPS
from properties.random_records import RULES, STEPS, Step
from scenarios.core_world import CoreWorld
from scenarios.playing import LOG_US, Emitted, Record, ReferenceWorld, World


def emitted(world: World, steps: list[Step], log_us: int = LOG_US) -> list[Emitted]:
    """Return the outcome of each step; log_us: the log time."""
    found = []
    for step in steps:
        log_us += step.log_us
        if step.topic == "second":
            found.append(world.run_timers(log_us))
        else:
            found.append(world.take(step.topic, step.text, step.place, log_us))
    return found


def by_symbol(records: list[Record]) -> dict[str, list[Record]]:
    found = defaultdict(list)
    for record in records:
        found[record["symbol"]].append(record)
    return found


FORGETFUL = {**RULES, "retention_ms": 20_000}
"""So that orders, cancels and symbols are forgotten while others come."""


@pytest.mark.parametrize("rules", [RULES, FORGETFUL], ids=["remembering", "forgetting"])
@given(steps=STEPS)
def test_the_core_and_the_reference_engine_tell_the_same(rules: dict[str, Any], steps: list[Step]) -> None:
    they_agree(rules, steps)


@given(steps=ODD_STEPS)
def test_they_tell_the_same_of_odd_markets(steps: list[Step]) -> None:
    they_agree(ODD_RULES, steps)


def they_agree(rules: dict[str, Any], steps: list[Step]) -> None:
    core, reference = emitted(CoreWorld(rules), steps), emitted(ReferenceWorld(rules), steps)
    for of_core, of_reference in zip(core, reference, strict=True):
        assert by_symbol(of_core.executions) == by_symbol(of_reference.executions)
        assert by_symbol(of_core.fills) == by_symbol(of_reference.fills)
        assert of_core.rejects == of_reference.rejects
