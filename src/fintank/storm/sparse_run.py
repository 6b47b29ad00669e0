"""What `sparse` checks before it builds anything: the rules, and for a run Kafka, InfluxDB and who reads."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from itertools import chain
from types import FrameType

import psutil
from kafka.admin import KafkaAdminClient

from fintank import settings
from fintank.adapters import rules_file
from fintank.adapters.influxdb import InfluxDB
from fintank.adapters.kafka import connect, ensure_topics
from fintank.adapters.kafka_groups import Member, live_members
from fintank.errors import FintankError
from fintank.services import influxdb_server, programs
from fintank.settings import Settings
from fintank.waiting import wait_until

MEMBERS_GONE_TIMEOUT_S = 10
"""Longer than the spouts' session time-out, after which Kafka forgets the members of a killed run."""
MEMBERS_POLL_INTERVAL_S = 0.5
MEMBERS_NAMED_MAX = 4
END_TIMEOUT_S = 20
END_POLL_INTERVAL_S = 0.5


def prepare(arguments: Sequence[str]) -> dict[str, object]:
    """Called while `sparse` loads the topology: return its options of Storm.

    End `sparse run` or `sparse submit` with one line if it can't work; other commands need none of it.
    """
    if arguments[1:2] not in (["run"], ["submit"]):
        return {}
    try:
        loaded = settings.load(os.environ)
        options: dict[str, object] = {settings.RULES_OPTION: rules_file.load_json(loaded)}
        if arguments[1] == "run":
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, _end)
            check(loaded, print)
        return options
    except FintankError as error:
        raise SystemExit(str(error)) from error


def check(loaded: Settings, say: Callable[[str], None], may_be_read: bool = False) -> None:
    """Make missing topics; raise FintankError for what is missing, wrong or in use, with the cure.

    `may_be_read` allows that another topology reads the topics, as one that is about to be replaced.
    """
    programs.java()
    programs.storm_class_path(loaded)
    influx = InfluxDB(loaded.influx)
    if not influx.ping():
        raise FintankError(f"InfluxDB ({loaded.influx}) does not answer: run `invoke up`")
    influx.create_database()
    influx.require_own_points()
    if kept := influxdb_server.retention(loaded.influx):
        say(kept)
    with connect(loaded.kafka) as admin:
        for line in ensure_topics(admin):
            say(line)
        if not may_be_read:
            _wait_until_nobody_reads(admin, say)


def _wait_until_nobody_reads(admin: KafkaAdminClient, say: Callable[[str], None]) -> None:
    if not live_members(admin):
        return
    say("Another run reads the topics, or was killed just now: waiting for Kafka to see it gone ...")
    members = wait_until(
        lambda: live_members(admin),
        MEMBERS_GONE_TIMEOUT_S,
        every=MEMBERS_POLL_INTERVAL_S,
        is_done=lambda found: not found,
    )
    if members:
        raise FintankError(in_use(members))


def in_use(members: Sequence[Member]) -> str:
    """Say who reads the topics; two topologies in one group would take the partitions from each other."""
    named = [
        f"{member.group}: {member.member_id} (client {member.client_id}, host {member.host})"
        for member in members[:MEMBERS_NAMED_MAX]
    ]
    more = len(members) - len(named)
    rest = f" and {more} more" if more else ""
    return (
        f"The topology runs already, as {'; '.join(named)}{rest}: end it first, with Ctrl-C where it runs "
        "or with `sparse kill`."
    )


def _end(number: int, frame: FrameType | None) -> None:
    """End `sparse run` on a signal only when all below it have ended: by itself it leaves them running.

    Interrupted more than once, as a shell that gets it between two commands goes on with the next. Only the
    `storm` command listens to it below itself, see there.
    """
    deadline = time.monotonic() + END_TIMEOUT_S
    below = _below(psutil.Process())
    while below and time.monotonic() < deadline:
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)
        alive = psutil.wait_procs(below, timeout=END_POLL_INTERVAL_S)[1]
        below = list({*alive, *chain.from_iterable(map(_below, [psutil.Process(), *alive]))})
    raise SystemExit(128 + number)


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        below: list[psutil.Process] = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return below
