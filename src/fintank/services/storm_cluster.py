"""A Storm cluster on this machine: ZooKeeper, Nimbus and two Supervisors, run from their Maven jars."""

import functools
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from fintank.adapters import kafka_security, nimbus, ports
from fintank.services import clojure_build, config_file, programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import PROJECT_ROOT, Settings, host_and_port

SUPERVISORS = 2
SLOTS_EACH = 2
JVM_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
HEAP_MB = {"zookeeper": 128, "nimbus": 256, "supervisor": 128}
MAIN_CLASSES = {
    "zookeeper": "org.apache.zookeeper.server.quorum.QuorumPeerMain",
    "nimbus": "org.apache.storm.daemon.nimbus.Nimbus",
    "supervisor": "org.apache.storm.daemon.supervisor.Supervisor",
}
# The topology's jar contains these, as an installed Storm does not have them.
ONLY_IN_THE_JAR = ("kafka-clients-", "storm-clojure-", "storm-kafka-client-")
ANSWER_TIMEOUT_S = 2.0
NAMES = {"zookeeper", "nimbus", *(f"supervisor-{number}" for number in range(1, SUPERVISORS + 1))}
"""What the services are called."""
_RUN = re.compile(r"(.+)-[0-9]+-([0-9]+)")
"""The folder of a topology's run: its name, its number and when it was submitted."""


def services(settings: Settings) -> list[Service]:
    """Return the services of the cluster in the order in which they start.

    Ports count up from Nimbus': the Supervisors', then their slots'. ZooKeeper has its own.
    """
    supervisors = [_supervisor(settings, number) for number in range(1, SUPERVISORS + 1)]
    return [_zookeeper(settings), _nimbus(settings), *supervisors]


def storm_home(settings: Settings) -> Path:
    """Return the folder that Storm's daemons treat as their installation."""
    return settings.home / "storm"


def worker_logs(settings: Settings) -> Path:
    """Return the folder of the workers' logs: a folder per run of a topology, in it one per slot."""
    return settings.home / "logs" / "workers"


def topology_logs(settings: Settings) -> dict[str, list[Path]]:
    """Return the worker logs of each topology's last run: Storm's log and what the JVMs print."""
    matches = (_RUN.fullmatch(folder.name) for folder in worker_logs(settings).glob("*"))
    runs = sorted((int(match[2]), match[1], match[0]) for match in matches if match)
    folders = {name: worker_logs(settings) / run for _, name, run in runs}
    return {
        name: sorted([*folder.glob("*/worker.log"), *folder.glob("*/worker.log.err")])
        for name, folder in folders.items()
    }


def sparse_config(settings: Settings) -> Path:
    """Return the config.json that points `sparse` to this cluster."""
    return settings.home / "run" / "config.json"


def workers(settings: Settings) -> list[psutil.Process]:
    """Return the worker processes, which Supervisors leave running when they end."""
    mark = f"-Dstorm.home={storm_home(settings)}"
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if mark in command and any(word.startswith("-Dworker.id=") for word in command):
            found.append(process)
    return found


def _zookeeper(settings: Settings) -> Service:
    configuration = settings.home / "run" / "zoo.cfg"
    port = host_and_port(settings.zookeeper)[1]
    logging = storm_home(settings) / "log4j2"
    return Service(
        name="zookeeper",
        address=settings.zookeeper,
        variable="FINTANK_ZOOKEEPER",
        ports=(port,),
        command=(*_jvm(settings, "zookeeper"), MAIN_CLASSES["zookeeper"], str(configuration)),
        files={
            configuration: fill("zoo.cfg", port=port, data=settings.home / "data" / "zookeeper"),
            logging / "daemon.xml": fill("storm-log4j2.xml"),
            logging / "worker.xml": fill("worker-log4j2.xml"),
        },
        log=settings.home / "logs" / "zookeeper.log",
        prepare=functools.partial(_install, settings),
        answers=functools.partial(zookeeper_answers, settings.zookeeper),
    )


def _nimbus(settings: Settings) -> Service:
    return Service(
        name="nimbus",
        address=settings.nimbus,
        variable="FINTANK_NIMBUS",
        ports=(host_and_port(settings.nimbus)[1],),
        command=_storm_command(settings, "nimbus", "nimbus"),
        files={
            _configuration(settings, "nimbus"): _storm_yaml(settings, "nimbus"),
            sparse_config(settings): json.dumps(_sparse_config(settings), indent=4) + "\n",
        },
        log=settings.home / "logs" / "nimbus.log",
        answers=functools.partial(nimbus.answers, settings.nimbus),
    )


