"""Real quotes and 1,000 random orders: topology and reference engine agree in every field."""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from reference import Place
from scenarios.playing import Record, ReferenceWorld
from support.equivalence_plan import (
    HOUR_US,
    MICROSECONDS,
    RULES,
    SEED,
    Sending,
    by_symbol,
    check_variety,
    steps,
)
from support.live_world import LiveWorld, live_world
from support.order_flow import order_flow
from support.rules_files import write_rules
from support.stack import Stack, create_topics

from fintank.settings import PROJECT_ROOT

DATA = PROJECT_ROOT.parent / "shared" / "data"
STEPS_MIN = 500
SECONDS_MAX = HOUR_US // MICROSECONDS
"""How much log time the plan allows."""
PROGRESS_S = 30


def play(world: LiveWorld) -> list[tuple[Sending, Place]]:
    """Send the steps in order, each when the one before is processed."""
    sent: list[tuple[Sending, Place]] = []
    started = told_s = time.monotonic()
    count = 0
    for count, step in enumerate(steps(DATA, SEED), 1):
        sent += zip(step, world.send(step), strict=True)
        world.settle()
        if time.monotonic() - told_s > PROGRESS_S:
            told_s = time.monotonic()
            print(f"{count} steps, {len(sent):,} records in {told_s - started:.0f} s", flush=True)
    seconds = time.monotonic() - started
    print(f"{count} steps, {len(sent):,} records in {seconds:.0f} s, {seconds / count:.2f} s a step")
    assert count >= STEPS_MIN
    assert seconds < SECONDS_MAX
    return sent


def expected(sent: Iterable[tuple[Sending, Place]]) -> tuple[list[Record], list[Record], list[str]]:
    """Return the executions, fills and rejects of the reference engine, for which log time stands still."""
    world = ReferenceWorld(RULES)
    executions, fills, rejects = [], [], []
    log_us = time.time_ns() // 1000
    for sending, place in sent:
        emitted = world.take(sending.topic, sending.text, place, log_us)
        executions += emitted.executions
        fills += emitted.fills
        rejects += emitted.rejects
    return executions, fills, rejects


@pytest.mark.soak
def test_the_topology_agrees_with_the_reference_engine(empty_stack: Stack, jar: Path, tmp_path: Path) -> None:
    address = empty_stack.settings.kafka
    create_topics(empty_stack)
    environ = {**empty_stack.environ, **write_rules(tmp_path, RULES)}
    with order_flow(environ, tmp_path) as flow, live_world(address) as world:
        sent = play(world)
        executions, fills, rejects = (world.new(topic) for topic in ("executions", "fills", "rejects"))
        assert flow.end() == 0
    reference_executions, reference_fills, reference_rejects = expected(sent)
    check_variety(reference_executions)
    assert sorted(reject["reason"] for reject in rejects) == sorted(reference_rejects)
    found, wanted = by_symbol(executions), by_symbol(reference_executions)
    assert found.keys() == wanted.keys()
    for symbol, reports in wanted.items():
        for report, reference in zip(found[symbol], reports, strict=False):
            assert report == reference
        assert len(found[symbol]) == len(reports)
    by_id = {fill["exec_id"]: fill for fill in fills}
    assert len(by_id) == len(fills)
    assert by_id == {fill["exec_id"]: fill for fill in reference_fills}
