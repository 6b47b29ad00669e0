"""What fintank needs of this machine: one check each, with the cure for a failure."""

import platform
import re
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath

import psutil

import fintank
from fintank.adapters import ports
from fintank.adapters.kafka_topics import THIRTY_DAYS_MS
from fintank.adapters.sinks import open_sink, open_store
from fintank.errors import FintankError
from fintank.services import port_checks, programs
from fintank.services.supervisor import Supervisor
from fintank.settings import Settings, host_and_port

JAVA_MIN = 17
PYTHON_MIN = (3, 11)
DISK_FREE_MIN_GB = 2.0
# Kafka's and Storm's JVMs take 1 GB each, InfluxDB 0.5 GB; the rest is for Python and the page cache.
MEMORY_MIN_GB = 4.0
GB = 1e9
VERSION_TIMEOUT_S = 30


@dataclass(frozen=True)
class Finding:
    """The result of one check; `cure` is empty if it passed."""

    subject: str
    found: str
    cure: str = ""


@dataclass(frozen=True)
class MemoryLimit:
    """The smallest bound on memory in bytes, and what sets it."""

    size_bytes: int
    source: str


def run_all(settings: Settings) -> list[Finding]:
    """Run all checks."""
    return [
        Finding("fintank", fintank.__version__),
        java(),
        python(),
        leiningen(),
        _program("kafka", lambda: _jar_version(settings, "kafka", "kafka_2.13")),
        _program("storm", lambda: _jar_version(settings, "storm", "storm-client")),
        _sink_program(settings),
        disk(settings.home),
        memory_size(),
        *addresses(settings),
        *retention(settings),
    ]


def _sink_program(settings: Settings) -> Finding:
    if settings.sink.scheme == "questdb":
        return _program("questdb", lambda: _jar_version(settings, "questdb", "questdb"))
    if settings.sink.scheme == "postgresql":
        return _program(
            "postgresql", lambda: _first_line(programs.postgresql(settings) / "postgres", "--version")
        )
    return _program("influxdb", lambda: _first_line(programs.influxd(settings), "version"))


def java() -> Finding:
    """Check the version of the `java` on PATH."""
    cure = f"Install Java {JAVA_MIN} or newer and put it first on PATH; on Debian `make setup` does it."
    path = shutil.which("java")
    if path is None:
        return Finding("java", "missing", cure)
    try:
        printed = programs.run([path, "-version"], VERSION_TIMEOUT_S, f"{path} -version fails")
    except FintankError as error:
        return Finding("java", str(error), cure)
    # Java first says which options it picked up from the environment.
    line = next((line for line in printed.splitlines() if " version " in line), printed.strip())
    version = re.search(r'version "(\d+)', line)
    is_enough = version is not None and int(version[1]) >= JAVA_MIN
    return Finding("java", line, "" if is_enough else cure)


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check the version of this Python."""
    wanted = ".".join(map(str, PYTHON_MIN))
    cure = f"Install Python {wanted} or newer, delete .venv and run `make setup`."
    return Finding("python", ".".join(map(str, version)), "" if version >= PYTHON_MIN else cure)


def leiningen() -> Finding:
    """Check that `lein` is on PATH; asking for its version would start a JVM."""
    path = shutil.which("lein")
    if path is None:
        return Finding("leiningen", "missing", "Run `make setup`, or install Leiningen.")
    return Finding("leiningen", path)


def disk(home: Path) -> Finding:
    """Check the free disk space for the services' data."""
    folder = next(path for path in (home, *home.parents) if path.exists())
    free_gb = shutil.disk_usage(folder).free / GB
    cure = f"Free {DISK_FREE_MIN_GB:.0f} GB there, or set FINTANK_HOME to a folder on another disk."
    return Finding("disk", f"{free_gb:.1f} GB free at {folder}", "" if free_gb >= DISK_FREE_MIN_GB else cure)


def memory_size() -> Finding:
    """Check how much memory this process may use."""
    limit = smallest_limit()
    size_gb, available_gb = limit.size_bytes / GB, psutil.virtual_memory().available / GB
    found = f"{size_gb:.1f} GB, set by {limit.source}; {available_gb:.1f} GB available"
    cure = f"Give it {MEMORY_MIN_GB:.0f} GB: raise the limit of {limit.source}."
    return Finding("memory", found, "" if size_gb >= MEMORY_MIN_GB else cure)


