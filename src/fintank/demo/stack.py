"""The services and the topology of a demo: started for it, and stopped however it ends."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from fintank.demo import background_run
from fintank.demo.background_run import BackgroundRun
from fintank.errors import FintankError
from fintank.services import lifecycle
from fintank.settings import Settings
from fintank.terminal.screen import LiveLine

WORKER_SECONDS_MAX = 300
POLL_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHOWN_CHARS_MAX = 90


@contextmanager
def services(settings: Settings, is_kept: bool) -> Iterator[None]:
    """Start the services; later stop them if all were down before, unless the demo passed and is_kept."""
    found = lifecycle.status(settings)
    is_left = any(service.is_up for service in found)
    try:
        if not all(service.is_up for service in found):
            lifecycle.up(settings, print)
        yield
        is_left = is_left or is_kept
    finally:
        if not is_left:
            with _handling(signal.SIG_IGN):  # a second Ctrl-C would leave half of them running
                lifecycle.down(settings, print)


@contextmanager
def topology(settings: Settings, is_kept: bool) -> Iterator[BackgroundRun]:
    """Start `sparse run` and wait for its worker; afterwards stop it, unless the demo passed and is_kept."""
    run = background_run.start(settings)
    is_left = False
    try:
        print(f"Starting the topology with `sparse run`; its log is {run.log}.")
        _wait_for_worker(run)
        yield run
        is_left = is_kept
    finally:
        if not is_left:
            with _handling(signal.SIG_IGN):
                print("Stopping the topology ...")
                run.end()


def _wait_for_worker(run: BackgroundRun) -> None:
    started = time.monotonic()
    with LiveLine() as line:
        while not run.has_worker():
            run.require_running()
            seconds = time.monotonic() - started
            if seconds > WORKER_SECONDS_MAX:
                raise FintankError(
                    f"{run.last_lines()}\nThe topology has no worker after {WORKER_SECONDS_MAX} s: "
                    f"above are the last lines of {run.log}"
                )
            line.show(f"{seconds:.0f} s: {run.last_lines(1)[:SHOWN_CHARS_MAX]}")
            time.sleep(POLL_SECONDS)
    print(f"The topology is running after {time.monotonic() - started:.0f} s.")


def interruptible() -> AbstractContextManager[None]:
    """Clean up on SIGTERM and SIGHUP as on Ctrl-C, also in the background, where a shell ignores SIGINT."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    return _handling(interrupt)


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
