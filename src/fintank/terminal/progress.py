"""How far a long work is, and how much it was."""

import sys

from rich.progress import Progress


def progress(transient: bool = False) -> Progress:
    """Return a progress bar, which shows itself on a terminal only; a transient one goes away when done."""
    return Progress(disable=not sys.stdout.isatty(), transient=transient)


def counted(count: int, noun: str) -> str:
    """Write a number of things, as in `1 tick` and `1,000 ticks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
