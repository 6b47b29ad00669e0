"""What `sparse submit` checks before it builds or changes anything, and what it waits for afterwards.

streamparse finds the hooks `pre_submit` and `post_submit` in tasks.py.
"""

import argparse
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamparse.cli import submit
from streamparse.util import get_config, get_nimbus_host_port, ssh_tunnel

from fintank import settings
from fintank.adapters import nimbus
from fintank.errors import FintankError, exiting
from fintank.services.port_checks import LOCAL_HOSTS
from fintank.settings import TOPOLOGY, Settings, host_and_port
from fintank.storm import clojure_topology, remote_workers, sparse_run

STORM_VERSION = "2.8"
TASKS_UP_TIMEOUT_S = 180
POLL_INTERVAL_S = 1.0
SETTLED_S = 3
"""How long all tasks must be up without an error; a Python bolt that can't start fails sooner."""

SINK_VARIABLES = ("FINTANK_SINK", "FINTANK_INFLUX")

Options = Mapping[str, Any]


def prepare(arguments: Sequence[str]) -> None:
    """For `submit`, make the topology's options defaults of config.json's; called while `sparse` loads it.

    Otherwise streamparse lets a topology's options win over config.json's.
    """
    if arguments[1:2] != ["submit"]:
        return
    with exiting():
        defaults = clojure_topology.options()
    for environment in get_config()["envs"].values():
        environment["options"] = {**defaults, **environment.get("options", {})}


def pre_submit(name: str, _env_name: str, env_config: dict[str, Any], options: Options) -> None:
    """End `sparse submit` with one line if it can't work; by then, only missing topics are created."""
    given = _arguments()
    workers = options["storm.workers.list"]
    with exiting():
        with _nimbus(env_config) as address:
            check_cluster(nimbus.cluster(address), name, slots(options), given.force)
        if options.get("install_virtualenv", options.get("use_virtualenv", True)):
            default = Path(get_config()["virtualenv_specs"]) / f"{TOPOLOGY}.txt"
            remote_workers.check_requirements([Path(path) for path in given.requirements or [default]])
            remote_workers.check(workers, options)
        sparse_run.check(seen_from_here(options, workers, os.environ), may_be_read=given.force)


def post_submit(name: str, _env_name: str, env_config: dict[str, Any], _options: Options) -> None:
    """Wait until all tasks are up and print them, or end with the error of one that fails."""
    with exiting(), _nimbus(env_config) as address:
        print(f"Waiting for the tasks of {name} ...")
        found = wait_for_tasks(lambda: nimbus.topology(address, name))
    for executor in found.executors:
        print(f"  {executor.component:32} task {executor.tasks:6} on {executor.worker}")
    print(f"{name} runs: {len(found.executors)} executors in {found.workers} workers (`invoke topology`)")


def _arguments() -> argparse.Namespace:
    """Parse the options of `sparse submit`, which streamparse does not pass to its hooks."""
    parser = argparse.ArgumentParser()
    submit.subparser_hook(parser.add_subparsers())
    return parser.parse_args(sys.argv[1:])


def slots(options: Options) -> int:
    """Return how many slots the topology takes; FintankError if -o or config.json has another text."""
    text = str(options["topology.workers"])
    if not re.fullmatch("[1-9][0-9]{0,3}", text):
        raise FintankError(f"topology.workers={text}: must be a whole number from 1 to 9,999")
    return int(text)


