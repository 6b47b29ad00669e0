"""What the benchmarks share: machine and versions, repeated figures, CPU by process, results as JSON."""

import importlib.metadata
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from fintank.demo.memory_peak import MemoryPeak

RESULTS = Path(__file__).parent / "results"
MEMORY_EVERY_SECONDS = 0.5


class PeakMemory(MemoryPeak):
    """The most memory (PSS) that a process and its children have together while it is entered."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__([process.pid], MEMORY_EVERY_SECONDS)

    @property
    def megabytes(self) -> float:
        return self.size_bytes / 1024**2


def end_when_told() -> None:
    """End at SIGTERM as at Ctrl-C, so that what was started is ended too.

    A shell script starts background programs with Ctrl-C ignored. The JVM would inherit that, and it is ended
    with Ctrl-C.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def machine() -> dict[str, str]:
    """Return the machine and the versions that matter."""
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    packages = ("streamparse", "orjson", "confluent-kafka")
    model = next(
        (line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown"
    )
    return {
        "cpu": f"{os.cpu_count()} cores of {model}",
        "system": platform.platform(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "java": java.splitlines()[0],
        "packages": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages),
    }


def describe(load: str) -> None:
    """Print the machine, the versions and the load."""
    for name, text in {**machine(), "measured": load}.items():
        print(f"{name:<10}{text}")


def median_and_range(values: Sequence[float], digits: int = 0) -> str:
    """Write the median, and the lowest and highest value: 90,120 (88,000 to 91,300)."""
    low, middle, high = (
        f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values))
    )
    return f"{middle} ({low} to {high})"


def save(name: str, load: str, figures: Mapping[str, object]) -> Path:
    """Write a result with its machine and load to bench/results/NAME.json; return the file."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    content = {"machine": machine(), "load": load, "figures": figures}
    file.write_text(json.dumps(content, indent=2) + "\n")
    return file


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time that processes and their children have used so far, those that ended included."""
    total = 0.0
    for process in processes:
        for one in (process, *process.children(recursive=True)):
            try:
                total += sum(one.cpu_times()[:4])
            except psutil.NoSuchProcess:
                continue
    return total


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
