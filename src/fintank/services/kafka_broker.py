"""The Kafka brokers: KRaft nodes, each broker and controller in one JVM. One, or several that replicate."""

import base64
import functools
import re
from collections.abc import Sequence
from pathlib import Path

from kafka.errors import KafkaError

from fintank.adapters import kafka, kafka_security, ports
from fintank.adapters.topic_configs import REPLICAS_MAX, in_sync_min
from fintank.errors import FintankError
from fintank.services import broker_security, programs, state_file
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import Settings, host_and_port

# Kafka expects 16 bytes in URL-safe base64 without padding.
CLUSTER_ID = base64.urlsafe_b64encode(b"fintank-cluster0").decode().rstrip("=")
JVM_OPTIONS = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""With the C1 compiler alone, a fresh broker takes 3.3 instead of 5.6 us of CPU per tick from the bolts."""
ANSWER_TIMEOUT_MS = 2000
LOST_DISK_SECONDS = 15
"""One of several brokers that lost its disk ends within this time, even on a busy machine."""
PORTS_A_BROKER = 2
"""Its own, and the next for its controller."""
SESSION_MS = {True: 4_000, False: 12_000}
CONTROLLER_MS = {True: 2_000, False: 30_000}
"""Whether another broker takes over -> how long one may be silent: see server.properties."""


def addresses(first: str, brokers: int) -> str:
    """Return the addresses of several brokers on one machine, from that of the first one."""
    host, port = first.rpartition(":")[0], host_and_port(first)[1]
    return ",".join(f"{host}:{port + PORTS_A_BROKER * number}" for number in range(brokers))


def services(settings: Settings) -> list[Service]:
    """Return the brokers, one for each address in FINTANK_KAFKA."""
    all_of_them = settings.kafka.split(",")
    return [_service(settings, all_of_them, number) for number in range(len(all_of_them))]


def _service(settings: Settings, all_of_them: Sequence[str], number: int) -> Service:
    """Return one broker, whose controller listens on the next port."""
    ports_of = [host_and_port(address)[1] for address in all_of_them]
    address, port = all_of_them[number], ports_of[number]
    suffix = f"-{number + 1}" if number else ""
    data = settings.home / "data" / f"kafka{suffix}"
    run = settings.home / "run"
    properties, logging_properties = run / f"server{suffix}.properties", run / "log4j2.properties"
    brokers = len(all_of_them)
    jvm = [*programs.jvm(programs.temporary(settings)), *JVM_OPTIONS]
    jvm += [f"-Dlog4j2.configurationFile={logging_properties}", "-cp", programs.class_path(settings, "kafka")]
    format_storage = [*jvm, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    format_storage += ["--cluster-id", CLUSTER_ID, "--config", str(properties)]
    security, keystore = kafka_security.load(), broker_security.keystore()

    def prepare() -> None:
        broker_security.check(security, keystore)
        _require_as_many(settings.home / "data", brokers)
        broker_security.format_storage(format_storage, security, data, run)

    return Service(
        name=f"kafka{suffix}",
        address=address,
        variable="FINTANK_KAFKA",
        ports=(port, port + 1),
        command=(*jvm, "kafka.Kafka", str(properties)),
        files={
            properties: fill(
                "server.properties",
                node=number + 1,
                port=port,
                controller_port=port + 1,
                voters=",".join(f"{each + 1}@127.0.0.1:{of + 1}" for each, of in enumerate(ports_of)),
                address=address,
                replicas=min(brokers, REPLICAS_MAX),
                in_sync=in_sync_min(brokers),
                session_ms=SESSION_MS[brokers >= REPLICAS_MAX],
                controller_ms=CONTROLLER_MS[brokers >= REPLICAS_MAX],
                data=data,
                protocol=security.protocol,
                security=broker_security.properties(security, keystore),
            ),
            logging_properties: fill("log4j2.properties"),
        },
        log=settings.home / "logs" / f"kafka{suffix}.log",
        prepare=prepare,
        answers=functools.partial(answers, address),
        start_seconds=LOST_DISK_SECONDS if brokers > 1 else 1,
    )


def _require_as_many(folder: Path, brokers: int) -> None:
    """Raise FintankError if the data is of another number of brokers: they would elect no controller."""
    file = folder / "kafka-brokers"
    if not file.exists():
        # Before there could be several, there was no such file.
        state_file.write(file, "1" if (folder / "kafka" / "meta.properties").exists() else str(brokers))
    text = file.read_text("utf-8", "replace").strip()
    if not re.fullmatch("[0-9]{1,3}", text):
        raise FintankError(f"{file} is damaged: write into it of how many Kafka brokers the data there is")
    found = int(text)
    if found != brokers:
        raise FintankError(
            f"{folder} has the data of {found} Kafka broker{'' if found == 1 else 's'}, and {brokers} would "
            f"be started: name {found} in FINTANK_KAFKA or --brokers, or delete all data with `invoke reset`"
        )


def answers(address: str) -> bool:
    """Whether a broker at `address` can describe its cluster."""
    if not ports.listens(address):
        return False
    try:
        with kafka.admin_client(address, ANSWER_TIMEOUT_MS, ANSWER_TIMEOUT_MS) as client:
            return bool(client.describe_cluster()["brokers"])
    except (KafkaError, OSError):
        return False
