"""The list of the local services, in the order in which they start."""

from pathlib import Path

from fintank.services import influxdb_server, kafka_broker, storm_cluster
from fintank.services.service import Service
from fintank.settings import Settings


def local_services(settings: Settings) -> list[Service]:
    """List the services that every home has."""
    return [kafka_broker.service(settings), influxdb_server.service(settings)]


def cluster_services(settings: Settings) -> list[Service]:
    """List the services of a Storm cluster, which start only when they are asked for."""
    return storm_cluster.services(settings)


def data_folder(settings: Settings) -> Path:
    """Name the folder that holds all data of the services, and nothing else."""
    return settings.home / "data"
