"""How Kafka's clients log in and encrypt: the one place that knows it for Python.

FINTANK_KAFKA_SECURITY_PROTOCOL and FINTANK_KAFKA_SASL_MECHANISM have the values of Kafka's settings
`security.protocol` and `sasl.mechanism`, FINTANK_KAFKA_CA is `ssl.ca.location`; user and password are those
of credentials.py. src/clj/fintank/storm/security.clj has the same rules for the JVM.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fintank.adapters import credentials
from fintank.errors import FintankError

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
VARIABLES = ("FINTANK_KAFKA_SECURITY_PROTOCOL", "FINTANK_KAFKA_SASL_MECHANISM", "FINTANK_KAFKA_CA")
"""What a worker needs besides the user and the password; none of it is secret."""

HANGING = ("socket.timeout.ms", "api.version.request.timeout.ms", "socket.connection.setup.timeout.ms")
HANGS_MS_MAX = 3_000
"""How long a request to one of several brokers waits: another takes over from one that hangs for 4 s."""


@dataclass(frozen=True)
class KafkaSecurity:
    """Kafka's security.protocol and sasl.mechanism; user, password and CA file are empty if not used."""

    protocol: str
    mechanism: str
    user: str
    password: str
    ca: str

    @property
    def has_tls(self) -> bool:
        """Whether clients and brokers speak TLS."""
        return self.protocol.endswith("SSL")


def load(environ: Mapping[str, str] = os.environ) -> KafkaSecurity:
    """Read the settings; FintankError if one is unknown or unreadable, or they contradict."""
    user = credentials.secret("FINTANK_KAFKA_USER", environ)
    password = credentials.secret("FINTANK_KAFKA_PASSWORD", environ) if user else ""
    ca = environ.get("FINTANK_KAFKA_CA") or ""
    if ca:
        _require_certificate(ca)
    derived = f"{'SASL_' if user else ''}{'SSL' if ca else 'PLAINTEXT'}"
    protocol = _one_of("FINTANK_KAFKA_SECURITY_PROTOCOL", environ, PROTOCOLS, derived)
    mechanism = _one_of("FINTANK_KAFKA_SASL_MECHANISM", environ, MECHANISMS, MECHANISMS[0])
    fault = (
        "needs FINTANK_KAFKA_USER and FINTANK_KAFKA_PASSWORD"
        if protocol.startswith("SASL") and not user
        else f"sends no user: write SASL_{protocol}, or unset FINTANK_KAFKA_USER"
        if user and not protocol.startswith("SASL")
        else "uses no CA: write SSL in place of PLAINTEXT, or unset FINTANK_KAFKA_CA"
        if ca and not protocol.endswith("SSL")
        else ""
    )
    if fault:
        raise FintankError(f"FINTANK_KAFKA_SECURITY_PROTOCOL={protocol} {fault}")
    return KafkaSecurity(protocol, mechanism if user else "", user, password, ca)


def client_options(address: str) -> dict[str, Any]:
    """Return the options of every confluent-kafka client: brokers, login, and how long to wait.

    The client logs nothing: whoever uses it reports each fault once, in one line.
    """
    options: dict[str, Any] = {"bootstrap.servers": address, "log_level": 0, **confluent_options()}
    if "," in address:
        options |= dict.fromkeys(HANGING, HANGS_MS_MAX)
    return options


def confluent_options(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return confluent-kafka's options for TLS and the login; none for PLAINTEXT."""
    security = load(environ)
    if security.protocol == "PLAINTEXT":
        return {}
    options = {"security.protocol": security.protocol}
    if security.ca:
        options["ssl.ca.location"] = security.ca
    if security.user:
        login = {"sasl.username": security.user, "sasl.password": security.password}
        options |= {"sasl.mechanism": security.mechanism, **login}
    return options


def kafka_python_options(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return kafka-python's options for TLS and the login; none for PLAINTEXT."""
    names = {
        "security.protocol": "security_protocol",
        "ssl.ca.location": "ssl_cafile",
        "sasl.mechanism": "sasl_mechanism",
        "sasl.username": "sasl_plain_username",
        "sasl.password": "sasl_plain_password",
    }
    return {names[name]: value for name, value in confluent_options(environ).items()}


def _one_of(name: str, environ: Mapping[str, str], values: tuple[str, ...], default: str) -> str:
    value = environ.get(name) or default
    if value not in values:
        raise FintankError(f"{name}={value!r} is not one of {', '.join(values)}")
    return value


def _require_certificate(file: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise FintankError(f"FINTANK_KAFKA_CA={file} is not a certificate in PEM form") from None
    except OSError as error:
        raise FintankError(f"FINTANK_KAFKA_CA={file} can't be read: {error.strerror}") from None
