"""invoke logs: the log of a service or topology."""

import subprocess

from invoke.exceptions import Exit

from fintank.commands import command
from fintank.errors import FintankError
from fintank.services import lifecycle
from fintank.settings import Settings

LOG_LINES = 100


@command(
    positional=["name"],
    help={"name": "kafka, influxdb, nimbus, ..., or order_flow", "follow": "keep printing until Ctrl-C"},
)
def logs(settings: Settings, name: str, follow: bool = False) -> None:
    """Print the last lines of the log of a service or topology.

    Example: invoke logs kafka --follow
    """
    files = lifecycle.logs(settings)
    if name not in files:
        raise FintankError(f"There is no service {name!r}: choose one of {', '.join(files)}.")
    existing = [file for file in files[name] if file.exists()]
    if not existing:
        raise FintankError(f"{name} has no log yet at {files[name][0]}: `invoke up` starts it.")
    command = ["tail", "-n", str(LOG_LINES), *(["-F"] if follow else []), *map(str, existing)]
    status = subprocess.run(command, check=False).returncode
    if status:
        raise Exit(code=status if status > 0 else 128 - status)
