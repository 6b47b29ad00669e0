"""What a fault run has: services, the topology on a cluster or in one JVM, a proxy, and clocks to move."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import psutil
from faults.influx_proxy import InfluxProxy, influx_proxy
from faults.traffic import Traffic
from support.cluster import Aim, sparse
from support.order_flow import OrderFlow, order_flow
from support.stack import Stack, create_topics, stopped_stack
from support.waiting import wait_until

from fintank.errors import FintankError
from fintank.services import lifecycle, storm_cluster
from fintank.services.supervisor import Supervisor
from fintank.settings import PROJECT_ROOT

MESSAGE_TIMEOUT_S = 30
"""topology.message.timeout.secs."""
DISK_MB = 512
UP_S = 120
FAKETIME = PROJECT_ROOT / ".fintank" / "opt" / "faketime"
KEPT_LOGS = PROJECT_ROOT / "_build" / "faults"


@dataclass(frozen=True)
class Clocks:
    """Files with the distance of a clock from the true one, as libfaketime reads it every second."""

    services: Path
    workers: Path

    @classmethod
    def true(cls, folder: Path) -> "Clocks":
        clocks = cls(folder / "clock-of-services", folder / "clock-of-workers")
        clocks.services.write_text("+0")
        clocks.workers.write_text("+0")
        return clocks


def _faked(clock: Path) -> dict[str, str]:
    """Return the environment of a process with this clock; its monotonic clock stays true."""
    (library,) = FAKETIME.rglob("libfaketimeMT.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # By default it also shifts a JVM's waits, which are by the monotonic clock: they end at once.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        # The times of files stay the kernel's.
        "NO_FAKE_STAT": "1",
        "FAKE_UTIME": "0",
        # "." is the code in the jar of the topology, on a cluster.
        "PYTHONPATH": f".{os.pathsep}{PROJECT_ROOT / 'tests' / 'faults' / 'moved_clock'}",
    }


class LocalTopology:
    """The topology in one JVM, which is started again whenever it ends."""

    is_cluster = False

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self._stop = threading.Event()
        self._flow: OrderFlow | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def workers(self) -> list[psutil.Process]:
        """Return the JVM."""
        flow = self._flow
        is_up = flow is not None and flow.process.poll() is None
        return [psutil.Process(flow.process.pid)] if flow is not None and is_up else []

    def text(self) -> str:
        return self._flow.text()[-5000:] if self._flow else ""

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with order_flow(self._environ, self._folder) as self._flow:
                    while self._flow.process.poll() is None and not self._stop.wait(0.2):
                        pass
            except AssertionError:  # it ended at once, as when Kafka is down
                self._stop.wait(1)


class ClusterTopology:
    """The topology on the cluster of these services."""

    is_cluster = True

    def __init__(self, stack: Stack, influx: str, clock: Path, folder: Path) -> None:
        self._stack = stack
        config = json.loads(storm_cluster.sparse_config(stack.settings).read_text())
        (options,) = (env["options"] for env in config["envs"].values())
        options["fintank.sink"] = f"influxdb://{influx}"
        options["topology.environment"] |= _faked(clock)
        file = folder / "config.json"
        file.write_text(json.dumps(config))
        self._aim = Aim(stack.environ, ("--config", str(file)))

    def start(self) -> None:
        done = sparse(self._aim, "submit")
        assert done.returncode == 0, done.stdout

    def end(self) -> None:
        """Do nothing: the workers are stopped with the services."""

    def workers(self) -> list[psutil.Process]:
        """Return the workers' JVMs, without Storm's LogWriter above each."""
        found = storm_cluster.workers(self._stack.settings)
        return [one for one in found if "org.apache.storm.LogWriter" not in _command(one)]

    def text(self) -> str:
        logs = storm_cluster.topology_logs(self._stack.settings).get("order_flow", [])
        return "\n".join(f"{path}:\n{path.read_text(errors='replace')[-3000:]}" for path in logs)


@dataclass
class World:
    """A running topology with traffic."""

    stack: Stack
    topology: LocalTopology | ClusterTopology
    influx: InfluxProxy
    clocks: Clocks
    traffic: Traffic
    disk: Path | None
    """The file system of Kafka's log, if it is small enough to be filled: for that one must be root."""

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.stack.settings.home)

    def pid(self, service: str) -> int:
        return int(self.supervisor.states()[service]["pid"])

    def services_up(self) -> None:
        """Start again what is down, as somebody would by hand."""

        def is_up() -> bool:
            try:
                with patch.dict(os.environ, _faked(self.clocks.services)):
                    lifecycle.up(self.stack.settings, print, cluster=self.topology.is_cluster)
            except FintankError as error:  # a killed process still holds its port
                print(error)
                return False
            return True

        wait_until(is_up, UP_S, poll_s=1)

    def bolts(self) -> dict[psutil.Process, str]:
        """Return the Python bolts that run, and the class of each."""
        found = {}
        for worker in self.topology.workers():
            try:
                children = worker.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            for child in children:
                words = [word for word in _command(child) if word.startswith("fintank.bolts.")]
                if words:
                    found[child] = words[0].rpartition(".")[2]
        return found

    def wait_for_bolt(self, name: str) -> psutil.Process:
        """Return a running bolt of this class; wait for one."""
        wait_until(lambda: name in self.bolts().values(), UP_S, self.topology.text)
        return next((process for process, found in self.bolts().items() if found == name), None) or (
            self.wait_for_bolt(name)
        )


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


@contextmanager
def world(seed: int, *, cluster: bool) -> Iterator[World]:
    """Start everything with traffic; stop it all at the end."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp")))
        disk = stack.enter_context(_small_disk(Path(home) / "data" / "kafka"))
        services = stack.enter_context(stopped_stack(home))
        clocks = Clocks.true(folder)
        with patch.dict(os.environ, _faked(clocks.services)):
            lifecycle.up(services.settings, print, cluster=cluster)
        create_topics(services)
        proxy = stack.enter_context(influx_proxy(services.settings.sink.address))
        topology: LocalTopology | ClusterTopology
        if cluster:
            topology = ClusterTopology(services, proxy.address, clocks.workers, folder)
        else:
            environ = {**services.environ, **_faked(clocks.workers), "FINTANK_INFLUX": proxy.address}
            topology = LocalTopology(environ, folder)
        traffic = Traffic(services.settings.kafka, seed)
        topology.start()
        stack.callback(topology.end)
        made = World(services, topology, proxy, clocks, traffic, disk)
        try:
            yield made
        except BaseException:
            _keep_logs(services.settings.home / "logs", KEPT_LOGS / f"seed-{seed}")
            raise


def _keep_logs(logs: Path, kept: Path) -> None:
    """Copy the logs of a run that failed: its folder is deleted."""
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(logs, kept)
    print(f"its logs are in {kept}", flush=True)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a small file system; None where that is not allowed."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "fintank-test", folder]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        unmount = ["umount", folder]
        wait_until(lambda: subprocess.run(unmount, capture_output=True, check=False).returncode == 0, 10)
