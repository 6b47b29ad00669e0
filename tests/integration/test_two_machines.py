"""A cluster of two machines: `sparse submit` installs the bolts on both, and a cut link loses nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import free_ports
from support.auditing import check_audit
from support.cluster import Aim, kill_topology, sparse, ssh_aim, sshd
from support.machines import Machine, machines
from support.order_reports import check_portfolios, committed
from support.order_traffic import OrderStream, send, tick
from support.stack import Stack, fintank
from support.waiting import wait_until

from fintank.adapters import nimbus
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.kafka import connect
from fintank.services import storm_cluster
from fintank.services.supervisor import Supervisor
from fintank.settings import PROJECT_ROOT, host_and_port

pytestmark = pytest.mark.soak

SYMBOLS = [f"MACHINE{number:02}" for number in range(10)]
SLOTS_EACH = 2
START_TIMEOUT_S = 120
DONE_TIMEOUT_S = 240
UNDER_WAY_S = 8
ON_ALL_ADDRESSES = "org.apache.storm.messaging.netty.Context"
"""Storm's own, in place of that of `invoke up`, which keeps workers on 127.0.0.1."""
STREAMPARSES_SETUPTOOLS = "setuptools==69.5.1"
"""What streamparse installs in every virtualenv."""
CUT_S = 40
"""Longer than Nimbus waits for a worker, so that the other machine takes over."""


@pytest.fixture(scope="module")
def hosts(cluster: Stack) -> Iterator[tuple[Aim, list[Machine]]]:
    """Two machines, each with an sshd and a Supervisor, in place of the Supervisors of `invoke up`."""
    if os.getuid() != 0 or not shutil.which("ip"):
        pytest.fail("two machines need root, and `ip` of the package iproute2, for their network namespaces")
    supervisor = Supervisor(cluster.settings.home)
    for number in range(storm_cluster.SUPERVISORS):
        supervisor._call("stopProcess", f"supervisor-{number + 1}")
    wait_until(lambda: nimbus.supervisors(cluster.settings.nimbus) == 0, START_TIMEOUT_S)
    settings = cluster.settings
    places = (settings.kafka, settings.sink.address, settings.zookeeper, settings.nimbus)
    port = free_ports.consecutive(1 + 2 * (1 + SLOTS_EACH))
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "own").mkdir()
        shared = [host_and_port(place)[1] for place in places]
        made = stack.enter_context(machines(2, shared, folder / "own", folder))
        names = {f"machine-{number}": machine.address for number, machine in enumerate(made)}
        aim = ssh_aim(cluster, folder, names, port, _packages(folder))
        for number, machine in enumerate(made):
            (folder / f"machine-{number}" / "logs").mkdir()
            log = folder / f"machine-{number}.log"
            first = port + 1 + number * (1 + SLOTS_EACH)
            for words in (sshd(folder, machine.address, port), _supervisor(cluster, machine, first)):
                stack.enter_context(machine.running(words, log, cluster.environ))
        wait_until(lambda: nimbus.supervisors(settings.nimbus) == 2, START_TIMEOUT_S)
        yield aim, made
        for process in storm_cluster.workers(settings):
            process.kill()


def _packages(folder: Path) -> dict[str, str]:
    """Fetch what the bolts need, as the machines have no way out; return pip's settings for them."""
    wheels = folder / "wheels"
    requirements = PROJECT_ROOT / "virtualenvs" / "order_flow.txt"
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", wheels]
    subprocess.run([*pip, "-r", requirements, STREAMPARSES_SETUPTOOLS], check=True, timeout=300)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


def _supervisor(stack: Stack, machine: Machine, port: int) -> list[str]:
    """Return the command of a Supervisor that others find at the machine's address."""
    home = storm_cluster.storm_home(stack.settings)
    ours = (home / "conf" / "supervisor-1.yaml").read_text()
    theirs = re.sub(r"(?m)^(storm\.(thrift|messaging)\.transport|supervisor\..*):.*\n", "", ours)
    theirs = theirs.replace('hostname: "localhost"', f'hostname: "{machine.address}"')
    theirs = theirs.replace("/data/supervisor-1", f"/data/{machine.address}")
    slots = list(range(port + 1, port + 1 + SLOTS_EACH))
    file = home / "conf" / f"{machine.address}.yaml"
    file.write_text(f"{theirs}supervisor.thrift.port: {port}\nsupervisor.slots.ports: {slots}\n")
    command = storm_cluster.services(stack.settings)[-1].command
    return [f"-Dstorm.conf.file={file}" if "-Dstorm.conf.file" in word else word for word in command]


def on_machines(stack: Stack) -> dict[str, int]:
    """Return how many slots each machine uses."""
    return {one.host: one.num_used_workers for one in nimbus.cluster(stack.settings.nimbus).supervisors}


def lag(stack: Stack) -> int:
    with connect(stack.settings.kafka) as admin:
        return sum(state.lag or 0 for state in partition_states(admin))


def test_both_machines_work_and_a_cut_link_loses_and_doubles_nothing(
    cluster: Stack, hosts: tuple[Aim, list[Machine]]
) -> None:
    aim, made = hosts
    done = sparse(aim, "submit", "-o", f"storm.messaging.transport={ON_ALL_ADDRESSES}")
    assert done.returncode == 0, done.stdout[-3000:]
    assert on_machines(cluster) == {machine.address: 1 for machine in made}
    folder = Path(aim.options[1]).parent
    for number in range(2):
        bolts = folder / f"machine-{number}" / "virtualenvs" / "order_flow" / "bin" / "streamparse_run"
        assert bolts.exists()
    address = cluster.settings.kafka
    send(address, "ticks", "symbol", map(tick, SYMBOLS))
    orders = OrderStream(address, SYMBOLS)
    with orders.flowing("cut"):
        time.sleep(UNDER_WAY_S)
        made[0].cut()
        time.sleep(CUT_S)
        made[0].join()
        time.sleep(UNDER_WAY_S)
    count = sum(len(order["portfolio"]) for order in orders.sent)
    wait_until(
        lambda: len(committed(address, "fills")) >= count,
        DONE_TIMEOUT_S,
        lambda: fintank(cluster, "topology"),
    )
    wait_until(lambda: lag(cluster) == 0, DONE_TIMEOUT_S, lambda: fintank(cluster, "topics"))
    check_portfolios(orders.sent, committed(address, "executions"), committed(address, "fills"))
    assert json.loads(fintank(cluster, "reconcile", "--json"))["clean"]
    check_audit(cluster, reports_min=2 * count)
    wait_until(lambda: sum(on_machines(cluster).values()) == 2, START_TIMEOUT_S, lambda: on_machines(cluster))
    kill_topology(aim, cluster.settings.nimbus)
