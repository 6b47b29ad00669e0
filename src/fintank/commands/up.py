"""invoke up: start the local services."""

from dataclasses import replace

from fintank.commands import command
from fintank.services import lifecycle
from fintank.settings import Settings, parse_sink


@command(
    help={
        "cluster": "start a Storm cluster too: ZooKeeper, Nimbus and two Supervisors",
        "sink": "the database to start, as in FINTANK_SINK, which is the default",
    }
)
def up(settings: Settings, cluster: bool = False, sink: str = "") -> None:
    """Start Kafka and a database on this machine and wait until they answer, as in: invoke up --cluster"""
    chosen = replace(settings, sink=parse_sink("--sink", sink)) if sink else settings
    lifecycle.up(chosen, print, cluster)
    if chosen.sink != settings.sink:
        print(f"To use it, set FINTANK_SINK={chosen.sink} for the topology and the other commands.")
