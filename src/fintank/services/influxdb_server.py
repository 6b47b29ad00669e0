"""The local InfluxDB server."""

from fintank.adapters import credentials
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.errors import FintankError
from fintank.services import programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import Settings, host_and_port
from fintank.sink_url import SinkUrl


def service(settings: Settings, url: SinkUrl) -> Service:
    """Return the server as a service."""

    def require_http() -> None:
        if url.scheme != "influxdb":
            raise FintankError(f"{url.shown} speaks https, so it is a server of your own: start it there")

    def create() -> None:
        create_user(url)
        InfluxDB(url).create_database()

    port = host_and_port(url.address)[1]
    configuration = settings.home / "run" / "influxdb.conf"
    data = settings.home / "data" / "influxdb"
    needs_login = "true" if any(credentials.sink_login(url)) else "false"
    return Service(
        name="influxdb",
        address=url.address,
        variable="FINTANK_INFLUX",
        ports=(port,),
        command=(str(programs.influxd(settings)), "-config", str(configuration)),
        files={configuration: fill("influxdb.conf", port=port, data=data, needs_login=needs_login)},
        log=settings.home / "logs" / "influxdb.log",
        answers=InfluxDB(url).answers,
        prepare=require_http,
        finish=create,
    )


def create_user(url: SinkUrl) -> None:
    """Create the user of the credentials as an administrator; do nothing without any."""
    user, password = credentials.sink_login(url)
    if not user:
        return
    name, password = _escaped(user, '"'), _escaped(password, "'")
    statement = f"CREATE USER \"{name}\" WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
    if InfluxDB(url).execute(statement).status != 200:
        raise FintankError(
            f"{url.shown} has other users than FINTANK_INFLUX_USER={user}: use the password it was "
            "first started with, or delete its data with `invoke reset`"
        )


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
