"""Waiting in tests."""

import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], object], seconds: float, explain: Callable[[], object] = str, poll_s: float = 0.1
) -> float:
    """Poll until the condition holds; return the seconds it took. At the deadline fail and explain."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {explain()}"
        time.sleep(poll_s)
    return time.monotonic() - started
