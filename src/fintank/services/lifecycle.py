"""Start, inspect, stop and reset the local services."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from fintank.adapters import nimbus
from fintank.errors import FintankError
from fintank.services import kafka_broker, port_checks, sink_servers, state_file, storm_cluster
from fintank.services.folder_lock import locked
from fintank.services.supervisor import STOP_TIMEOUT_S, Service, Supervisor
from fintank.settings import TOPOLOGY, Settings
from fintank.waiting import wait_until

UP_TIMEOUT_S = 90
POLL_INTERVAL_S = 0.1
LOG_LINES_SHOWN = 15
ALIVE = ("STARTING", "RUNNING")
"""A process is starting until it has run for the service's start_seconds."""
# States that supervisord does not leave on its own.
GIVEN_UP = ("FATAL", "EXITED", "STOPPED")

Say = Callable[[str], None]


@dataclass(frozen=True)
class ServiceStatus:
    """What `invoke status` shows of a service; `since` is None if fintank did not start it."""

    name: str
    state: str
    address: str
    since: datetime | None
    is_up: bool


def services_of(settings: Settings, *, cluster: bool) -> list[Service]:
    """Return the services in the order in which they start, with those of a Storm cluster or without."""
    always = [*kafka_broker.services(settings), *sink_servers.chosen(settings)]
    return always + (storm_cluster.services(settings) if cluster else [])


def known_services(settings: Settings) -> list[Service]:
    """Return all services that could be started here, with those of the sinks that are not chosen."""
    return services_of(settings, cluster=True) + sink_servers.others(settings)


def up(settings: Settings, say: Say, cluster: bool = False) -> None:
    """Start what is not up yet; return when every service answers and the database exists."""
    services = services_of(settings, cluster=cluster)
    port_checks.require_local(services)
    port_checks.require_own_ports(services)
    settings.home.mkdir(parents=True, exist_ok=True)
    with _alone(settings.home, say):
        _start(settings, services, say)


def _start(settings: Settings, services: Sequence[Service], say: Say) -> None:
    supervisor = Supervisor(settings.home)
    states = supervisor.states()
    running = {name for name, state in states.items() if state["statename"] in ALIVE}
    missing = [service for service in services if service.name not in running]
    _require_same_files([service for service in services if service.name in running])
    if not missing and all(service.answers() for service in services):
        say("Already up: " + ", ".join(f"{service.name} at {service.address}" for service in services) + ".")
        return
    _require_no_orphans(settings)
    port_checks.require_free_ports(missing)
    for service in missing:
        if states.get(service.name, {}).get("statename") == "BACKOFF":
            supervisor.stop_service(service.name)  # supervisord would start it while it is prepared
    _prepare(settings, missing, say)
    if not supervisor.is_up():
        supervisor.start(known_services(settings))
    for service in missing:
        if service.name not in supervisor.states():
            raise FintankError(
                f"{service.name} was installed after the others started: run `invoke down` first."
            )
        supervisor.start_service(service.name)
    for service in services:
        _wait(supervisor, service, say)
    for service in services:
        service.finish()


def down(settings: Settings, say: Say) -> None:
    """Stop all services and wait until their processes are gone."""
    with _alone(settings.home, say):
        _stop(settings, say)


def _stop(settings: Settings, say: Say) -> None:
    supervisor = Supervisor(settings.home)
    if supervisor.is_up():
        running = [name for name, state in supervisor.states().items() if state["pid"]]
        say("Stopping " + ", ".join([*running, "supervisord"]) + " ...")
        supervisor.stop()
    elif not _orphans(settings):
        say("Nothing is up.")
        return
    # A killed supervisord leaves its services running, and Storm's Supervisors always leave their workers.
    _end(_orphans(settings))
    supervisor.remove_socket()
    say("Stopped.")


def status(settings: Settings) -> list[ServiceStatus]:
    """Return the status of every service, also of remote ones.

    Those of a cluster and of other sinks are left out unless they were started here and run.
    """
    states = Supervisor(settings.home).states()
    running = {name for name, info in states.items() if info["pid"]}
    services = services_of(settings, cluster=has_cluster(settings))
    services += [service for service in sink_servers.others(settings) if service.name in running]
    return [_status_of(service, states.get(service.name)) for service in services]


def has_cluster(settings: Settings) -> bool:
    """Whether a Storm cluster was started here and not stopped."""
    states = Supervisor(settings.home).states()
    return any(states[name]["statename"] != "STOPPED" for name in storm_cluster.NAMES & states.keys())


def reset(settings: Settings, say: Say) -> None:
    """Stop all services and delete their data."""
    folder = settings.home / "data"
    with _alone(settings.home, say):
        _stop(settings, say)
        if folder.exists():
            _empty(folder)
    say(f"Deleted {folder}. `invoke up` starts empty.")