def smallest_limit(
    cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> MemoryLimit:
    """Return the smallest of the machine's memory, the cgroup limits and `ulimit -v`."""
    limits = [MemoryLimit(psutil.virtual_memory().total, "the machine")]
    limits += [MemoryLimit(size, "a control group (container)") for size in _cgroup_limits(cgroups, own)]
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(MemoryLimit(address_space, "ulimit -v"))
    return min(limits, key=lambda limit: limit.size_bytes)


def _cgroup_limits(cgroups: Path, own: Path) -> list[int]:
    """Return the limits of this process's cgroups and their parents, of cgroups v2 and v1."""
    lines = own.read_text("utf-8").splitlines() if own.exists() else []
    names = {PurePosixPath(line.split(":", 2)[-1].lstrip("/")) for line in lines}
    names |= {above for name in names for above in name.parents} | {PurePosixPath()}
    files = [cgroups / name / "memory.max" for name in names]
    files += [cgroups / "memory" / name / "memory.limit_in_bytes" for name in names]
    texts = [file.read_text("utf-8").strip() for file in files if file.is_file()]
    return [int(text) for text in texts if text.isdecimal()]


def addresses(settings: Settings) -> list[Finding]:
    """Check that each service is up, or that its ports are free."""
    own = {int(info["pid"]) for info in Supervisor(settings.home).states().values()}
    wanted = [(settings.sink.scheme, host_and_port(settings.sink.address))]
    for host, port in map(host_and_port, settings.kafka.split(",")):
        wanted += [("kafka", (host, port)), ("kafka controller", (host, port + 1))]
    variable = "FINTANK_INFLUX" if settings.sink.scheme == "influxdb" else "FINTANK_SINK"
    variables = f"FINTANK_KAFKA or {variable}"
    return [_address(name, host, port, own, variables) for name, (host, port) in wanted]


def retention(settings: Settings) -> list[Finding]:
    """Check how long the sink keeps points, if it is up."""
    subject = f"{settings.sink.scheme} retention"
    if not open_sink(settings.sink).answers():
        return []
    try:
        kept = open_store(settings.sink).retention()
    except FintankError as error:
        return [Finding(subject, "unknown", str(error))]
    if not kept.seconds:
        return [Finding(subject, "forever")]
    is_enough = kept.seconds * 1000 >= THIRTY_DAYS_MS
    cure = "" if is_enough else f"The topics keep 30 days: {kept.cure}."
    return [Finding(subject, str(timedelta(seconds=kept.seconds)), cure)]


def _address(name: str, host: str, port: int, own: set[int], variables: str) -> Finding:
    subject = f"port of {name}"
    if host not in port_checks.LOCAL_HOSTS:
        return Finding(subject, f"{host}:{port}, not on this machine")
    if port > port_checks.PORT_MAX:
        return Finding(
            subject, f"{port} is above {port_checks.PORT_MAX}", "Choose a lower port with FINTANK_KAFKA."
        )
    if ports.is_free(port):
        return Finding(subject, f"{port} is free")
    if port_checks.holder_pid(port) in own:
        return Finding(subject, f"{port} is in use by fintank itself")
    cure = f"Stop it, or choose another port with {variables}."
    return Finding(subject, f"{port} is in use by {port_checks.holder(port)}", cure)


def _program(subject: str, find: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, find())
    except FintankError as error:
        return Finding(subject, "missing", str(error))


def _jar_version(settings: Settings, name: str, jar: str) -> str:
    programs.jars(settings, name)
    return programs.jar_version(settings, name, jar) or "unknown version"


def _first_line(program: Path, argument: str) -> str:
    """Return the first line that a program prints; FintankError if it fails."""
    printed = programs.run([program, argument], VERSION_TIMEOUT_S, f"{program} {argument} fails")
    lines = printed.splitlines()
    return lines[0] if lines else f"{program} {argument} prints nothing"


def machine() -> str:
    """Describe the machine, for a bug report."""
    return f"{platform.platform()}, {psutil.cpu_count()} cores"
