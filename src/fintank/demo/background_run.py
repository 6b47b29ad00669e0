"""`sparse run` as a background process of another command."""

import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path

from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT, TOPOLOGY, Settings

END_TIMEOUT_S = 40
"""Longer than `sparse run` itself waits for its child processes."""
LINES_SHOWN = 15


class BackgroundRun:
    """A `sparse run` without a time limit, and its log. Made by `start`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The process id of `sparse run`; SIGINT ends it with all its children."""
        return self._process.pid

    def has_worker(self) -> bool:
        """Whether Storm has started the topology's worker."""
        return f"{TOPOLOGY} runs" in self.log.read_text(errors="replace")

    def last_lines(self, count: int = LINES_SHOWN) -> str:
        """Return the end of the log."""
        with self.log.open(errors="replace") as lines:
            return "".join(deque(lines, maxlen=count)).rstrip()

    def require_running(self) -> None:
        """Raise FintankError, with the last lines of the log, if it has ended."""
        status = self._process.poll()
        if status is not None:
            raise FintankError(
                f"{self.last_lines()}\n`sparse run` ended on its own with exit status {status}: "
                f"above are its last lines, the rest is in {self.log}"
            )

    def end(self) -> None:
        """End it as Ctrl-C does and wait until its children have ended; kill it if it hangs."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


def start(settings: Settings) -> BackgroundRun:
    """Start `sparse run` for these services; its output goes to order_flow.log next to the services' logs.

    It gets its own session, so that Ctrl-C in the terminal reaches only its caller, which then ends it.
    """
    log = settings.home / "logs" / f"{TOPOLOGY}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    programs = Path(sys.executable).parent
    environ = {
        # Warnings about streamparse's dependencies, which we can't fix.
        "PYTHONWARNINGS": "ignore:TripleDES,ignore:pkg_resources",
        **os.environ,
        "FINTANK_HOME": str(settings.home),
        "FINTANK_KAFKA": settings.kafka,
        "FINTANK_SINK": settings.sink.with_login,
        "LEIN_ROOT": "1",  # else Leiningen asks whether to run as root
        "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "sparse", "run"],
            cwd=PROJECT_ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return BackgroundRun(process, log)
