"""The commands a user calls with `invoke` or `fintank`, one module a group."""

import functools
import io
import os
import select
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from invoke.exceptions import Exit
from invoke.tasks import Task, task

from fintank.errors import EXIT_BROKEN_PIPE, EXIT_INTERRUPTED, FintankError


def _on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End quietly, as other programs do, when whoever read the output has gone: `invoke --list | head -1`."""
    if issubclass(kind, BrokenPipeError) and _is_unread(sys.stdout):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        os._exit(EXIT_BROKEN_PIPE)
    sys.__excepthook__(kind, error, trace)


def _is_unread(stream: TextIO) -> bool:
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


sys.excepthook = _on_error
if isinstance(sys.stdout, io.TextIOWrapper):
    # Each line is seen at once, also behind a pipe. What the terminal can't show is escaped.
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")


def command(**options: Any) -> Callable[[Callable[..., None]], Task[Callable[..., None]]]:
    """Make a function an invoke task; a FintankError becomes its one line and exit status 1, Ctrl-C 130."""

    def decorate(function: Callable[..., None]) -> Task[Callable[..., None]]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except FintankError as error:
                raise Exit(str(error), code=1) from error
            except KeyboardInterrupt:
                raise Exit("Interrupted.", code=EXIT_INTERRUPTED) from None

        wrapped: Task[Callable[..., None]] = task(**options)(run)
        return wrapped

    return decorate
