"""The plan of the equivalence test: log time changes nothing, and all kinds of orders occur."""

import random
import time
from collections import Counter
from pathlib import Path
from zlib import crc32

import pytest
from reference import Place
from scenarios.core_world import CoreWorld
from scenarios.playing import PARTITIONS, Record, ReferenceWorld
from support.equivalence_plan import RULES, SEED, by_symbol, check_variety, steps

STEP_US_MAX = 4_000_000


@pytest.mark.soak
def test_half_an_hour_of_log_time_changes_nothing() -> None:
    rng, ends = random.Random(3), Counter()
    start_us = log_us = time.time_ns() // 1000
    core, reference = CoreWorld(RULES), ReferenceWorld(RULES)
    found: list[Record] = []
    wanted: list[Record] = []
    for step in steps(Path("no such folder"), SEED):
        log_us += rng.randint(0, STEP_US_MAX)
        for sending in step:
            partition = sending.partition
            if partition is None:
                partition = crc32(sending.key.encode()) % PARTITIONS
            place = Place(sending.topic, partition, ends[sending.topic, partition], start_us)
            ends[sending.topic, partition] += 1
            found += core.take(sending.topic, sending.text, place, log_us).executions
            wanted += reference.take(sending.topic, sending.text, place, start_us).executions
        log_us += rng.randint(0, STEP_US_MAX)
        found += core.run_timers(log_us).executions
    assert by_symbol(found) == by_symbol(wanted)
    check_variety(wanted)
