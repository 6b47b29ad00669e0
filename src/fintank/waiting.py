"""Polling with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


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
