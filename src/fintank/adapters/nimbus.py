"""A client of Nimbus over Thrift: the cluster, its topologies and their executors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamparse.thrift
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TException
from thriftpy2.transport import TFramedTransportFactory

from fintank.adapters import ports
from fintank.errors import FintankError
from fintank.settings import host_and_port

TIMEOUT_MS = 7000
thrift: Any = streamparse.thrift

ALL_TIME = ":all-time"
BOLT_ERROR_PREFIX = "java.lang.Exception: Shell Process Exception: "
"""Storm's prefix of an error that a Python bolt reports."""
BOLT_EXIT_S_MAX = 60
"""How long after such an error Storm may still report that the bolt has exited."""


@dataclass(frozen=True)
class Executor:
    """A worker thread that runs one or more tasks of a component, with its counts since its start.

    `reports` is whether the worker has sent statistics yet; until then all counts are 0. `latency_ms` is the
    mean time until the ack, from a spout's emit or a bolt's receipt; None without acks.
    """

    component: str
    tasks: str
    worker: str
    reports: bool
    uptime_s: int
    emitted: int
    acked: int
    failed: int
    latency_ms: float | None


@dataclass(frozen=True)
class TaskError:
    """The first line of a component's last error, and the worker where it happened."""

    component: str
    worker: str
    time_s: int
    text: str


@dataclass(frozen=True)
class Topology:
    """A topology as Nimbus knows it; `executors_wanted` includes those without a worker yet."""

    name: str
    storm_id: str
    status: str
    uptime_s: int
    workers: int
    executors_wanted: int
    executors: tuple[Executor, ...]
    errors: tuple[TaskError, ...]


@contextmanager
def connect(address: str) -> Iterator[Any]:
    """Open a client of Nimbus; FintankError if Nimbus does not answer, or on an error inside."""
    host, port = host_and_port(address)
    try:
        client = make_client(
            thrift.Nimbus,
            host=host,
            port=port,
            proto_factory=TBinaryProtocolFactory(),
            trans_factory=TFramedTransportFactory(),
            timeout=TIMEOUT_MS,
        )
    except (TException, OSError) as error:
        raise FintankError(
            f"Nimbus ({address}) does not answer: run `invoke up --cluster`, or start it there"
        ) from error
    try:
        yield client
    except (TException, OSError) as error:
        raise FintankError(f"Nimbus ({address}) refused: {reason(error)}") from error
    finally:
        client.close()


def reason(error: Exception) -> str:
    """Return the text of an error of Thrift's, whose own text may be empty, as one line."""
    return " ".join(str(getattr(error, "msg", None) or getattr(error, "message", None) or error).split())


def cluster(address: str) -> Any:
    """Return Storm's ClusterSummary."""
    with connect(address) as client:
        return client.getClusterInfo()


def answers(address: str) -> bool:
    """Whether Nimbus answers and leads a cluster."""
    try:
        return ports.listens(address) and any(one.isLeader for one in cluster(address).nimbuses)
    except FintankError:
        return False


def supervisors(address: str) -> int:
    """Return the number of Supervisors that Nimbus knows; 0 if it does not answer."""
    try:
        return len(cluster(address).supervisors) if ports.listens(address) else 0
    except FintankError:
        return 0


def topology(address: str, name: str) -> Topology:
    """Return a topology by name; FintankError if there is none."""
    with connect(address) as client:
        running = client.getClusterInfo().topologies
        summary = next((one for one in running if one.name == name), None)
        if summary is None:
            names = ", ".join(sorted(one.name for one in running)) or "none"
            raise FintankError(f"There is no topology {name} on Nimbus ({address}); running: {names}")
        choice = thrift.GetInfoOptions(num_err_choice=thrift.NumErrorsChoice.ALL)
        info = client.getTopologyInfoWithOpts(summary.id, choice)
    executors = [_executor(one) for one in info.executors if one.component_id != "__system"]
    errors = [_error(component, found) for component, found in info.errors.items() if found]
    return Topology(
        name=name,
        storm_id=summary.id,
        status=summary.status,
        uptime_s=summary.uptime_secs,
        workers=summary.num_workers,
        executors_wanted=summary.num_executors,
        executors=tuple(sorted(executors, key=lambda one: (one.component, one.tasks))),
        errors=tuple(errors),
    )


def _executor(summary: Any) -> Executor:
    first, last = summary.executor_info.task_start, summary.executor_info.task_end
    stats = summary.stats
    specific: Any = stats and (stats.specific.bolt or stats.specific.spout)
    latency_field = "process_ms_avg" if stats and stats.specific.bolt else "complete_ms_avg"
    emitted = _all_time(stats.emitted) if stats else {}
    acked, failed, latencies_ms = (
        _all_time(getattr(specific, field)) if stats else {} for field in ("acked", "failed", latency_field)
    )
    return Executor(
        component=summary.component_id,
        tasks=str(first) if first == last else f"{first}-{last}",
        worker=f"{summary.host}:{summary.port}",
        reports=stats is not None,
        uptime_s=summary.uptime_secs,
        # The names of Storm's own streams, for acks and metrics, start with two underscores.
        emitted=sum(count for stream, count in emitted.items() if not stream.startswith("__")),
        acked=sum(acked.values()),
        failed=sum(failed.values()),
        latency_ms=mean_latency(acked, latencies_ms),
    )


def mean_latency(acked: Mapping[Any, int], latencies_ms: Mapping[Any, float]) -> float | None:
    """Return the mean latency of streams, weighted by their acks; None without acks."""
    total = sum(acked.values())
    return sum(acked[stream] * latencies_ms.get(stream, 0.0) for stream in acked) / total if total else None


def _all_time(windows: Mapping[str, dict[Any, Any]]) -> dict[Any, Any]:
    return windows.get(ALL_TIME, {})


def _error(component: str, found: Sequence[Any]) -> TaskError:
    """Return the latest of a component's errors; a bolt's own wins over Storm's report that it exited."""
    newest = max(found, key=lambda one: one.error_time_secs)
    own = [one for one in found if one.error.startswith(BOLT_ERROR_PREFIX)]
    info = max(own, key=lambda one: one.error_time_secs, default=newest)
    if newest.error_time_secs - info.error_time_secs > BOLT_EXIT_S_MAX:
        info = newest
    lines = [line.strip() for line in info.error.removeprefix(BOLT_ERROR_PREFIX).splitlines() if line.strip()]
    return TaskError(component, f"{info.host}:{info.port}", info.error_time_secs, lines[0] if lines else "")
