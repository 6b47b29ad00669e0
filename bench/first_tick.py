"""Seconds from `sparse run` to the first stored tick: .venv/bin/python bench/first_tick.py

Uses its own services on free ports. A thousand ticks are in Kafka before; the jar is kept from the run before
the first measured one, as its sources have not changed.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import runs
from support.stack import BIN, Stack, fintank, running_stack, stored_ticks

from fintank.settings import PROJECT_ROOT
from fintank.waiting import wait_until

TICKS = 1_000
STEPS = {
    "jar checked": "storm jar",
    "worker up": "order_flow runs",
}
"""What the log says when a step is done."""
POLL_SECONDS = 0.02
SECONDS_MAX = 120


def main() -> None:
    """Measure, print and write bench/results/."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="how often it is measured (default: 3)")
    times = parser.parse_args().times
    runs.end_when_told()
    load = f"{TICKS:,} ticks in Kafka, {times} times"
    runs.describe(load)
    found = []
    for number in range(times + 1):
        with running_stack() as stack:
            fintank(stack, "queue_ticks", "--count", str(TICKS))
            seconds = measure(stack)
        if number:
            found.append(seconds)
            print(", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()), flush=True)
    for name in found[0]:
        print(f"{name:<20}{runs.median_and_range([one[name] for one in found], 1)} s")
    print(f"\nwritten to {runs.save('first-tick', load, {'runs': found})}")


def measure(stack: Stack) -> dict[str, float]:
    """Return the seconds from the start of `sparse run` to each step and to the first stored tick."""
    environ = {**stack.environ, "LEIN_ROOT": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    reached: dict[str, float] = {}
    with tempfile.TemporaryFile("w+b") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            [BIN / "sparse", "run"],
            cwd=PROJECT_ROOT,
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

        def is_stored() -> bool:
            log.seek(0)
            text = log.read().decode(errors="replace")
            if process.poll() is not None:
                raise SystemExit(f"sparse run has ended:\n{text}")
            for step, says in STEPS.items():
                if step not in reached and says in text:
                    reached[step] = time.monotonic() - started
            return stored_ticks(stack.settings) > 0

        try:
            if not wait_until(is_stored, SECONDS_MAX, every=POLL_SECONDS):
                raise SystemExit(f"no tick was stored within {SECONDS_MAX} s")
            reached["first tick stored"] = time.monotonic() - started
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(SECONDS_MAX)
    return reached


if __name__ == "__main__":
    main()
