"""Tables, the progress bar and the live line. Brackets in a text are never markup."""

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

Item = TypeVar("Item")

PLAIN_EVERY_SECONDS = 5.0


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a broken pipe to the program, as print does; rich would exit with status 1."""
        raise  # noqa: PLE0704 - rich calls it while it handles the error


def console(chars_min: int = 0) -> Console:
    """Make a console that shows text verbatim: no markup, no emoji codes.

    It is at least chars_min wide: rich would cut columns where the output is not a terminal.
    """
    made = _Console(markup=False, emoji=False, highlight=False)
    made.width = max(made.width, chars_min)
    return made


def table(*titles: str, numbers: Collection[str] = ()) -> Table:
    """Make an empty table; the columns in `numbers` are right-aligned. What is too wide goes on below."""
    made = Table(box=box.SIMPLE_HEAD)
    for title in titles:
        made.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    return made


def progress(transient: bool = False) -> Progress:
    """Return a progress bar, shown on a terminal only; a transient one disappears when done."""
    return Progress(disable=not sys.stdout.isatty(), transient=transient)


def track(items: Iterable[Item], total: int, description: str) -> Iterator[Item]:
    """Yield the items under a progress bar that disappears when done."""
    with progress(transient=True) as bar:
        yield from bar.track(items, total=total, description=description)


class LiveLine:
    """One line that is rewritten in place on a terminal; elsewhere a new line every few seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._status = console().status("") if sys.stdout.isatty() else None
        self._now = now
        self._last_print = now()

    def __enter__(self) -> "LiveLine":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def show(self, text: str) -> None:
        """Show the text now, or, without a terminal, if the last line is old enough."""
        if self._status:
            self._status.update(Text(text))
        elif (now := self._now()) - self._last_print >= PLAIN_EVERY_SECONDS:
            self._last_print = now
            print(f"  {text}", flush=True)
