"""The demo as a user runs it: it checks itself, fails if a bolt is wrong, and cleans up."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from support import free_ports
from support.grafana_queries import empty_panels
from support.readme_demo import readme_shape, shape, summary_of
from support.stack import Stack
from support.waiting import wait_until

from fintank.services import lifecycle
from fintank.settings import PROJECT_ROOT

pytestmark = pytest.mark.soak  # minutes: each demo starts everything

INVOKE = Path(sys.executable).parent / "invoke"
DEMO_TIMEOUT_S = 240
END_TIMEOUT_S = 60
TICKS = 30_000
QUOTES = 3_000
ORDERS = 40

WRONG_BOLTS = '''
"""Imported at the start of every Python process: makes two bolts misbehave."""
from itertools import count

from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.adapters.journal import ShardLog

numbers = count(1)
write, commit = InfluxDB.write, ShardLog.commit


def write_with_gaps(self, lines):
    """Drop every 1,000th fake tick."""
    kept = [line for line in lines.split("\\n") if "NYSE" not in line or next(numbers) % 1000]
    return write(self, "\\n".join(kept)) if kept else []


def commit_twice(self, reports, fills, journal, events=()):
    """Book the first fill twice."""
    if fills:
        ShardLog.commit = commit
        fills = [*fills, fills[0]]
    commit(self, reports, fills, journal, events)


InfluxDB.write, ShardLog.commit = write_with_gaps, commit_twice
'''


@pytest.fixture(scope="module")
def stack(own_stack: Stack) -> Stack:
    """Use services of its own; the first demo starts them."""
    return own_stack


@pytest.fixture(scope="module")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the quotes of one venue for three symbols."""
    path = tmp_path_factory.mktemp("quotes") / "quotes.csv"
    rows = [
        f"{1_723_161_254 + number / 100:.2f},{symbol},VENUE,{100 + number % 7}.10,{100 + number % 7}.20"
        for number in range(QUOTES)
        for symbol in [("EURUSD", "BTCUSDT", "ETHUSDT")[number % 3]]
    ]
    path.write_text("\n".join(["timestamp,symbol,exchange,bid,ask", *rows, ""]))
    return path


