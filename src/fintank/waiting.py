"""The time, sleeping until a moment, polling with a deadline, and retrying."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def now_us() -> int:
    """Return the time in microseconds since the epoch."""
    return time.time_ns() // 1000


def sleep_until(moment: float) -> None:
    """Sleep until a moment of the monotonic clock."""
    seconds = moment - time.monotonic()
    if seconds > 0.001:  # shorter sleeps cost more than they wait
        time.sleep(seconds)


def wait_until(
    ask: Callable[[], Answer],
    seconds: float,
    *,
    every: float = 0.2,
    is_done: Callable[[Answer], object] = bool,
) -> Answer:
    """Ask until `is_done` holds for the answer, or the time is up; return the last answer."""
    deadline = time.monotonic() + seconds
    while not is_done(answer := ask()) and time.monotonic() < deadline:
        time.sleep(every)
    return answer


def retry(
    ask: Callable[[], Answer], seconds: float, *, every: float, is_transient: Callable[[Exception], bool]
) -> Answer:
    """Return the answer; ask again after a transient error, until the time is up. Any other error passes."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Exception as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
        time.sleep(every)
