"""Errors that a user can fix, and exit statuses."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE


class FintankError(Exception):
    """What went wrong and how to fix it, in one line; commands print it and exit with status 1."""


def missing_package(what: str) -> FintankError:
    """Return the error of what needs a package of requirements-extra.txt."""
    return FintankError(f"{what} needs a package: .venv/bin/pip install --requirement requirements-extra.txt")


@contextmanager
def exiting() -> Iterator[None]:
    """End the program with the line of a FintankError raised inside."""
    try:
        yield
    except FintankError as error:
        raise SystemExit(str(error)) from error
