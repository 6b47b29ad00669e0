"""The InfluxDB server."""

import functools

import urllib3

from fintank.adapters.influx import InfluxUnavailableError, InfluxWriter
from fintank.errors import FintankError
from fintank.settings import Settings, host_and_port
from fintank.stack import ports, programs
from fintank.stack.service import Service
from fintank.stack.templates import fill

ANSWER_TIMEOUT_S = 2.0


def service(settings: Settings) -> Service:
    """Describe the server."""
    port = host_and_port(settings.influx)[1]
    configuration = settings.home / "run" / "influxdb.conf"
    data = settings.home / "data" / "influxdb"
    return Service(
        name="influxdb",
        address=settings.influx,
        variable="FINTANK_INFLUX",
        ports=(port,),
        command=(str(programs.influxd(settings)), "-config", str(configuration)),
        files={configuration: fill("influxdb.conf", port=port, data=data)},
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


def create_database(address: str) -> None:
    """Create the database where it is missing; raise FintankError where InfluxDB refuses."""
    try:
        InfluxWriter(address).create_database()
    except InfluxUnavailableError as error:
        raise FintankError(str(error)) from error
