"""The InfluxDB server."""

import functools
from datetime import timedelta
from urllib.parse import urlencode

import urllib3

from fintank.adapters import credentials, ports
from fintank.adapters.influx import InfluxUnavailableError, InfluxWriter
from fintank.adapters.influx_query import InfluxQuery, Retention
from fintank.errors import FintankError
from fintank.services import programs
from fintank.services.service import Service
from fintank.services.templates import fill
from fintank.settings import DATABASE, Settings, host_and_port

ANSWER_TIMEOUT_S = 2.0


def service(settings: Settings) -> Service:
    """Describe the server."""
    port = host_and_port(settings.influx)[1]
    configuration = settings.home / "run" / "influxdb.conf"
    data = settings.home / "data" / "influxdb"
    wants_account = "true" if credentials.secret("FINTANK_INFLUX_USER") else "false"
    return Service(
        name="influxdb",
        address=settings.influx,
        variable="FINTANK_INFLUX",
        ports=(port,),
        command=(str(programs.influxd(settings)), "-config", str(configuration)),
        files={configuration: fill("influxdb.conf", port=port, data=data, wants_account=wants_account)},
        log=settings.home / "logs" / "influxdb.log",
        prepare=lambda: None,
        answers=functools.partial(answers, settings.influx),
    )


def answers(address: str) -> bool:
    """Say whether an InfluxDB answers a ping at `address`."""
    if not ports.listens(address):
        return False
    try:
        response = urllib3.request("GET", f"http://{address}/ping", timeout=ANSWER_TIMEOUT_S, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return response.status == 204


def create_account(address: str) -> None:
    """Create the account of the environment, which may do everything; nothing when there is none."""
    user = credentials.secret("FINTANK_INFLUX_USER")
    if not user:
        return
    name, password = (
        _escaped(user, '"'),
        _escaped(credentials.secret("FINTANK_INFLUX_PASSWORD"), "'"),
    )
    query = f"CREATE USER \"{name}\" WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
    # A query in the address would stand in logs.
    body = urlencode({"q": query})
    headers = {**credentials.influx_headers(), "content-type": "application/x-www-form-urlencoded"}
    try:
        url = f"http://{address}/query"
        response = urllib3.request("POST", url, body=body, headers=headers, timeout=ANSWER_TIMEOUT_S)
    except urllib3.exceptions.HTTPError as error:
        raise FintankError(f"InfluxDB ({address}) does not answer: {error}") from error
    if response.status != 200:
        raise FintankError(
            f"InfluxDB ({address}) has other accounts than FINTANK_INFLUX_USER={user}: take the password it "
            "was started with, or delete its data with `invoke reset`"
        )


def create_database(address: str) -> None:
    """Create the database where it is missing; raise FintankError where InfluxDB refuses."""
    try:
        InfluxWriter(address).create_database()
    except InfluxUnavailableError as error:
        raise FintankError(f"{error}; {credentials.INFLUX_CURE}") from error


def retention(address: str) -> str:
    """Say, with the cure, how long the database keeps points; empty when it is for ever."""
    kept = InfluxQuery(address).retention()
    if not kept.seconds:
        return ""
    return (
        f"InfluxDB ({address}) keeps points for {timedelta(seconds=kept.seconds)} only, by their own times: "
        f"it refuses older ones, which go to the topic rejects; {keep_all(kept)}"
    )


def keep_all(kept: Retention) -> str:
    """Say how to make the database keep all."""
    return f'`ALTER RETENTION POLICY "{kept.policy}" ON "{DATABASE}" DURATION INF` in `influx` keeps all'


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
