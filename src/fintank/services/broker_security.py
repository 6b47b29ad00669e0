"""What the brokers here require of clients: TLS, and the login of the only user, FINTANK_KAFKA_USER."""

import base64
import binascii
import contextlib
import hashlib
import os
import re
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fintank.adapters.kafka_security import KafkaSecurity
from fintank.errors import FintankError
from fintank.services import programs, state_file

MODULES = "org.apache.kafka.common.security"
FORMAT_TIMEOUT_S = 60
SCRAM_ITERATIONS = 8192
SALT_BYTES = 16
NOT_IN_SCRAM_USER = frozenset(',="[]\\')


def keystore() -> str:
    """Return the file (PEM) of the brokers' private key and certificate; empty if none is named."""
    return os.environ.get("FINTANK_KAFKA_KEYSTORE") or ""


def check(security: KafkaSecurity, keystore: str) -> None:
    """Raise FintankError if a broker here can't be as its clients expect it."""
    if security.has_tls and not keystore:
        raise FintankError(
            "Clients are set to TLS, and a Kafka here has no certificate: name the file (PEM) with its "
            "private key and certificate in FINTANK_KAFKA_KEYSTORE, or use a Kafka of your own"
        )
    if keystore and not security.has_tls:
        raise FintankError("FINTANK_KAFKA_KEYSTORE is set, and clients have no TLS: set FINTANK_KAFKA_CA too")
    if keystore:
        _require_key_and_certificate(keystore)
    wrong = NOT_IN_SCRAM_USER & {*security.user}
    if security.mechanism.startswith("SCRAM") and wrong:
        raise FintankError(
            f"FINTANK_KAFKA_USER: with {security.mechanism} a user name can't contain "
            f"{' '.join(sorted(wrong))}"
        )


def properties(security: KafkaSecurity, keystore: str) -> str:
    """Return the lines of server.properties; empty if nothing is required."""
    lines = []
    if security.has_tls:
        lines += ["ssl.keystore.type=PEM", f"ssl.keystore.location={_escaped(keystore)}"]
    if security.ca:
        lines += ["ssl.truststore.type=PEM", f"ssl.truststore.location={_escaped(security.ca)}"]
    if security.user:
        lines += [
            f"sasl.enabled.mechanisms={security.mechanism}",
            f"sasl.mechanism.inter.broker.protocol={security.mechanism}",
            f"listener.name.broker.{security.mechanism.lower()}.sasl.jaas.config={_login(security)}",
        ]
    return "".join(f"{line}\n" for line in lines)


def scram_user(security: KafkaSecurity, file: Path, *, is_formatted: bool) -> str:
    """Return the user as `kafka-storage format` stores it, and keep it in a file; empty without SCRAM.

    FintankError if the data is of another user or password, which no broker reports while it starts.
    """
    if not security.mechanism.startswith("SCRAM"):
        return ""
    if file.exists():
        kept = file.read_text("utf-8", "replace")
        salt = re.search(r'salt="([A-Za-z0-9+/]*={0,2})"', kept)
        with contextlib.suppress(binascii.Error):  # of a file that was damaged
            if salt and _scram(security, base64.b64decode(salt[1])) == kept:
                return kept
    elif not is_formatted:
        made = _scram(security, os.urandom(SALT_BYTES))
        state_file.write(file, made)
        return made
    raise FintankError(
        "Kafka's data here was made with another FINTANK_KAFKA_USER, FINTANK_KAFKA_PASSWORD or "
        f"FINTANK_KAFKA_SASL_MECHANISM than {security.user}, {security.mechanism}: set those it was first "
        "started with, or delete all data with `invoke reset`"
    )


def format_storage(command: Sequence[str], security: KafkaSecurity, data: Path, run: Path) -> None:
    """Run `kafka-storage format` unless the data folder is formatted; with SCRAM it stores the user.

    FintankError if it fails, or the data knows another user. run: a folder for a short-lived file.
    """
    is_formatted = (data / "meta.properties").exists()
    user = scram_user(security, data.parent / "kafka-user", is_formatted=is_formatted)
    if is_formatted:
        return
    failure = "Kafka can't format its data folder"
    if not user:
        programs.run(command, FORMAT_TIMEOUT_S, failure)
        return
    # What is on a command line is seen by all users of the machine.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=run, prefix="format-") as file:
        file.write("\n".join(f'"{_quoted(word)}"' for word in (*command[1:], "--add-scram", user)))
        file.flush()
        programs.run([command[0], f"@{file.name}"], FORMAT_TIMEOUT_S, failure)


def _require_key_and_certificate(keystore: str) -> None:
    try:
        # With a password given, an encrypted key is an error and asks nobody.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(keystore, password="-")
    except ssl.SSLError:
        raise FintankError(
            f"FINTANK_KAFKA_KEYSTORE={keystore} is not an unencrypted private key with its certificate, in "
            "PEM form"
        ) from None
    except OSError as error:
        raise FintankError(f"FINTANK_KAFKA_KEYSTORE={keystore} can't be read: {error.strerror}") from None


def _login(security: KafkaSecurity) -> str:
    user, password = (_escaped(_quoted(text)) for text in (security.user, security.password))
    login = f'username="{user}" password="{password}"'
    if security.mechanism == "PLAIN":
        return f'{MODULES}.plain.PlainLoginModule required {login} user_{user}="{password}";'
    return f"{MODULES}.scram.ScramLoginModule required {login};"


def _scram(security: KafkaSecurity, salt: bytes) -> str:
    digest = security.mechanism.removeprefix("SCRAM-").replace("-", "")
    salted = hashlib.pbkdf2_hmac(digest, security.password.encode(), salt, SCRAM_ITERATIONS)
    values = f'salt="{_base64(salt)}",saltedpassword="{_base64(salted)}"'
    return f'{security.mechanism}=[name="{security.user}",iterations={SCRAM_ITERATIONS},{values}]'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _quoted(text: str) -> str:
    """Escape a value for double quotes, in JAAS and in Java's argument files."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _escaped(text: str) -> str:
    """Escape a value for a Java properties file."""
    return text.replace("\\", "\\\\")
