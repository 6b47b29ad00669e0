"""For Python programs under libfaketime: with it, CPython's own sleep fails with EINVAL or never ends."""

import threading
import time


def sleep(seconds: float) -> None:
    """Wait as long, by another call of the system."""
    threading.Event().wait(seconds)


time.sleep = sleep
