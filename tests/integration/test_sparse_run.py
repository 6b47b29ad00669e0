"""`sparse run` from a cold start: what it prints, that it exits, and that it leaves no process."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from support.stack import BIN, fintank
from support.waiting import wait_until

from fintank.adapters import kafka
from fintank.adapters.consumer_groups import GROUPS, live_members
from fintank.settings import PROJECT_ROOT
from fintank.storm import kept_jar

START_TIMEOUT_S = 120
END_TIMEOUT_S = 30
STACK_TRACE = re.compile(r"^\s+at [\w.$/]+\(|^Traceback |Exception", re.MULTILINE)


class SparseRun:
    """A `sparse run` in a process group of its own, as in a terminal, and its output so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def text(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str) -> None:
        def is_there() -> bool:
            found = text in self.text()
            assert found or self.process.poll() is None, self.text()
            return found

        wait_until(is_there, START_TIMEOUT_S, self.text)

    def below(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, timeout_s: float = END_TIMEOUT_S) -> int:
        return self.process.wait(timeout_s)


@contextmanager
def sparse_run(stack, folder: Path, *arguments: str) -> Iterator[SparseRun]:
    environ = {**stack.environ, "LEIN_ROOT": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    log = folder / f"sparse-{len(list(folder.iterdir()))}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [BIN / "sparse", "run", *arguments],
            cwd=PROJECT_ROOT,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield SparseRun(process, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_a_debug_run_shows_its_tuples_and_exits_in_time_without_stack_traces(stack, tmp_path):
    fintank(stack, "queue_ticks", "--count", "1000")
    with sparse_run(stack, tmp_path, "--debug", "-t", "15") as run:
        run.wait_for("order_flow runs for 15 s")
        below = run.below()
        assert run.end(15 + END_TIMEOUT_S) == 0, run.text()
        assert re.search("Emitting: tick-deserializer default", run.text())
        assert not STACK_TRACE.search(run.text()), run.text()
        assert psutil.wait_procs(below, timeout=2)[1] == []


def test_a_second_run_names_the_first_and_ctrl_c_stops_the_first_at_once(stack, tmp_path):
    with sparse_run(stack, tmp_path) as first:
        with kafka.connect(stack.settings.kafka) as admin:
            wait_until(lambda: len(live_members(admin)) == len(GROUPS), START_TIMEOUT_S, first.text)
        with sparse_run(stack, tmp_path) as second:
            assert second.end(START_TIMEOUT_S) == 1  # another build may hold the lock
            assert "The topology is already running, as " in second.text()
            assert "order_flow-ticks: " in second.text()
            assert "Creating topology" not in second.text()
        below = first.below()
        assert {"java", "streamparse_run"} <= {process.name() for process in below}
        os.killpg(first.process.pid, signal.SIGINT)
        assert first.end() == 128 + signal.SIGINT
        assert not STACK_TRACE.search(first.text()), first.text()
        assert psutil.wait_procs(below, timeout=2)[1] == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_while_it_builds_leaves_no_process(stack, tmp_path, stop):
    shutil.rmtree(kept_jar.FOLDER, ignore_errors=True)
    with sparse_run(stack, tmp_path) as run:
        run.wait_for("Creating topology")
        below = run.below()
        run.process.send_signal(stop)
        assert run.end() == 128 + stop
        assert "Traceback" not in run.text()
        assert psutil.wait_procs(below, timeout=2)[1] == []
