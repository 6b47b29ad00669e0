"""What `sparse` checks before it builds anything: rules, instruments, Kafka, the sink, other readers."""

import contextlib
import signal
import time
from collections.abc import Sequence
from itertools import chain
from types import FrameType

import psutil
from kafka.admin import KafkaAdminClient

from fintank import scale, settings
from fintank.adapters import calendars, rules_file, rules_option
from fintank.adapters.consumer_groups import Member, live_members
from fintank.adapters.kafka import connect, ensure_topics
from fintank.adapters.sinks import no_answer, open_sink
from fintank.errors import FintankError, exiting
from fintank.services import programs
from fintank.settings import Settings
from fintank.waiting import wait_until

MEMBERS_GONE_TIMEOUT_S = 16
"""Longer than the spouts' session.timeout.ms, after which Kafka drops the members of a killed run."""
MEMBERS_POLL_INTERVAL_S = 0.5
MEMBERS_NAMED_MAX = 4
END_TIMEOUT_S = 20
END_POLL_INTERVAL_S = 0.5


def prepare(arguments: Sequence[str]) -> dict[str, object]:
    """Return the topology's Storm options; called while `sparse` loads the topology.

    Ends `sparse run` and `sparse submit` with one line if they can't work. Other commands need no options.
    """
    if arguments[1:2] not in (["run"], ["submit"]):
        return {}
    with exiting():
        loaded = settings.load()
        options: dict[str, object] = {
            rules_option.OPTION: rules_file.load_json(loaded),
            scale.OPTION: scale.current().to_json(),
        }
        # It wins over config.json, so the default must not be there.
        if scale.current().workers > 1:
            options["topology.workers"] = scale.current().workers
        for line in scale.idle(scale.current()):
            print(line)
        for calendar in rules_file.load(loaded).instruments.calendars:
            print(calendars.known_until(calendar))
        if arguments[1] == "run":
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, _end)
            check(loaded)
    return options


def check(loaded: Settings, *, may_be_read: bool = False) -> None:
    """Create missing topics; raise FintankError for anything else that is missing, wrong or in use.

    `may_be_read` allows another topology to read the topics: the one that is about to be replaced.
    """
    programs.java()
    programs.class_path(loaded, "storm")
    sink = open_sink(loaded.sink)
    if not sink.answers():
        raise no_answer(loaded.sink)
    for warning in sink.prepare():
        print(warning)
    with connect(loaded.kafka) as admin:
        for line in ensure_topics(admin):
            print(line)
        if not may_be_read:
            _wait_until_nobody_reads(admin)


def _wait_until_nobody_reads(admin: KafkaAdminClient) -> None:
    if not live_members(admin):
        return
    print("Another run reads the topics, or was just killed: waiting for Kafka to drop it ...")
    members = wait_until(
        lambda: live_members(admin),
        MEMBERS_GONE_TIMEOUT_S,
        every=MEMBERS_POLL_INTERVAL_S,
        is_done=lambda found: not found,
    )
    if members:
        raise FintankError(in_use(members))


def in_use(members: Sequence[Member]) -> str:
    """Return the error for other readers: two topologies in one group would split the partitions."""
    named = [
        f"{member.group}: {member.member_id} (client {member.client_id}, host {member.host})"
        for member in members[:MEMBERS_NAMED_MAX]
    ]
    more = len(members) - len(named)
    rest = f" and {more} more" if more else ""
    return (
        f"The topology is already running, as {'; '.join(named)}{rest}: stop it first, with Ctrl-C where it "
        "runs or with `sparse kill`."
    )


def _end(number: int, frame: FrameType | None) -> None:
    """End `sparse run` on a signal, after all its child processes, which it would leave running.

    They get SIGINT repeatedly, because a shell that gets it between two commands goes on to the next.
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
