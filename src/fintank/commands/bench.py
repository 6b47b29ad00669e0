"""invoke bench: measure speed, alone or beside other frameworks."""

import signal
import subprocess
import sys
from collections.abc import Sequence

from fintank.commands import command
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT, Settings

FOLDER = PROJECT_ROOT / "bench"
SINKS = ("influxdb", "questdb", "postgres", "each")


@command(
    help={
        "sink": f"the database of the topology: {', '.join(SINKS)} (default: influxdb)",
        "peers": "run the same job on other frameworks instead, which takes up to 40 minutes",
    }
)
def bench(_: Settings, sink: str = "influxdb", peers: bool = False) -> None:
    """Measure speed and write bench/results/.

    Example: invoke bench --sink each
    """
    if sink not in SINKS:
        raise FintankError(f"--sink {sink}: choose one of {', '.join(SINKS)}")
    if not FOLDER.is_dir():
        raise FintankError(f"{FOLDER} is not there: run it in a clone of the project")
    measured = [["trading_core.py"], ["adoption.py"], ["pipeline.py", "--sink", sink], ["latency.py"]]
    for program in [["peer_runs.py"]] if peers else measured:
        status = _run(program)
        if status:
            raise FintankError(f"bench/{program[0]} ended with status {status}")


def _run(program: Sequence[str]) -> int:
    """Run a program of bench/; return its status. Interrupted, it has the time to stop what it started."""
    process = subprocess.Popen([sys.executable, FOLDER / program[0], *program[1:]])
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # a terminal interrupts it, too
        raise