@contextmanager
def started(stack: Stack, log: Path, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    command = [INVOKE, "demo", "--ticks", TICKS, "--orders", ORDERS, *arguments]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            list(map(str, command)),
            cwd=PROJECT_ROOT,
            env=stack.environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(END_TIMEOUT_S)


def demo(stack: Stack, folder: Path, *arguments: object) -> tuple[int, str]:
    log = folder / f"demo-{time.monotonic_ns()}.log"
    with started(stack, log, *arguments) as process:
        status = process.wait(DEMO_TIMEOUT_S)
    return status, log.read_text()


def is_up(stack: Stack) -> bool:
    return all(service.is_up for service in lifecycle.status(stack.settings))


def topologies(stack: Stack) -> list[psutil.Process]:
    """Return the processes of this stack's topology."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            is_of_stack = process.environ().get("FINTANK_KAFKA") == stack.settings.kafka
        except psutil.Error:
            continue
        if is_of_stack and {"fintank.local.main", "run"} <= set(process.info["cmdline"]):
            found.append(process)
    return found


def figure(output: str, name: str) -> int:
    match = re.search(rf"^  {name} +([0-9,]+)", output, re.MULTILINE)
    assert match, output
    return int(match[1].replace(",", ""))


def check_output(output: str) -> None:
    """Check the output of a successful run."""
    assert "Clean: no break." in output
    assert "All is as it should be" in output
    ticks = figure(output, "ticks sent")
    assert ticks == figure(output, "ticks stored")
    assert ticks > TICKS + QUOTES  # with the probes
    assert figure(output, "orders") == 2 * ORDERS
    assert figure(output, "fills") > 0
    assert figure(output, "rejects") == 0
    for measured in ("ticks per second", "tick to stored", "order to execution", "memory"):
        assert re.search(rf"^  {measured} +(p50 )?[0-9]", output, re.MULTILINE), output
    assert shape(summary_of(output)) == readme_shape()
    peak = re.search(r"memory +([0-9.]+) GB", output)
    assert peak
    assert float(peak[1]) < 3
    drawn = re.search(r"^To see it: (.*): [0-9,]+ ticks, [0-9,]+ trades?\. Open", output, re.MULTILINE)
    assert drawn, output
    assert "plotly-graph-div" in Path(drawn[1]).read_text()


def test_two_demos_in_a_row_pass_and_keep_leaves_everything_running(
    stack: Stack, quotes: Path, tmp_path: Path
) -> None:
    assert not is_up(stack)
    status, output = demo(stack, tmp_path, "--file", quotes, "--keep")
    assert status == 0, output
    check_output(output)
    assert is_up(stack)
    assert len(topologies(stack)) == 1
    assert empty_panels(stack.settings) == []
    assert f"influx -host localhost -port {stack.settings.sink.address.rpartition(':')[2]}" in output

    match = re.search(r"^  kill -INT ([0-9]+)", output, re.MULTILINE)
    assert match
    os.kill(int(match[1]), signal.SIGINT)
    wait_until(lambda: not topologies(stack), END_TIMEOUT_S)

    status, output = demo(stack, tmp_path, "--file", quotes)
    assert status == 0, output
    check_output(output)
    assert is_up(stack), "services that were up before stay up"
    assert topologies(stack) == []


def test_a_demo_on_another_database_fills_it_with_the_ticks_of_the_demos_before(
    stack: Stack, quotes: Path, tmp_path: Path
) -> None:
    demos = [demo(stack, tmp_path, "--file", quotes)]
    for scheme in ("questdb", "postgres"):
        sink = f"{scheme}://localhost:{free_ports.consecutive(1)}"
        other = Stack(stack.settings, {**stack.environ, "FINTANK_SINK": sink})
        demos += [demo(other, tmp_path, "--file", quotes), demo(other, tmp_path, "--file", quotes)]
    filled = ["it is filled as by `invoke rebuild`" in output for _, output in demos]
    assert filled == [False, True, False, True, False], [output for _, output in demos]
    for status, output in demos:
        assert status == 0, output
        check_output(output)


def test_dropped_ticks_and_a_fill_booked_twice_are_found(stack: Stack, quotes: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WRONG_BOLTS)
    wrong = Stack(stack.settings, {**stack.environ, "PYTHONPATH": str(tmp_path)})
    status, output = demo(wrong, tmp_path, "--file", quotes)
    assert status == 1, output
    assert re.search(r"reconcile: POINT_MISSING [1-9]", output), output
    assert re.search(r"reconcile: TRADE_BOOKED_TWICE [1-9]", output), output
    assert re.search(r"audit: FILL_NOT_DECIDED [1-9]", output), output
    sent, stored = figure(output, "ticks sent"), figure(output, "ticks stored")
    assert stored < sent
    missing = f"{sent:,} ticks came into the topic 'ticks', {stored:,} points into bid_ask"
    assert f"ticks: {missing}" in output
    assert topologies(stack) == []


def test_a_demo_that_is_interrupted_leaves_nothing_running(
    stack: Stack, quotes: Path, tmp_path: Path
) -> None:
    lifecycle.down(stack.settings, print)
    log = tmp_path / "log"
    with started(stack, log, "--file", quotes) as process:
        wait_until(lambda: "Starting the topology" in log.read_text(), END_TIMEOUT_S, log.read_text)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(END_TIMEOUT_S) == 128 + signal.SIGINT, log.read_text()
    assert not is_up(stack)
    assert psutil.wait_procs(below, timeout=2)[1] == []
    assert "Traceback" not in log.read_text()


def test_a_topology_that_ends_early_is_reported_with_its_last_lines(
    stack: Stack, quotes: Path, tmp_path: Path
) -> None:
    (tmp_path / "lein").write_text("#!/bin/sh\necho this lein builds nothing >&2\nexit 1\n")
    (tmp_path / "lein").chmod(0o755)
    path = f"{Path(sys.executable).parent}:{tmp_path}:{os.environ['PATH']}"
    status, output = demo(Stack(stack.settings, {**stack.environ, "PATH": path}), tmp_path, "--file", quotes)
    assert status == 1
    assert "this lein builds nothing" in output
    assert "`sparse run` ended on its own with exit status" in output
    assert "Traceback" not in output
    assert not is_up(stack)


def test_a_missing_file_is_reported_before_anything_starts(stack: Stack, tmp_path: Path) -> None:
    status, output = demo(stack, tmp_path, "--file", tmp_path / "missing.csv")
    assert status == 1
    assert output.endswith("missing.csv: No such file or directory: name a file, plain or compressed\n")
    assert not is_up(stack)
