"""The program `storm`, as far as `sparse run` needs it: Storm 2 has no local `storm jar` any more.

`storm version` prints the project's Storm version; `storm jar JAR org.apache.storm.flux.Flux --local ...`
runs the topology in one JVM. Every other command is passed to the next `storm` on PATH.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from ruamel.yaml import YAML

from fintank import output, settings
from fintank.errors import FintankError, exiting
from fintank.services import programs

FLUX = "org.apache.storm.flux.Flux"
JVM_OPTIONS = ("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Without the C2 compiler: a local run ends before C2 makes up for the CPU it takes from the bolts."""
END_TIMEOUT_S = 15
POLL_INTERVAL_S = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# streamparse's settings for virtualenvs and logs on remote workers; here the bolts log to the terminal.
_REMOTE_OPTIONS = {
    *("install_virtualenv", "use_virtualenv", "virtualenv_flags", "virtualenv_name", "virtualenv_root"),
    *("pystorm.log.path", "storm.workers.list", "sudo_user", "topology.python.path"),
}


def main() -> None:
    """Run `storm ARGUMENTS`."""
    output.prepare()
    with exiting():
        sys.exit(storm(sys.argv[1:]))


def storm(arguments: Sequence[str]) -> int:
    """Run one storm command and return its exit status; FintankError if it can't be run."""
    if list(arguments) == ["version"]:
        version = programs.jar_version(settings.load(), "storm", "storm-client")
        if version is None:
            raise FintankError("The class path of Storm has no storm-client: run `make setup`.")
        print(f"Storm {version}")
        return 0
    if arguments[:1] == ["jar"] and FLUX in arguments and "--local" in arguments:
        return _run_local(arguments[1:])
    return _run_next_storm(arguments)


def _run_local(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="storm jar")
    parser.add_argument("jar")
    parser.add_argument("main_class")
    parser.add_argument("flux_file", type=Path)
    parser.add_argument("--local", action="store_true")
    parser.add_argument("--no-splash", action="store_true")
    parser.add_argument("--sleep", type=int, default=0, metavar="SECONDS")
    given = parser.parse_args(arguments)

    flux = YAML(typ="safe", pure=True).load(given.flux_file.read_text("utf-8"))
    options = {name: value for name, value in flux["config"].items() if name not in _REMOTE_OPTIONS}
    # streamparse writes Long.MAX_VALUE for no limit.
    seconds = given.sleep if given.sleep < 2**31 else 0
    loaded = settings.load()
    class_path = f"{programs.class_path(loaded, 'storm')}:{given.jar}"
    temporary = programs.temporary(loaded)
    temporary.mkdir(parents=True, exist_ok=True)
    # Storm leaves half a dozen folders behind.
    with tempfile.TemporaryDirectory(dir=temporary, prefix="run-") as folder:
        file = Path(folder) / "options.json"
        file.write_text(json.dumps(options), "utf-8")
        main_class = ("-cp", class_path, "fintank.local.main")
        run = ("run", "--seconds", str(seconds), "--config", str(file))
        return run_until_stopped([*programs.jvm(Path(folder)), *JVM_OPTIONS, *main_class, *run])


def run_until_stopped(command: Sequence[str]) -> int:
    """Run a program that ends on SIGTERM; return its exit status, or 128 + the signal that stopped it.

    Ctrl-C, SIGTERM and SIGHUP stop it, and so does the end of the process that called this one.
    """
    stops: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _: stops.append(number))
    callers = _callers()
    # The bolts are started by `streamparse_run`, which is next to this command.
    path = f"{Path(sys.argv[0]).absolute().parent}:{os.environ.get('PATH', os.defpath)}"
    environ = {**programs.environ(), "PATH": path}
    process = subprocess.Popen(command, env=environ, preexec_fn=_ignore_ctrl_c)  # noqa: PLW1509
    while process.poll() is None and not stops and _callers() == callers:
        time.sleep(POLL_INTERVAL_S)
    if process.poll() is None:
        _end(process)
        return 128 + (stops[0] if stops else signal.SIGHUP)
    if process.returncode < 0:
        print(f"{Path(command[0]).name} was killed by signal {-process.returncode}", file=sys.stderr)
        return 128 - process.returncode
    return process.returncode


def _callers() -> tuple[int, int]:
    """Return the parent and grandparent pids: streamparse calls this through a shell, which outlives it."""
    parent = os.getppid()
    try:
        return parent, psutil.Process(parent).ppid()
    except psutil.NoSuchProcess:
        return parent, 0


def _ignore_ctrl_c() -> None:
    """Make the JVM and the Python bolts ignore Ctrl-C, which a terminal sends to all processes.

    Otherwise the bolts end before the topology, and Storm reports each as an error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(process: subprocess.Popen[bytes]) -> None:
    below = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
    for child in psutil.wait_procs(below, timeout=1)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def _run_next_storm(arguments: Sequence[str]) -> int:
    own = Path(sys.argv[0]).resolve()
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(":")]
    ours = [number for number, folder in enumerate(folders) if (folder / "storm").resolve() == own]
    # Only the folders after ours, so that two such commands never call each other.
    for folder in folders[ours[-1] + 1 if ours else 0 :]:
        other = folder / "storm"
        if os.access(other, os.X_OK) and other.is_file():
            os.execv(other, [str(other), *arguments])
    raise FintankError(
        f"`storm {' '.join(arguments[:1])}` needs an installed Apache Storm, and there is none on PATH: "
        "this `storm` only does what `sparse run` needs."
    )
