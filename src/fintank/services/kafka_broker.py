"""The Kafka broker: one KRaft node, broker and controller in one JVM."""

import base64
import functools
import logging
import os
from collections.abc import Mapping

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from fintank.adapters import credentials, ports
from fintank.services import programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import Settings, host_and_port

# Kafka expects 16 bytes in URL-safe base64 without padding.
CLUSTER_ID = base64.urlsafe_b64encode(b"fintank-cluster0").decode().rstrip("=")
JVM_OPTIONS = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""With the C1 compiler alone, a fresh broker takes 3.3 instead of 5.6 us of CPU per tick from the bolts."""
FORMAT_TIMEOUT_S = 60
ANSWER_TIMEOUT_MS = 2000


def service(settings: Settings) -> Service:
    """Return the broker as a service; its controller listens on the next port."""
    port = host_and_port(settings.kafka)[1]
    data = settings.home / "data" / "kafka"
    run = settings.home / "run"
    properties, logging_properties = run / "server.properties", run / "log4j2.properties"
    jvm = [*programs.jvm(programs.temporary(settings)), *JVM_OPTIONS]
    jvm += [f"-Dlog4j2.configurationFile={logging_properties}", "-cp", programs.class_path(settings, "kafka")]
    format_storage = [*jvm, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    format_storage += ["--cluster-id", CLUSTER_ID, "--config", str(properties)]

    def prepare() -> None:
        if not (data / "meta.properties").exists():
            programs.run(format_storage, FORMAT_TIMEOUT_S, "Kafka can't format its data folder")

    return Service(
        name="kafka",
        address=settings.kafka,
        variable="FINTANK_KAFKA",
        ports=(port, port + 1),
        command=(*jvm, "kafka.Kafka", str(properties)),
        files={
            properties: fill(
                "server.properties",
                port=port,
                controller_port=port + 1,
                address=settings.kafka,
                data=data,
                protocol=credentials.protocol(credentials.secret("FINTANK_KAFKA_USER"), None),
                login=login_properties(),
            ),
            logging_properties: fill("log4j2.properties"),
        },
        log=settings.home / "logs" / "kafka.log",
        prepare=prepare,
        answers=functools.partial(answers, settings.kafka),
    )


def login_properties(environ: Mapping[str, str] = os.environ) -> str:
    """Return the broker's settings for the only user, FINTANK_KAFKA_USER; empty if that is not set."""
    user = credentials.secret("FINTANK_KAFKA_USER", environ)
    if not user:
        return ""
    name, password = (_quoted(text) for text in (user, credentials.secret("FINTANK_KAFKA_PASSWORD", environ)))
    module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    own = f'username="{name}" password="{password}"'
    return (
        "sasl.enabled.mechanisms=PLAIN\n"
        "sasl.mechanism.inter.broker.protocol=PLAIN\n"
        f'listener.name.broker.plain.sasl.jaas.config={module} {own} user_{name}="{password}";\n'
    )


def _quoted(text: str) -> str:
    """Escape a value for JAAS, and the result for a Java properties file."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\\", "\\\\")


def answers(address: str) -> bool:
    """Whether a broker at `address` can describe its cluster."""
    if not ports.listens(address):
        return False
    # The client logs every failed attempt; here a failure is just an answer.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        with KafkaAdminClient(
            bootstrap_servers=address,
            request_timeout_ms=ANSWER_TIMEOUT_MS,
            bootstrap_timeout_ms=ANSWER_TIMEOUT_MS,
            **credentials.kafka_python_options(),
        ) as client:
            return bool(client.describe_cluster()["brokers"])
    except (KafkaError, OSError):
        return False
