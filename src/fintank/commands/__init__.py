"""The commands a user calls with `invoke` or `fintank`, one module a group."""

import functools
from collections.abc import Callable
from typing import Any

from invoke.exceptions import Exit
from invoke.tasks import Task, task

from fintank import output
from fintank.errors import EXIT_INTERRUPTED, FintankError

output.prepare()


PATHS = ("file", "out")
"""Options that name a file, which may have any bytes in its name."""


def _require_text(options: dict[str, Any]) -> None:
    texts = {name: value for name, value in options.items() if isinstance(value, str) and name not in PATHS}
    for name, text in texts.items():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise FintankError(f"{name} {text!r} is no text in UTF-8") from None


def command(**options: Any) -> Callable[[Callable[..., None]], Task[Callable[..., None]]]:
    """Make a function an invoke task; a FintankError becomes its one line and exit status 1, Ctrl-C 130."""

    def decorate(function: Callable[..., None]) -> Task[Callable[..., None]]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            try:
                _require_text(kwargs)
                function(*args, **kwargs)
            except FintankError as error:
                raise Exit(str(error), code=1) from error
            except OSError as error:
                if not error.filename:
                    raise
                raise Exit(f"{error.filename}: {error.strerror}", code=1) from error
            except KeyboardInterrupt:
                raise Exit("Interrupted.", code=EXIT_INTERRUPTED) from None

        wrapped: Task[Callable[..., None]] = task(**options)(run)
        return wrapped

    return decorate
