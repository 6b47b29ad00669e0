"""One line that says how far a long work is."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.text import Text

from fintank.terminal.screen import console

PLAIN_EVERY_SECONDS = 5.0


class LiveLine:
    """Rewrites one line on a terminal while it is entered; elsewhere prints a line every few seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._status = console().status("") if sys.stdout.isatty() else None
        self._now = now
        self._last_print = now()

    def __enter__(self) -> "LiveLine":
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def show(self, text: str) -> None:
        """Say it now, or, where lines stay, when the last one is old enough."""
        if self._status:
            self._status.update(Text(text))  # brackets in it are no markup
        elif (now := self._now()) - self._last_print >= PLAIN_EVERY_SECONDS:
            self._last_print = now
            print(f"  {text}", flush=True)
