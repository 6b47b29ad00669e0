"""Why a Kafka broker does not admit this client: TLS, user, password, mechanism or protocol."""

import re
import time

from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from fintank.adapters import kafka_security, tls_faults

ASKED_SECONDS_MAX = 3.0
POLL_SECONDS = 0.1
CURES = {
    "credentials": "check FINTANK_KAFKA_USER and FINTANK_KAFKA_PASSWORD",
    "mechanism": "check FINTANK_KAFKA_SASL_MECHANISM",
}
"""A word of librdkafka's error -> what to do."""
CURE = (
    "check FINTANK_KAFKA_USER, FINTANK_KAFKA_PASSWORD, FINTANK_KAFKA_SASL_MECHANISM, "
    "FINTANK_KAFKA_SECURITY_PROTOCOL and FINTANK_KAFKA_CA"
)
TLS_CURE = "name its CA with FINTANK_KAFKA_CA, or set FINTANK_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"


def tls_fault(address: str) -> str | None:
    """Return a line for the first of these brokers whose certificate is not trusted; None without TLS.

    A broker that is away or hangs has no such fault.
    """
    security = kafka_security.load()
    if not security.has_tls:
        return None
    faults = (
        tls_faults.handshake_fault(f"Kafka ({one})", one, security.ca, "FINTANK_KAFKA_CA")
        for one in address.split(",")
    )
    return next((fault for fault in faults if fault), None)


def reason(address: str) -> str:
    """Return one line, with the cure, for a broker that listens but does not admit this client."""
    server = f"Kafka ({address})"
    security = kafka_security.load()
    if fault := tls_fault(address):
        return fault
    if not security.has_tls and any(map(tls_faults.speaks_tls, address.split(","))):
        return f"{server} speaks TLS, and this client does not: {TLS_CURE}"
    found = _librdkafka_error(address)
    if found is None:
        return (
            f"{server} listens but does not admit this client: {CURE}, or, if the broker is only busy, "
            "try again"
        )
    cure = next((cure for word, cure in CURES.items() if word in found), CURE)
    return f"{server} does not admit this client ({found}): {cure}"


def _librdkafka_error(address: str) -> str | None:
    """Return the first error that librdkafka explains when it connects, without its address and times."""
    errors: list[KafkaError] = []
    client = AdminClient(kafka_security.client_options(address) | {"error_cb": errors.append})
    deadline = time.monotonic() + ASKED_SECONDS_MAX
    while not errors and time.monotonic() < deadline:
        client.poll(POLL_SECONDS)
    texts = [error.str() for error in errors if error.code() != KafkaError._ALL_BROKERS_DOWN]
    return re.sub(r"^\w+://\S+: | \(after .*\)$", "", texts[0]) if texts else None
