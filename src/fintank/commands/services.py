"""up, down, status, logs, reset: the local services."""

import subprocess
import sys
from datetime import datetime

from invoke.context import Context
from invoke.exceptions import Exit
from rich.table import Table
from rich.text import Text

from fintank import settings
from fintank.commands import command
from fintank.errors import FintankError
from fintank.services import lifecycle
from fintank.terminal.screen import console

LOG_LINES = 100


@command(help={"cluster": "a Storm cluster too: ZooKeeper, Nimbus and two Supervisors"})
def up(context: Context, cluster: bool = False) -> None:
    """Start Kafka and InfluxDB here and wait until they answer, as in: invoke up --cluster"""
    lifecycle.up(settings.load(), print, cluster)


@command()
def down(context: Context) -> None:
    """Stop all that `invoke up` started; the data stays, as in: invoke down"""
    lifecycle.down(settings.load(), print)


@command()
def status(context: Context) -> None:
    """Show each service; exit with 1 when one is down, as in: invoke status"""
    table = Table("service", "state", "address", "since")
    rows = lifecycle.status(settings.load())
    for row in rows:
        state = Text(row.state, "green" if row.is_up else "red")
        table.add_row(row.name, state, row.address, _since(row.since))
    console().print(table)
    for line in lifecycle.topologies(settings.load()):
        print(line)
    if not all(row.is_up for row in rows):
        raise Exit(code=1)


@command(
    positional=["name"],
    help={"name": "kafka, influxdb, nimbus, ..., or order_flow", "follow": "go on until Ctrl-C"},
)
def logs(context: Context, name: str, follow: bool = False) -> None:
    """Print the last lines of a service's log or a topology's, as in: invoke logs kafka --follow"""
    files = lifecycle.logs(settings.load())
    if name not in files:
        raise FintankError(f"There is no service {name!r}: choose one of {', '.join(files)}.")
    there = [file for file in files[name] if file.exists()]
    if not there:
        raise FintankError(f"{name} has no log yet at {files[name][0]}: `invoke up` starts it.")
    subprocess.run(["tail", "-n", str(LOG_LINES), *(["-F"] if follow else []), *there], check=False)


@command(help={"yes": "do not ask"})
def reset(context: Context, yes: bool = False) -> None:
    """Stop the services and delete all their data, as in: invoke reset --yes"""
    loaded = settings.load()
    if not yes and not _agrees(f"Delete all data in {loaded.home}? [y/N] "):
        print("Nothing is deleted.")
        return
    lifecycle.reset(loaded, print)


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        raise FintankError("reset deletes all data: say so with --yes.")
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _since(start: datetime | None) -> str:
    return start.isoformat(sep=" ", timespec="seconds") if start else ""
