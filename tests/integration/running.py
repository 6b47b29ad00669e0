"""What runs in the tests: services on free ports, and the topology, started from the jar and watched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psutil
import urllib3

from fintank import __version__, settings
from fintank.adapters import credentials, ports
from fintank.services import lifecycle
from fintank.settings import DATABASE, PROJECT_ROOT, Settings
from fintank.storm.storm_command import JVM_OPTIONS

START_TIMEOUT_S = 60
END_TIMEOUT_S = 30
JAR = PROJECT_ROOT / ".fintank" / "test" / f"fintank-{__version__}-standalone.jar"


@dataclass(frozen=True)
class Stack:
    """Services: their settings, and the environment that leads a process of its own to them."""

    settings: Settings
    environ: dict[str, str]


@contextmanager
def stopped_stack(home: str) -> Iterator[Stack]:
    """Choose free ports, of Kafka two and of Nimbus' Storm seven; stop at the end whatever was started."""
    port = ports.free_neighbours(11)
    environ = {
        **os.environ,
        "FINTANK_HOME": home,
        "FINTANK_KAFKA": f"localhost:{port}",
        "FINTANK_INFLUX": f"localhost:{port + 2}",
        "FINTANK_ZOOKEEPER": f"localhost:{port + 3}",
        "FINTANK_NIMBUS": f"localhost:{port + 4}",
    }
    loaded = settings.load(environ)
    try:
        yield Stack(loaded, environ)
    finally:
        lifecycle.down(loaded, print)


def run_fintank(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of fintank."""
    program = Path(sys.executable).parent / "fintank"
    return subprocess.run(
        [program, *arguments], env=stack.environ, capture_output=True, text=True, timeout=120, check=False
    )


def fintank(stack: Stack, *arguments: str) -> str:
    """Run a command of fintank that must succeed; return what it prints."""
    done = run_fintank(stack, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
        """End it as Ctrl-C does; return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(END_TIMEOUT_S)

    def kill(self) -> None:
        """Kill the JVM; its Python processes end when they find their pipes closed."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(END_TIMEOUT_S)
        _, alive = psutil.wait_procs(children, timeout=END_TIMEOUT_S)
        assert alive == []


def build_jar() -> Path:
    """Build the jar where `lein clean`, which `sparse run` calls, does not delete it."""
    environ = {**os.environ, "LEIN_ROOT": "1"}
    command = ["lein", "update-in", ":", "assoc", ":target-path", f'"{JAR.parent}"', "--", "uberjar"]
    subprocess.run(command, cwd=PROJECT_ROOT, env=environ, check=True, timeout=300)
    return JAR


@contextmanager
def order_flow(environ: dict[str, str], folder: Path, **options: object) -> Iterator[OrderFlow]:
    """Start the topology and return when its worker runs; nothing of it is left afterwards."""
    log = folder / f"order_flow-{time.monotonic_ns()}.log"
    config = folder / "options.json"
    config.write_text("{}")
    class_path = (PROJECT_ROOT / ".fintank" / "opt" / "storm.classpath").read_text().strip()
    command = ["java", *JVM_OPTIONS, "-cp", f"{class_path}:{JAR}", "fintank.local.main"]
    command += ["run", "--seconds", "0", "--config", str(config)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**environ, "PATH": path},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    flow = OrderFlow(process, log)
    try:
        wait_until(lambda: "order_flow runs" in flow.text(), START_TIMEOUT_S, flow.text)
        yield flow
    finally:
        if process.poll() is None:
            flow.end()


def wait_until(condition: Callable[[], bool], seconds: float, explain: Callable[[], object] = str) -> float:
    """Poll until the condition holds; return the seconds it took; at the deadline fail and explain."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {explain()}"
        time.sleep(0.1)
    return time.monotonic() - started


def query(where: Settings, text: str) -> list[dict[str, object]]:
    """Run an InfluxQL query; return its points."""
    method = "GET" if text.startswith(("SELECT", "SHOW")) else "POST"
    answer = urllib3.request(
        method,
        f"http://{where.influx}/query?{urlencode({'db': DATABASE, 'q': text})}",
        headers=credentials.influx_headers(),
    )
    (result,) = answer.json()["results"]
    assert "error" not in result, result
    return [
        dict(zip(series["columns"], row, strict=True))
        for series in result.get("series", ())
        for row in series.get("values", ())
    ]


def stored_ticks(where: Settings) -> int:
    """Count the ticks in InfluxDB."""
    points = query(where, "SELECT count(bid) FROM bid_ask")
    return int(str(points[0]["count"])) if points else 0
