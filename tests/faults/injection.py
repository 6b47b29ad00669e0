"""The faults: a function for each kind of `faults.plan`, which leaves the world as it found it.

Each returns what it did, with the process ids, for the line that is printed.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil
from faults.world import MESSAGE_TIMEOUT_S, UP_S, World
from streamparse import thrift
from support.order_reports import POISON_KEY
from support.waiting import wait_until

from fintank.adapters import nimbus
from fintank.adapters.kafka_topics import topics
from fintank.errors import FintankError

PAUSE_S = MESSAGE_TIMEOUT_S + 5
KAFKA_PAUSE_S = 15
ERRORS_S = 8
OWN_ERRORS = 3
CLOCK_S = 8
FULL_S = 10
SENT_AGAIN = 200
POISON = (b"", b"\xff\xfe", b"{", b"[[[[", b'{"symbol": NaN}', b"\x00" * 100, b'{"msg_type": "order"}')

Inject = Callable[[World, str, random.Random], str]


def kill_bolt(world: World, target: str, _: random.Random) -> str:
    return _killed([world.wait_for_bolt(target)])


def kill_worker(world: World, _: str, rng: random.Random) -> str:
    return _killed([rng.choice(_workers(world))])


def kill_supervisor(world: World, target: str, rng: random.Random) -> str:
    name = f"supervisor-{rng.choice([1, 2])}"
    victims = [psutil.Process(world.pid(name))]
    if target == "with its workers":
        victims += [one for one in _workers(world) if any(name in word for word in one.cmdline())]
    return f"{name}, {_killed(victims)}"


def kill_service(world: World, target: str, _: random.Random) -> str:
    return _killed([psutil.Process(world.pid(target))])


def kill_everything(world: World, _: str, __: random.Random) -> str:
    """Kill supervisord, the services, the workers and the bolts; start the services again."""
    states = world.supervisor.states().values()
    pids = [int(world.supervisor._call("getPID")), *(info["pid"] for info in states if info["pid"])]
    victims = [*map(psutil.Process, pids), *world.topology.workers(), *world.bolts()]
    text = _killed(victims)
    world.services_up()
    return text


def influxdb_answers(world: World, target: str, _: random.Random) -> str:
    before = world.influx.answered
    with world.influx.answering(target):
        if target == "400 of its own":
            wait_until(lambda: world.influx.answered >= before + OWN_ERRORS, UP_S)
        else:
            time.sleep(ERRORS_S)
    return f"{target} to {world.influx.answered - before} requests"


def pause(world: World, target: str, rng: random.Random) -> str:
    """Stop a process for longer than the message time-out; the broker for longer than its session."""
    if target == "worker":
        process = rng.choice(_workers(world))
    elif target == "kafka":
        process = psutil.Process(world.pid("kafka"))
    else:
        process = world.wait_for_bolt(target)
    with _stopped([process]):
        time.sleep(KAFKA_PAUSE_S if target == "kafka" else PAUSE_S)
    return f"pid {process.pid}"


def zombie_engine(world: World, _: str, __: random.Random) -> str:
    """Stop a rule engine, kill its worker, and wake it up when another has adopted its shards."""
    zombie = world.wait_for_bolt("RuleEngine")
    with _stopped([zombie]):
        text = _killed([one for one in _workers(world) if one.pid == zombie.ppid()])
        wait_until(
            lambda: any(name == "RuleEngine" and found != zombie for found, name in world.bolts().items()),
            UP_S,
            world.topology.text,
        )
        world.wait_for_bolt("Loader")
        time.sleep(MESSAGE_TIMEOUT_S / 2)
    wait_until(lambda: _has_ended(zombie), UP_S)
    return f"pid {zombie.pid}; its worker: {text}"


def rebalance(world: World, _: str, rng: random.Random) -> str:
    workers, engines = rng.choice([(1, 1), (2, 2), (3, 1), (3, 2)])
    options = thrift.RebalanceOptions(
        wait_secs=1, num_workers=workers, num_executors={"rule-engine": engines}
    )

    def is_accepted() -> bool:
        try:
            with nimbus.connect(world.stack.settings.nimbus) as client:
                client.rebalance("order_flow", options)
        except FintankError:  # Nimbus starts, or another rebalance is under way
            return False
        return True

    wait_until(is_accepted, UP_S, poll_s=1)
    return f"{workers} workers, {engines} executors of the rule engine"


def send_again(world: World, _: str, __: random.Random) -> str:
    world.traffic.send_again(SENT_AGAIN)
    return f"{SENT_AGAIN} records, in any order"


def poison(world: World, _: str, rng: random.Random) -> str:
    for topic in ("ticks", "orders", "executions", "fills"):
        for partition in range(topics()[topic].partitions):
            world.traffic.produce(topic, POISON_KEY.decode(), rng.choice(POISON), partition)
    return "one record in each partition of ticks, orders, executions and fills"


def fill_disk(world: World, _: str, __: random.Random) -> str:
    """Leave no space for Kafka's log; then make room, and start Kafka if supervisord has given up on it."""
    if world.disk is None:
        return "skipped: only root can mount a small disk"
    filler = world.disk / "filler"
    pid = world.pid("kafka")
    try:
        with filler.open("wb", buffering=0) as file:
            _fill(file.fileno())
        time.sleep(FULL_S)
    finally:
        filler.unlink()
    world.services_up()
    return f"pid {pid}, afterwards {world.pid('kafka')}"


def _fill(descriptor: int) -> None:
    for size in (1 << 20, 4096):
        try:
            while True:
                os.write(descriptor, b"\0" * size)
        except OSError:
            continue


def move_clock(world: World, target: str, _: random.Random) -> str:
    """Move the clock of the workers' host, or also that of all services, and set it right again."""
    whose, _, distance = target.partition(" ")
    files = [world.clocks.workers, *([world.clocks.services] if whose == "host" else [])]
    try:
        for file in files:
            file.write_text(distance)
        time.sleep(CLOCK_S)
    finally:
        for file in files:
            file.write_text("+0")
    return distance


KINDS: Mapping[str, Inject] = {
    function.__name__: function
    for function in (
        kill_bolt,
        kill_worker,
        kill_supervisor,
        kill_service,
        kill_everything,
        influxdb_answers,
        pause,
        zombie_engine,
        rebalance,
        send_again,
        poison,
        fill_disk,
        move_clock,
    )
}


def _workers(world: World) -> list[psutil.Process]:
    wait_until(world.topology.workers, UP_S, world.topology.text)
    return world.topology.workers() or _workers(world)


def _killed(processes: Sequence[psutil.Process]) -> str:
    """Kill -9 processes that may just have ended; return their pids."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    wait_until(lambda: all(map(_has_ended, processes)), UP_S)
    return "pid " + ", ".join(str(process.pid) for process in processes)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def _stopped(processes: Sequence[psutil.Process]) -> Iterator[None]:
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.send_signal(signal.SIGCONT)
