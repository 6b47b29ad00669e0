import subprocess
import sys
from pathlib import Path

import pytest
from support.waiting import wait_until

from fintank.demo.background_run import BackgroundRun
from fintank.errors import FintankError

TIMEOUT_S = 10


def started(log: Path, program: str) -> BackgroundRun:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", program], stdout=output, stderr=output, start_new_session=True
        )
    return BackgroundRun(process, log)


def test_a_run_that_ends_by_itself_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    run = started(tmp_path / "log", "print(*range(100), sep='\\n'); raise SystemExit(3)")
    with pytest.raises(FintankError) as caught:
        wait_until(run.require_running, TIMEOUT_S, poll_s=0.01)
    told = str(caught.value).splitlines()
    assert told[:-1] == [str(number) for number in range(85, 100)]
    assert told[-1].startswith("`sparse run` ended on its own with exit status 3: ")
    assert str(run.log) in told[-1]


def test_end_works_like_ctrl_c(tmp_path: Path) -> None:
    program = "import signal; print('order_flow runs: Ctrl-C ends it'); signal.pause()"
    run = started(tmp_path / "log", program)
    wait_until(run.has_worker, TIMEOUT_S, poll_s=0.01)
    run.require_running()
    run.end()
    assert "KeyboardInterrupt" in run.last_lines()
    run.end()
