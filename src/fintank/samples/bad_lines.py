"""The bad lines of a file: named, skipped and counted."""

import sys
from pathlib import Path

from fintank.errors import FintankError
from fintank.samples.csv_text import BadLine
from fintank.terminal.texts import counted

NAMED_MAX = 100


class BadLines:
    """Prints the first NAMED_MAX lines that are added; with is_strict, the first one is a FintankError."""

    def __init__(self, path: Path, is_strict: bool) -> None:
        self.count = 0
        self._path = path
        self._is_strict = is_strict

    def add(self, line: BadLine) -> None:
        """Name a line."""
        named = f"{self._path}:{line.number}: {line.reason}"
        if self._is_strict:
            raise FintankError(f"{named}; nothing was sent: fix the line, or leave out --strict to skip it")
        self.count += 1
        if self.count <= NAMED_MAX:
            print(named, file=sys.stderr)

    def finish(self, good_lines: int) -> None:
        """Print how many more there were; FintankError if there is no good line."""
        if self.count > NAMED_MAX:
            print(f"{self._path}: and {self.count - NAMED_MAX:,} more bad lines", file=sys.stderr)
        if not good_lines:
            raise FintankError(f"{self._path}: has no good line: nothing was sent")


def print_skipped(count: int) -> None:
    """Print how many bad lines were skipped, if any."""
    if count:
        print(f"{counted(count, 'bad line')} {'was' if count == 1 else 'were'} skipped.")
