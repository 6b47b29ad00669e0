"""invoke status: which services are up."""

from invoke.exceptions import Exit
from rich.table import Table
from rich.text import Text

from fintank.commands import command
from fintank.services import lifecycle
from fintank.settings import Settings
from fintank.terminal.screen import console


@command()
def status(settings: Settings) -> None:
    """Show each service; the exit status is 1 when one is down.

    Example: invoke status
    """
    table = Table("service", "state", "address", "since")
    rows = lifecycle.status(settings)
    for row in rows:
        state = Text(row.state, "green" if row.is_up else "red")
        since = row.since.isoformat(sep=" ", timespec="seconds") if row.since else ""
        table.add_row(row.name, state, row.address, since)
    console().print(table)
    for line in lifecycle.topologies(settings):
        print(line)
    if not all(row.is_up for row in rows):
        raise Exit(code=1)
