"""Addresses and folders. A Storm option wins over the environment, the environment over the default."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import Any

from fintank import sink_url
from fintank.errors import FintankError
from fintank.sink_url import SinkUrl

PROJECT_ROOT = Path(__file__).resolve().parents[2]
PORTS: Mapping[str, Any] = json.loads((Path(__file__).parent / "ports.json").read_text("utf-8"))
"""The default TCP ports; the cookbook reads the same file."""
SINK_PORTS: Mapping[str, int] = {scheme: PORTS[title.lower()] for scheme, title in sink_url.TITLES.items()}
TOPOLOGY = "order_flow"
_NAME = re.compile(r"(?=.{1,254}\Z)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
_ADDRESS = re.compile(r"(.+):([0-9]{1,5})")
_NOT_IN_HOME = frozenset(",;:%$#*?\\\"'")


@dataclass(frozen=True)
class Settings:
    """The addresses and folders of one fintank.

    An address is host:port; `kafka` may be several, joined by commas; `sink` is the database of the points.
    `home` holds the services' data, logs and run files, `programs` the unpacked programs and class paths for
    all homes; `rules` is rules.toml, `instruments` instruments.toml.
    """

    kafka: str
    sink: SinkUrl
    home: Path
    programs: Path = PROJECT_ROOT / ".fintank" / "opt"
    rules: Path = PROJECT_ROOT / "rules.toml"
    instruments: Path = PROJECT_ROOT / "instruments.toml"
    nimbus: str = f"localhost:{PORTS['nimbus']}"
    zookeeper: str = f"localhost:{PORTS['zookeeper']}"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read FINTANK_KAFKA, _SINK, _INFLUX, _NIMBUS, _ZOOKEEPER, _HOST, _HOME, _RULES and _INSTRUMENTS.

    FINTANK_INFLUX is the address of the InfluxDB, which is the sink unless FINTANK_SINK names another. Raises
    FintankError on a bad address. src/clj/fintank/storm/settings.clj reads Kafka's by the same rules.
    """
    host = _host(environ.get("FINTANK_HOST") or "localhost")

    def chosen(variable: str, service: str) -> str:
        return environ.get(variable) or f"{host}:{PORTS[service]}"

    def path(variable: str, name: str) -> Path:
        return path_of(variable, environ.get(variable) or str(PROJECT_ROOT / name))

    return Settings(
        kafka=_addresses("FINTANK_KAFKA", chosen("FINTANK_KAFKA", "kafka")),
        sink=_sink(environ, host, chosen("FINTANK_INFLUX", "influxdb")),
        home=_home(path("FINTANK_HOME", ".fintank")),
        rules=path("FINTANK_RULES", "rules.toml"),
        instruments=path("FINTANK_INSTRUMENTS", "instruments.toml"),
        nimbus=_address("FINTANK_NIMBUS", chosen("FINTANK_NIMBUS", "nimbus")),
        zookeeper=_address("FINTANK_ZOOKEEPER", chosen("FINTANK_ZOOKEEPER", "zookeeper")),
    )


def from_storm(conf: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a bolt, where the Storm options `fintank.kafka`, `.sink` and `.influx` win.

    An option never holds a login, because Storm shows its options: that of FINTANK_SINK counts.
    """
    loaded = load(environ)
    return replace(
        loaded,
        kafka=_addresses("fintank.kafka", _option(conf, "fintank.kafka") or loaded.kafka),
        sink=_sink_option(conf, loaded.sink),
    )


def path_of(variable: str, text: str) -> Path:
    """Return the path in a variable, which may begin with ~; FintankError if there is no such user."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise FintankError(f"{variable}={text!r}: there is no such user") from None


def host_and_port(address: str) -> tuple[str, int]:
    """Split `host:port`; the brackets around an IPv6 address are not part of it."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def parse_sink(name: str, text: str, host: str = "localhost") -> SinkUrl:
    """Parse the URL of a database, or its kind alone; FintankError on a bad one."""
    url = sink_url.parse(name, text, host, SINK_PORTS)
    if not _is_address(url.address):
        example = f"{url.scheme}://localhost:{SINK_PORTS[url.scheme]}"
        raise FintankError(
            f"{name}: after {url.scheme}:// and the login, if any, with its @, comes host or host:port, as "
            f"in {example} or {url.scheme}://[::1]"
        )
    return url


def _sink(environ: Mapping[str, str], host: str, influx: str) -> SinkUrl:
    text = environ.get("FINTANK_SINK") or "influxdb"
    if text.lower() == "influxdb":
        return SinkUrl("influxdb", _address("FINTANK_INFLUX", influx))
    return parse_sink("FINTANK_SINK", text, host)


def _sink_option(conf: Mapping[str, Any], loaded: SinkUrl) -> SinkUrl:
    if text := _option(conf, "fintank.sink"):
        url = parse_sink("fintank.sink", text)
        if url.login:
            raise FintankError(
                "fintank.sink holds a login, and Storm shows its options to everyone: put the whole URL into "
                "FINTANK_SINK in the workers' environment instead"
            )
        return replace(url, login=loaded.login if url.scheme == loaded.scheme else "")
    if address := _option(conf, "fintank.influx"):
        return SinkUrl("influxdb", _address("fintank.influx", address))
    return loaded


def _option(conf: Mapping[str, Any], name: str) -> str | None:
    value = conf.get(name)
    if value is not None and not isinstance(value, str):
        raise FintankError(
            f"{name} must be text, as in localhost:9092: put it in quotes, as config.json does"
        )
    return value


def _addresses(name: str, value: str) -> str:
    return ",".join(_address(name, address.strip(), value) for address in value.split(","))


def _address(name: str, value: str, written: str = "") -> str:
    """Return an address. `written` is all that was written, if more: a comma may be a part of a password."""
    if not _is_address(value):
        shown = _shown(written if "@" in written else value)
        raise FintankError(
            f"{name}={shown!r} is not an address: write host:port, as in localhost:9092 or [::1]:9092, "
            "without a scheme such as http://"
        )
    return value


def _host(value: str) -> str:
    if not _is_host(value):
        raise FintankError(
            f"FINTANK_HOST={_shown(value)!r} is not a host: write its name or IP address, without a port"
        )
    return value


def _shown(value: str) -> str:
    """Return what was written in place of a host or an address, without what may be a login."""
    login, _, place = value.rpartition("@")
    return f"...@{place}" if login else value


def _is_host(value: str) -> bool:
    """Whether it is a host name, as in a-b.c, or an IPv6 address in brackets."""
    if not value.startswith("["):
        return bool(_NAME.fullmatch(value))
    try:
        return value.endswith("]") and not IPv6Address(value[1:-1]).scope_id
    except AddressValueError:
        return False


def is_host_or_address(value: str) -> bool:
    """Whether it is a host, or host:port: streamparse takes either for Nimbus."""
    return _is_host(value) or _is_address(value)


def _is_address(value: str) -> bool:
    match = _ADDRESS.fullmatch(value)
    return match is not None and _is_host(match[1]) and 0 < int(match[2]) < 65536


def _home(path: Path) -> Path:
    # supervisord, Kafka, InfluxDB and Log4j write it into their files, each with its own special characters.
    wrong = sorted(
        {character for character in str(path) if character in _NOT_IN_HOME or not character.isprintable()}
    )
    if wrong:
        raise FintankError(
            f"FINTANK_HOME={str(path)!r}: {' '.join(map(repr, wrong))} can't be in the path of the services' "
            "files: choose another folder, as in FINTANK_HOME=$HOME/fintank"
        )
    return path
