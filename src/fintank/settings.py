"""Where everything is: addresses and folders. Storm option > environment > localhost."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import Any

from fintank.errors import FintankError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DATABASE = "prices_development"
TOPOLOGY = "order_flow"
_NAME = re.compile(r"(?=.{1,254}\Z)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
_ADDRESS = re.compile(r"(.+):([0-9]{1,5})")
_NOT_IN_HOME = frozenset(",;:%$#*?\\\"'")
RULES_OPTION = "fintank.rules"
"""The Storm option that brings the limits of rules.toml to the bolts, as JSON."""


@dataclass(frozen=True)
class Settings:
    """Addresses (host:port; of Kafka one broker or several, joined by commas) and folders of one fintank.

    `home` holds the services' data, logs and run files; `programs` the unpacked programs and class paths,
    which all homes share; `rules` is the file of the trading rules' numbers.
    """

    kafka: str
    influx: str
    home: Path
    programs: Path = PROJECT_ROOT / ".fintank" / "opt"
    rules: Path = PROJECT_ROOT / "rules.toml"
    nimbus: str = "localhost:6627"
    zookeeper: str = "localhost:2181"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read FINTANK_KAFKA, _INFLUX, _NIMBUS, _ZOOKEEPER, _HOST, _HOME and _RULES.

    Raises FintankError on a bad address. src/clj/fintank/storm/settings.clj has the
    same rules for Kafka's.
    """
    host = _host(environ.get("FINTANK_HOST") or "localhost")
    return Settings(
        kafka=_addresses("FINTANK_KAFKA", environ.get("FINTANK_KAFKA") or f"{host}:9092"),
        influx=_address("FINTANK_INFLUX", environ.get("FINTANK_INFLUX") or f"{host}:8086"),
        home=_home(Path(environ.get("FINTANK_HOME") or PROJECT_ROOT / ".fintank").absolute()),
        rules=Path(environ.get("FINTANK_RULES") or PROJECT_ROOT / "rules.toml").absolute(),
        nimbus=_address("FINTANK_NIMBUS", environ.get("FINTANK_NIMBUS") or f"{host}:6627"),
        zookeeper=_address("FINTANK_ZOOKEEPER", environ.get("FINTANK_ZOOKEEPER") or f"{host}:2181"),
    )


def from_storm(conf: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a bolt: the Storm options `fintank.kafka` and `fintank.influx` win."""
    loaded = load(environ)
    return replace(
        loaded,
        kafka=_addresses("fintank.kafka", conf.get("fintank.kafka") or loaded.kafka),
        influx=_address("fintank.influx", conf.get("fintank.influx") or loaded.influx),
    )


def host_and_port(address: str) -> tuple[str, int]:
    """Split `host:port`; the brackets around an IPv6 address are not part of it."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _addresses(name: str, value: str) -> str:
    return ",".join(_address(name, address.strip()) for address in value.split(","))


def _address(name: str, value: str) -> str:
    if not _is_address(value):
        raise FintankError(
            f"{name}={value!r} is no address: write host:port, as in localhost:9092 or [::1]:9092, without a "
            "scheme such as http://"
        )
    return value


def _host(value: str) -> str:
    if not _is_host(value):
        raise FintankError(
            f"FINTANK_HOST={value!r} is no host: write its name or address alone, without a port"
        )
    return value


def _is_host(value: str) -> bool:
    """Say whether it is a name that can be asked for, as in a-b.c, or an IPv6 address in brackets."""
    if not value.startswith("["):
        return bool(_NAME.fullmatch(value))
    try:
        return value.endswith("]") and not IPv6Address(value[1:-1]).scope_id
    except AddressValueError:
        return False


def is_host_or_address(value: str) -> bool:
    """Say whether it is a host, or host:port: streamparse takes Nimbus as either."""
    return _is_host(value) or _is_address(value)


def _is_address(value: str) -> bool:
    match = _ADDRESS.fullmatch(value)
    return match is not None and _is_host(match[1]) and 0 < int(match[2]) < 65536


def _home(path: Path) -> Path:
    # It stands in the files of supervisord, Kafka, InfluxDB and Log4j, each with characters of its own.
    wrong = sorted(
        {character for character in str(path) if character in _NOT_IN_HOME or not character.isprintable()}
    )
    if wrong:
        raise FintankError(
            f"FINTANK_HOME={str(path)!r}: {' '.join(map(repr, wrong))} can't be in the path of the services' "
            "files: name another folder, as in FINTANK_HOME=$HOME/fintank"
        )
    return path
