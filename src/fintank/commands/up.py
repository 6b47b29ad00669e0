"""invoke up: start the local services."""

from fintank.commands import command
from fintank.services import lifecycle
from fintank.settings import Settings


@command(help={"cluster": "start a Storm cluster too: ZooKeeper, Nimbus and two Supervisors"})
def up(settings: Settings, cluster: bool = False) -> None:
    """Start Kafka and InfluxDB on this machine and wait until they answer, as in: invoke up --cluster"""
    lifecycle.up(settings, print, cluster)