def check_cluster(cluster: Any, name: str, workers: int, force: bool) -> None:
    """Raise FintankError if the cluster (Storm's ClusterSummary) can't take the topology."""
    versions = {one.version for one in cluster.nimbuses}
    for version in versions:
        if not f"{version}.".startswith(f"{STORM_VERSION}."):
            raise FintankError(
                f"Nimbus runs Storm {version}, and this project is built for {STORM_VERSION}: use a cluster "
                "of that version, or change the version in project.clj and run `make setup`"
            )
    running = [one for one in cluster.topologies if one.name == name]
    if running and not force:
        raise FintankError(
            f"A topology {name} is already running ({running[0].status}, up {running[0].uptime_secs} s): end "
            f"it with `sparse kill -n {name}`, or replace it with `sparse submit --force`"
        )
    free = sum(one.num_workers - one.num_used_workers for one in cluster.supervisors)
    free += sum(one.num_workers for one in running)
    total = sum(one.num_workers for one in cluster.supervisors)
    if free < workers:
        others = ", ".join(sorted(one.name for one in cluster.topologies if one not in running)) or "none"
        raise FintankError(
            f"{name} needs {workers} slots, and {free} of {total} are free ({len(cluster.supervisors)} "
            f"Supervisors; other topologies: {others}): stop one, add a Supervisor, or ask for fewer by `-w`"
        )


def seen_from_here(options: Options, workers: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Return the addresses that the workers use as seen from this machine: their localhost is another.

    FINTANK_KAFKA, FINTANK_SINK, FINTANK_INFLUX and FINTANK_HOST win, as in every command. Without an option
    for the sink, the workers have the FINTANK_SINK of this machine.
    """
    own = settings.load(environ)
    there = settings.from_storm(options, {name: environ[name] for name in SINK_VARIABLES if name in environ})

    def seen(variables: Sequence[str], mine: str, theirs: str) -> str:
        host, port = host_and_port(theirs)
        if host not in LOCAL_HOSTS or set(workers) <= set(LOCAL_HOSTS):
            return theirs
        is_chosen = any(map(environ.get, (*variables, "FINTANK_HOST")))
        return mine if is_chosen else f"{workers[0]}:{port}"

    address = seen(SINK_VARIABLES, own.sink.address, there.sink.address)
    login = own.sink.login if own.sink.scheme == there.sink.scheme else ""
    return replace(
        own,
        kafka=seen(["FINTANK_KAFKA"], own.kafka, there.kafka),
        sink=replace(there.sink, address=address, login=login),
    )


def wait_for_tasks(ask: Callable[[], nimbus.Topology]) -> nimbus.Topology:
    """Poll until every executor has been up for SETTLED_S; FintankError on an error or timeout."""
    deadline = time.monotonic() + TASKS_UP_TIMEOUT_S
    all_up_since = math.inf
    while True:
        found = ask()
        cure = f"`invoke logs {found.name}` has more; `sparse kill -n {found.name}` ends it"
        if found.errors:
            error = found.errors[0]
            raise FintankError(f"{error.component} (worker {error.worker}) failed: {error.text}; {cure}")
        up = [one for one in found.executors if one.reports]
        all_up = 0 < found.executors_wanted == len(up)
        all_up_since = min(all_up_since, time.monotonic()) if all_up else math.inf
        if time.monotonic() - all_up_since >= SETTLED_S:
            return found
        if time.monotonic() > deadline:
            late = sorted({one.component for one in found.executors} - {one.component for one in up})
            named = ", ".join(late) or "no executor has a worker"
            raise FintankError(
                f"{len(up)} of {found.executors_wanted} executors are up after {TASKS_UP_TIMEOUT_S} s; "
                f"not up: {named}; {cure}"
            )
        time.sleep(POLL_INTERVAL_S)


@contextmanager
def _nimbus(env_config: dict[str, Any]) -> Iterator[str]:
    """Yield Nimbus' address, through streamparse's SSH tunnel if config.json asks for one."""
    tunnel = ssh_tunnel(env_config, quiet=True)
    try:
        host, port = tunnel.__enter__()
    except OSError as error:
        host, _ = get_nimbus_host_port(env_config)
        raise FintankError(
            f"No SSH tunnel to Nimbus: {error}; check that `ssh {host}` works, or set use_ssh_for_nimbus to "
            "false in config.json"
        ) from error
    try:
        yield f"{host}:{port}"
    finally:
        # streamparse itself closes the tunnel only if nothing was raised inside.
        tunnel.__exit__(None, None, None)
