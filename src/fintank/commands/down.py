"""invoke down: stop the local services."""

from fintank.commands import command
from fintank.services import lifecycle
from fintank.settings import Settings


@command()
def down(settings: Settings) -> None:
    """Stop everything that `invoke up` started and keep the data.

    Example: invoke down
    """
    lifecycle.down(settings, print)
