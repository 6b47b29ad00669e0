"""The local InfluxDB server."""

from datetime import timedelta

from fintank.adapters import credentials
from fintank.adapters.influxdb import InfluxDB, Retention
from fintank.errors import FintankError
from fintank.services import programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import DATABASE, Settings, host_and_port


def service(settings: Settings) -> Service:
    """Return the server as a service."""
    port = host_and_port(settings.influx)[1]
    configuration = settings.home / "run" / "influxdb.conf"
    data = settings.home / "data" / "influxdb"
    needs_login = "true" if credentials.secret("FINTANK_INFLUX_USER") else "false"
    return Service(
        name="influxdb",
        address=settings.influx,
        variable="FINTANK_INFLUX",
        ports=(port,),
        command=(str(programs.influxd(settings)), "-config", str(configuration)),
        files={configuration: fill("influxdb.conf", port=port, data=data, needs_login=needs_login)},
        log=settings.home / "logs" / "influxdb.log",
        answers=InfluxDB(settings.influx).ping,
    )


def create_user(address: str) -> None:
    """Create FINTANK_INFLUX_USER as an administrator; do nothing if it is not set."""
    user = credentials.secret("FINTANK_INFLUX_USER")
    if not user:
        return
    name, password = _escaped(user, '"'), _escaped(credentials.secret("FINTANK_INFLUX_PASSWORD"), "'")
    statement = f"CREATE USER \"{name}\" WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
    if InfluxDB(address).execute(statement).status != 200:
        raise FintankError(
            f"InfluxDB ({address}) has other users than FINTANK_INFLUX_USER={user}: use the password it was "
            "first started with, or delete its data with `invoke reset`"
        )


def retention_warning(address: str) -> str:
    """Return a warning if the database does not keep points forever; else an empty text."""
    kept = InfluxDB(address).retention()
    if not kept.seconds:
        return ""
    return (
        f"InfluxDB ({address}) keeps points for only {timedelta(seconds=kept.seconds)}, by their timestamps: "
        f"it refuses older ones, which go to the topic rejects; {keep_all_cure(kept)}"
    )


def keep_all_cure(kept: Retention) -> str:
    """Return how to make the database keep all points."""
    return f'`ALTER RETENTION POLICY "{kept.policy}" ON "{DATABASE}" DURATION INF` in `influx` keeps all'


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
