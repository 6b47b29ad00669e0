"""invoke reset: delete the services' data."""

import sys

from fintank.commands import command
from fintank.errors import FintankError
from fintank.services import lifecycle
from fintank.settings import Settings


@command(help={"yes": "do not ask"})
def reset(settings: Settings, yes: bool = False) -> None:
    """Stop the services and delete all their data.

    Example: invoke reset --yes
    """
    if yes or _is_confirmed(f"Delete all data in {settings.home}? [y/N] "):
        lifecycle.reset(settings, print)
    else:
        print("Nothing was deleted.")


def _is_confirmed(question: str) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():  # None: it is closed, as by `<&-`
        raise FintankError("reset deletes all data: confirm with --yes.")
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False
