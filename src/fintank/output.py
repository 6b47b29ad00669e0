"""What a program prints, where nobody reads it, the disk is full, or the terminal can't show it."""

import atexit
import errno
import io
import os
import select
import sys
from types import TracebackType
from typing import TextIO

from fintank.errors import EXIT_BROKEN_PIPE


def prepare() -> None:
    """Make every later print of this process end well; for the first line of a program.

    Each line is seen at once, also behind a pipe. What the terminal can't show is escaped.
    """
    if sys.stdout is None:  # closed, as by `>&-`; what is opened next would take its number
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the whole process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.excepthook = _on_error
    atexit.register(_flush)


def _on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End quietly, as other programs do, when whoever read the output has gone: `invoke --list | head -1`."""
    if isinstance(error, BrokenPipeError) and _is_unread(sys.stdout):
        os._exit(EXIT_BROKEN_PIPE)  # without another try to write what is left
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        sys.stderr.write(f"No space left for {error.filename or 'what this program writes'}\n")
        os._exit(1)
    sys.__excepthook__(kind, error, trace)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError as error:  # argparse goes on after it
        _on_error(type(error), error, error.__traceback__)


def _is_unread(stream: TextIO) -> bool:
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
