"""The peak memory of several processes together."""

import contextlib
import threading
from collections.abc import Iterable

import psutil

from fintank.services.supervisor import Supervisor

SAMPLE_INTERVAL_S = 2.0


class MemoryPeak:
    """Samples these processes and all their children while entered.

    Memory is PSS: a page that several processes share counts once.
    """

    def __init__(self, roots: Iterable[int], interval_s: float = SAMPLE_INTERVAL_S) -> None:
        self._roots = frozenset(roots)
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory-peak", daemon=True)
        self.size_bytes = 0

    def __enter__(self) -> "MemoryPeak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            self.size_bytes = max(self.size_bytes, trees_bytes(self._roots))
            if self._stop.wait(self._interval_s):
                return


def ours(supervisor: Supervisor) -> set[int]:
    """Return the process ids of this process and of a running supervisord, the parent of the services."""
    services = [int(state["pid"]) for state in supervisor.states().values() if state["pid"]]
    return {psutil.Process().pid, *(psutil.Process(pid).ppid() for pid in services)}


def trees_bytes(roots: Iterable[int]) -> int:
    """Return the PSS of these processes and all their children; those that end meanwhile count as 0."""
    size_bytes = 0
    for process in set().union(*map(_tree, roots)):
        with contextlib.suppress(psutil.Error):
            size_bytes += process.memory_full_info().pss
    return size_bytes


def _tree(pid: int) -> set[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        return {root, *root.children(recursive=True)}
    return set()
