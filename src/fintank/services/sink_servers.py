"""The local servers of the databases: the chosen one, and the others that could be started."""

import contextlib
from collections.abc import Callable, Mapping

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.services import influxdb_server, questdb_server
from fintank.services.supervisor import Service
from fintank.settings import Settings, host_and_port, parse_sink
from fintank.sink_url import SinkUrl


def _postgresql(settings: Settings, url: SinkUrl) -> Service:
    # Imported here: its driver is installed where it is used.
    from fintank.services import postgresql_server

    return postgresql_server.service(settings, url)


_SERVERS: Mapping[str, Callable[[Settings, SinkUrl], Service]] = {
    "influxdb": influxdb_server.service,
    "influxdbs": influxdb_server.service,
    "questdb": questdb_server.service,
    "postgresql": _postgresql,
}


def chosen(settings: Settings) -> list[Service]:
    """Return the server of the chosen sink; none for a database that fintank does not start."""
    make = _SERVERS.get(settings.sink.scheme)
    return [make(settings, settings.sink)] if make else []


def others(settings: Settings) -> list[Service]:
    """Return the servers of the other sinks that are installed, at their default ports."""
    found: dict[str, Service] = {}
    for scheme, make in _SERVERS.items():
        with contextlib.suppress(FintankError):
            made = make(settings, parse_sink("FINTANK_SINK", scheme))
            found.setdefault(made.name, made)
    own = {service.name for service in chosen(settings)}
    return [made for name, made in found.items() if name not in own]


def first_query(url: SinkUrl) -> str:
    """Return a command that counts the stored ticks."""
    if url.scheme == "questdb":
        return f"curl -G http://{url.address}/exec --data-urlencode 'query=select count() from bid_ask'"
    host, port = host_and_port(url.address)
    if url.scheme == "postgresql":
        user = credentials.sink_login(url)[0] or "postgres"
        return f"psql -h {host} -p {port} -U {user} {url.database} -c 'select count(bid) from bid_ask'"
    tls = " -ssl" if url.scheme == "influxdbs" else ""
    return (
        f"influx -host {host} -port {port}{tls} -database {url.database} "
        "-execute 'select count(bid) from bid_ask'"
    )
