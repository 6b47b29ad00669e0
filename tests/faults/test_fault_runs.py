"""Seeded faults while ticks and orders flow: nothing is lost, doubled or decided out of order."""

import os
import random
import time
from pathlib import Path

import pytest
from faults import judge
from faults.injection import KINDS
from faults.plan import Fault, plan
from faults.world import World, world

SEED = int(os.environ.get("SEED", "1"))
REPEAT = int(os.environ.get("REPEAT", "1"))
DURATION_S = int(os.environ.get("DURATION_S", "100"))
SHORT_S = 25
SHORT_GAP_S = (2, 4)
WARM_S = 5


def run(seed: int, faults: list[Fault], *, cluster: bool) -> None:
    """Let traffic flow through the faults of a seed, then judge."""
    print(f"\nseed {seed}: {', '.join(map(str, faults))}")
    with world(seed, cluster=cluster) as made:
        for _ in range(2):
            KINDS["poison"](made, "", random.Random(seed))
        with made.traffic.flowing():
            made.wait_for_bolt("RuleEngine")
            started = time.monotonic()
            time.sleep(WARM_S)
            warm_mb = judge.memory_mb(made)
            for fault in faults:
                _inject(made, fault, seed, started)
        settled_s = judge.settle(made)
        memory = judge.check_memory(warm_mb, judge.memory_mb(made))
        print(f"seed {seed}: settled after {settled_s:.0f} s; {judge.check(made)}; {memory}")


def _inject(made: World, fault: Fault, seed: int, started: float) -> None:
    wait_s = started + fault.at_s - time.monotonic()
    time.sleep(max(wait_s, 2))
    began_s = time.monotonic() - started
    done = KINDS[fault.kind](made, fault.target, random.Random(f"{seed} {fault}"))
    ended_s = time.monotonic() - started
    print(f"seed {seed}, {began_s:.1f} to {ended_s:.1f} s: {fault}: {done}", flush=True)


def test_a_few_faults_in_one_jvm_change_nothing(jar: Path) -> None:
    run(SEED, plan(SEED, SHORT_S, cluster=False, gap_s=SHORT_GAP_S), cluster=False)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SEED, SEED + REPEAT))
def test_faults_on_a_cluster_change_nothing(seed: int) -> None:
    run(seed, plan(seed, DURATION_S, cluster=True), cluster=True)
