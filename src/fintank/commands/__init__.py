"""The commands of `invoke` and `fintank`: one per module, which has its name."""

import errno
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from fintank import output, settings
from fintank.errors import EXIT_INTERRUPTED, FintankError

output.prepare()

PATHS = ("file", "out")
"""Options that name a file; a file name may be any bytes."""
HELP = ("--help", "-h")


def _require_texts(options: dict[str, Any], may_be_empty: Sequence[str]) -> None:
    for name, value in options.items():
        # As in --since "$SINCE": without a value, what is limited by the option would be done to all.
        if value == "" and name not in may_be_empty:
            raise FintankError(f"{name} is empty: give it a value, or leave it out")
        if isinstance(value, str) and name not in PATHS:
            try:
                value.encode()
            except UnicodeEncodeError:
                raise FintankError(f"{name} {value!r} is not valid UTF-8") from None


def _require_no_help(name: str, positional: Iterable[object]) -> None:
    """Point to a command's help: invoke passes the words of `COMMAND --help` as positional arguments."""
    for word in positional:
        if word in HELP:
            raise FintankError(f"{name} {word}: for help write `invoke --help {name}`")


def command(**options: Any) -> Callable[[Callable[..., None]], Task[Callable[..., None]]]:
    """Make an invoke task of a function, which gets the Settings as its first argument.

    A FintankError ends the command with its one line and exit status 1, Ctrl-C with 130.
    """
    may_be_empty = options.get("positional", [])[:1] if options.get("klass") else []

    def decorate(function: Callable[..., None]) -> Task[Callable[..., None]]:
        @functools.wraps(function)
        def run(_context: Context, *args: Any, **kwargs: Any) -> None:
            try:
                _require_texts(kwargs, may_be_empty)
                _require_no_help(function.__name__, map(kwargs.get, options.get("positional", ())))
                function(settings.load(), *args, **kwargs)
            except FintankError as error:
                raise Exit(str(error), code=1) from error
            except OSError as error:
                if not error.filename and error.errno in (errno.EPIPE, errno.ENOSPC):
                    raise  # fintank.output knows what to do with its own output
                place = f"{error.filename}: " if error.filename else ""
                raise Exit(f"{place}{error.strerror or error}", code=1) from error
            except KeyboardInterrupt:
                raise Exit("Interrupted.", code=EXIT_INTERRUPTED) from None

        wrapped: Task[Callable[..., None]] = task(**options)(run)
        return wrapped

    return decorate