def _empty(folder: Path) -> None:
    """Delete what is in a folder, which may be a link to another disk.

    It is moved away first: a kill leaves no half of a broker's data, and the next call deletes the rest.
    """
    entries = list(folder.iterdir())
    deleted = Path(tempfile.mkdtemp(prefix="deleted-", dir=folder))
    for entry in entries:
        entry.rename(deleted / entry.name)
    shutil.rmtree(deleted)


def _alone(home: Path, say: Say) -> AbstractContextManager[None]:
    """Wait while another process starts or stops the services of this home."""
    return locked(
        home, lambda: say("Another `invoke up` or `invoke down` is at work here: waiting for it ...")
    )


def logs(settings: Settings) -> dict[str, list[Path]]:
    """Return the log files by name: of the services, supervisord, and each topology's last run."""
    others = [service for service in sink_servers.others(settings) if service.log.exists()]
    return {
        **{service.name: [service.log] for service in services_of(settings, cluster=True) + others},
        "supervisord": [Supervisor(settings.home).log],
        TOPOLOGY: [settings.home / "logs" / f"{TOPOLOGY}.log"],
        **storm_cluster.topology_logs(settings),
    }


def topologies(settings: Settings) -> list[str]:
    """Return a line for each topology on the cluster that was started here, and one on its slots."""
    if not has_cluster(settings) or not nimbus.answers(settings.nimbus):
        return []
    cluster = nimbus.cluster(settings.nimbus)
    slots = sum(one.num_workers for one in cluster.supervisors)
    used = sum(one.num_used_workers for one in cluster.supervisors)
    lines = [
        f"topology {one.name}: {one.status}, up {one.uptime_secs} s, {one.num_executors} executors in "
        f"{one.num_workers} workers"
        for one in cluster.topologies
    ]
    return [*(lines or ["no topology: `sparse submit` starts one"]), f"slots: {used} of {slots} in use"]


def _require_same_files(running: Sequence[Service]) -> None:
    for service in running:
        if any(
            not path.exists() or path.read_bytes() != text.encode() for path, text in service.files.items()
        ):
            raise FintankError(f"{service.name} runs with different settings: run `invoke down` first.")


def _prepare(settings: Settings, services: Sequence[Service], say: Say) -> None:
    for folder in ("run", "logs", "data", "tmp"):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    for service in services:
        say(f"Starting {service.name} ...")
        for path, text in service.files.items():
            state_file.write(path, text)  # some contain a password
        service.prepare()


def _wait(supervisor: Supervisor, service: Service, say: Say) -> None:
    def outcome() -> str:
        if service.answers():
            return "up"
        given_up = supervisor.states().get(service.name, {}).get("statename") in GIVEN_UP
        return "exited at startup" if given_up else ""

    found = wait_until(outcome, UP_TIMEOUT_S, every=POLL_INTERVAL_S)
    if found != "up":
        text = service.log.read_text(errors="replace") if service.log.exists() else "(none)"
        say(f"The last lines of {service.log}:\n" + "\n".join(text.splitlines()[-LOG_LINES_SHOWN:]))
        problem = found or f"did not answer within {UP_TIMEOUT_S} s"
        raise FintankError(f"{service.name} {problem}; its log is {service.log}.")
    say(f"{service.name} answers at {service.address}.")


def _status_of(service: Service, info: dict[str, object] | None) -> ServiceStatus:
    runs = info is not None and info["statename"] in ALIVE
    answers = service.answers()
    if answers:
        state = "up" if runs else "up, not started here"
    elif info and info["statename"] == "RUNNING":
        state = "not answering"
    else:
        state = str(info["statename"]).lower() if info else "down"
    since = datetime.fromtimestamp(float(str(info["start"]))) if runs and info else None
    return ServiceStatus(service.name, state, service.address, since, is_up=answers)


def _require_no_orphans(settings: Settings) -> None:
    left = [] if Supervisor(settings.home).is_up() else _orphans(settings)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise FintankError(
            f"Services whose supervisord was killed are still running (pid {pids}): run `invoke down` first"
        )


def _orphans(settings: Settings) -> list[psutil.Process]:
    commands = Supervisor(settings.home).commands()
    running = psutil.process_iter(["cmdline"])
    left = [process for process in running if process.info["cmdline"] in commands]
    return left + storm_cluster.workers(settings)


def _end(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            owner = process.username()
            raise FintankError(f"pid {process.pid} runs as {owner}: run `invoke down` as {owner}") from None
    _, alive = psutil.wait_procs(processes, timeout=STOP_TIMEOUT_S)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_TIMEOUT_S)
