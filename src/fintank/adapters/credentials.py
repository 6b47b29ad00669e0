"""Credentials for Kafka and the sink, where these require them.

FINTANK_KAFKA_USER, FINTANK_KAFKA_PASSWORD, FINTANK_SINK_USER, FINTANK_SINK_PASSWORD and, of an InfluxDB,
FINTANK_INFLUX_USER and FINTANK_INFLUX_PASSWORD are read from the environment or from the file named by
FINTANK_SECRETS: a line NAME=VALUE each, readable by its owner only. A login in FINTANK_SINK wins over them.
src/clj/fintank/storm/security.clj has the same rules for the JVM.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from fintank.errors import FintankError
from fintank.sink_url import SinkUrl

OTHERS_MASK = 0o077
BLANKS = " \t"
NAMES = tuple(f"FINTANK_{of}_{what}" for of in ("KAFKA", "INFLUX", "SINK") for what in ("USER", "PASSWORD"))
SINK_CURE = "check FINTANK_SINK_USER and FINTANK_SINK_PASSWORD"
INFLUX_CURE = f"{SINK_CURE}, or FINTANK_INFLUX_USER and FINTANK_INFLUX_PASSWORD"


def secret(name: str, environ: Mapping[str, str]) -> str:
    """Return a setting from the environment or the file FINTANK_SECRETS; empty if neither has it."""
    value = environ.get(name)
    if value:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise FintankError(f"{name} is not valid UTF-8") from None
        return value
    file = environ.get("FINTANK_SECRETS")
    return _read(Path(file)).get(name, "") if file else ""


def sink_login(url: SinkUrl, environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return the user and the password (or token) of the sink; both are empty without any."""
    if url.login:
        return url.user_and_password
    kinds = ("SINK", "INFLUX") if url.scheme.startswith("influxdb") else ("SINK",)
    logins = [
        (secret(f"FINTANK_{kind}_USER", environ), secret(f"FINTANK_{kind}_PASSWORD", environ))
        for kind in kinds
    ]
    return next(filter(any, logins), ("", ""))


def _read(file: Path) -> dict[str, str]:
    try:
        mode = file.stat().st_mode
        if stat.S_ISFIFO(mode):  # could be read only once
            raise FintankError(f"FINTANK_SECRETS={file} is a pipe: name a file")
        text = file.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise FintankError(f"FINTANK_SECRETS={file} can't be read: {reason}") from None
    if mode & OTHERS_MASK:
        raise FintankError(f"FINTANK_SECRETS={file} can be read by others: run `chmod 600 {file}`")
    lines = (line.strip(BLANKS) for line in text.split("\n"))  # read_text normalizes line ends to \n
    return dict(_setting(file, line) for line in lines if line and not line.startswith("#"))


def _setting(file: Path, line: str) -> tuple[str, str]:
    """Read a line NAME=VALUE, also in shell syntax: `export NAME="VALUE"`."""
    name, is_set, value = re.sub(r"^export[ \t]+", "", line).partition("=")
    name, value = name.strip(BLANKS), value.strip(BLANKS)
    if not is_set or name not in NAMES:
        # Never the line itself: it may hold a password.
        raise FintankError(f"FINTANK_SECRETS={file}: only lines NAME=VALUE of {', '.join(NAMES)} are allowed")
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return name, value[1:-1] if is_quoted else value
