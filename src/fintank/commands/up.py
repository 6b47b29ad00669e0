"""invoke up: start the local services."""

from dataclasses import replace

from fintank.commands import command
from fintank.errors import FintankError
from fintank.services import kafka_broker, lifecycle
from fintank.settings import Settings, parse_sink
from fintank.terminal.options import whole_number

BROKERS_MAX = 5


@command(
    help={
        "cluster": "start a Storm cluster too: ZooKeeper, Nimbus and two Supervisors",
        "sink": "the database to start, as in FINTANK_SINK, which is the default",
        "brokers": "how many Kafka brokers to start, 3 for replicas; default: those that FINTANK_KAFKA names",
    }
)
def up(
    settings: Settings, cluster: bool = False, sink: str | None = None, brokers: str | None = None
) -> None:
    """Start Kafka and a database on this machine and wait until they answer.

    Example: invoke up --cluster
    """
    chosen = replace(settings, sink=parse_sink("--sink", sink)) if sink else settings
    if sink and chosen.sink.login:
        raise FintankError(
            "--sink holds a login, and everyone on this machine sees a command line: put the URL into "
            "FINTANK_SINK instead"
        )
    if brokers:
        count = whole_number("--brokers", brokers, maximum=BROKERS_MAX)
        chosen = replace(chosen, kafka=kafka_broker.addresses(settings.kafka.split(",")[0], count))
    lifecycle.up(chosen, print, cluster)
    used = {"FINTANK_SINK": (settings.sink, chosen.sink), "FINTANK_KAFKA": (settings.kafka, chosen.kafka)}
    for name, (before, now) in used.items():
        if now != before:
            print(f"To use it, set {name}={now} for the topology and the other commands.")
