"""The topology, started from its jar in a process of its own."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from support.stack import BIN
from support.waiting import wait_until

from fintank import __version__, scale, settings
from fintank.adapters import rules_file, rules_option
from fintank.settings import PROJECT_ROOT
from fintank.storm.storm_command import JVM_OPTIONS

START_TIMEOUT_S = 60
END_TIMEOUT_S = 30
# Of each pytest process, so that none replaces the jar that another one's JVM reads.
JAR = (
    PROJECT_ROOT
    / ".fintank"
    / "test"
    / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    / f"fintank-{__version__}-standalone.jar"
)


@dataclass
class OrderFlow:
    """A process of the topology and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def pid_of(self, bolt_class: str) -> int:
        """Return the process id of the Python bolt of a class."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            command = child.cmdline()
            if bolt_class in command and "streamparse_run" in command[1]:
                return child.pid
        raise AssertionError(f"no process of {bolt_class}:\n{self.text()}")

    def end(self) -> int:
        """Stop it as Ctrl-C does; return its exit status. One that does not end is killed."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the JVM; its Python processes exit when their pipes close."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(END_TIMEOUT_S)
        _, alive = psutil.wait_procs(children, timeout=END_TIMEOUT_S)
        assert alive == []


def build_jar(project: Path = PROJECT_ROOT, folder: Path = JAR.parent) -> Path:
    """Build a project's jar where `lein clean`, which `sparse run` calls, does not delete it."""
    environ = {**os.environ, "LEIN_ROOT": "1"}
    command = ["lein", "update-in", ":", "assoc", ":target-path", f'"{folder}"', "--", "uberjar"]
    subprocess.run(command, cwd=project, env=environ, check=True, timeout=300)
    return folder / JAR.name


@contextmanager
def order_flow(environ: dict[str, str], folder: Path, jar: Path = JAR) -> Iterator[OrderFlow]:
    """Run the topology during the block, which starts when the worker is up; leave no process."""
    log = folder / f"order_flow-{time.monotonic_ns()}.log"
    config = folder / "options.json"
    rules = rules_file.load_json(settings.load(environ))
    options = {rules_option.OPTION: rules, scale.OPTION: scale.load(environ).to_json()}
    config.write_text(json.dumps(options))
    class_path = (PROJECT_ROOT / ".fintank" / "opt" / "storm.classpath").read_text().strip()
    command = ["java", *JVM_OPTIONS, "-cp", f"{class_path}:{jar}", "fintank.local.main"]
    command += ["run", "--seconds", "0", "--config", str(config)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**environ, "PATH": f"{BIN}{os.pathsep}{environ['PATH']}"},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    flow = OrderFlow(process, log)
    try:
        started = "order_flow runs"
        wait_until(lambda: started in flow.text() or process.poll() is not None, START_TIMEOUT_S, flow.text)
        assert started in flow.text(), flow.text()
        yield flow
    finally:
        if process.poll() is None:
            flow.end()
