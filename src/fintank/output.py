"""Printing: foreign texts, a reader that is gone, a full disk, and characters that the terminal lacks."""

import atexit
import errno
import io
import os
import select
import sys
import warnings
from types import TracebackType
from typing import TextIO

from fintank.errors import EXIT_BROKEN_PIPE


def prepare() -> None:
    """Set up the output of a program; to be called first.

    Every line is flushed, also into a pipe, and characters that the terminal can't show are escaped.
    Libraries' warnings of what is deprecated are not shown, whatever PYTHONWARNINGS says.
    """
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
        warnings.simplefilter("ignore", kind)
    if sys.stdout is None:  # closed, as by `>&-`; the next opened file would get its descriptor
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open for the whole process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.excepthook = _on_error
    atexit.register(_flush)


def printable(text: str, chars_max: int | None = None) -> str:
    """Return the start of a foreign text as one line that no terminal takes for a command."""
    start = text[:chars_max]
    return start if start.isprintable() else "".join(map(_escaped, start))


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Exit quietly when the reader of the output is gone, as in `invoke --list | head -1`."""
    if isinstance(error, BrokenPipeError) and _is_unread(sys.stdout):
        os._exit(EXIT_BROKEN_PIPE)  # without flushing again
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        sys.stderr.write(f"No space left for {error.filename or 'the output of this program'}\n")
        os._exit(1)
    sys.__excepthook__(kind, error, trace)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError as error:  # argparse would ignore it
        _on_error(type(error), error, error.__traceback__)


def _is_unread(stream: TextIO) -> bool:
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