def _supervisor(settings: Settings, number: int) -> Service:
    name = f"supervisor-{number}"
    host, nimbus_port = host_and_port(settings.nimbus)
    port = nimbus_port + number
    first_slot = nimbus_port + 1 + SUPERVISORS + (number - 1) * SLOTS_EACH
    slots = list(range(first_slot, first_slot + SLOTS_EACH))
    text = _storm_yaml(settings, name) + f"supervisor.thrift.port: {port}\nsupervisor.slots.ports: {slots}\n"
    return Service(
        name=name,
        address=f"{host}:{port}",
        variable="FINTANK_NIMBUS",
        ports=(port, *slots),
        command=_storm_command(settings, "supervisor", name),
        files={_configuration(settings, name): text},
        log=settings.home / "logs" / f"{name}.log",
        answers=lambda: ports.listens(f"{host}:{port}") and nimbus.supervisors(settings.nimbus) >= number,
    )


def _jvm(settings: Settings, daemon: str) -> list[str]:
    home = storm_home(settings)
    jvm = [*programs.jvm(programs.temporary(settings)), f"-Xmx{HEAP_MB[daemon]}m", *JVM_OPTIONS]
    return [*jvm, f"-Dlog4j.configurationFile={home}/log4j2/daemon.xml", "-cp", f"{home}/lib/*:{home}/conf"]


def _storm_command(settings: Settings, daemon: str, name: str) -> tuple[str, ...]:
    options = (
        f"-Dstorm.home={storm_home(settings)}",
        f"-Dstorm.log.dir={settings.home / 'logs'}",
        f"-Dstorm.conf.file={_configuration(settings, name)}",
    )
    return (*_jvm(settings, daemon), *options, "fintank.local.Daemon", MAIN_CLASSES[daemon])


def _configuration(settings: Settings, name: str) -> Path:
    return storm_home(settings) / "conf" / f"{name}.yaml"


def _storm_yaml(settings: Settings, name: str) -> str:
    return fill(
        "storm.yaml",
        zookeeper_port=host_and_port(settings.zookeeper)[1],
        nimbus_port=host_and_port(settings.nimbus)[1],
        storm_home=storm_home(settings),
        data=settings.home / "data" / name,
        logs=worker_logs(settings),
    )


def _sparse_config(settings: Settings) -> dict[str, object]:
    """Return the project's config.json for this cluster: no SSH, and the bolts run in this virtualenv."""
    virtualenv = Path(sys.prefix)
    # The bolts' code is that in the jar, as on any cluster, not that installed in this virtualenv.
    environment = {"PYTHONPATH": "."}
    passed = ("FINTANK_SECRETS", *kafka_security.VARIABLES)
    environment |= {name: os.environ[name] for name in passed if os.environ.get(name)}
    local = {
        "nimbus": settings.nimbus,
        "workers": ["localhost"],
        "use_ssh_for_nimbus": False,
        "install_virtualenv": False,
        "virtualenv_root": str(virtualenv.parent),
        "virtualenv_name": virtualenv.name,
        "options": {
            "fintank.kafka": settings.kafka,
            "fintank.sink": str(settings.sink),
            "topology.workers": SUPERVISORS,
            "topology.environment": environment,
        },
    }
    return {**config_file.read(PROJECT_ROOT / config_file.FILE), "envs": {"local": local}}


def _install(settings: Settings) -> None:
    """Fill the folders where Storm's daemons and workers look for jars."""
    jars = programs.jars(settings, "storm")
    loopback = _compiled(settings, "loopback", [])
    daemon = _compiled(settings, "daemon", ["storm/worker_exit.clj"])
    for_workers = [jar for jar in jars if not jar.name.startswith(ONLY_IN_THE_JAR)]
    for name, linked, compiled in (
        ("lib", jars, (loopback, daemon)),
        ("lib-worker", for_workers, (loopback,)),
    ):
        folder = storm_home(settings) / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for jar in linked:
            (folder / jar.name).symlink_to(jar)
        for classes in compiled:
            archive = shutil.make_archive(str(folder / classes.name), "zip", classes)
            Path(archive).rename(folder / f"{classes.name}.jar")


def _compiled(settings: Settings, name: str, required: Sequence[str]) -> Path:
    """Return the folder with the classes of a namespace of fintank.local, which requires these files."""
    sources = [clojure_build.SOURCES / "fintank" / file for file in (f"local/{name}.clj", *required)]
    compile_into = '(binding [*compile-path* "{}"] (compile (quote fintank.local.{})))'.format
    return clojure_build.built(settings, name, sources, lambda folder: ["-e", compile_into(folder, name)])


def zookeeper_answers(address: str) -> bool:
    """Whether a ZooKeeper at `address` answers the command ruok."""
    try:
        with socket.create_connection(host_and_port(address), timeout=ANSWER_TIMEOUT_S) as connection:
            connection.sendall(b"ruok")
            return connection.recv(4) == b"imok"
    except OSError:
        return False
