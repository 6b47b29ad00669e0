"""What `sparse list` prints: the topologies of a cluster, in 80 columns."""

from datetime import timedelta
from typing import Any

from streamparse.util import get_env_config, get_nimbus_client, ssh_tunnel

ROW = "{:<24} {:<10} {:>18} {:>7} {:>9} {:>5}"
"""78 columns; a longer name moves what follows to the right."""


def list_topologies(env_name: str | None, timeout: int | None = None, config_file: Any = None) -> None:
    """Print the topologies, in place of streamparse's function of this name, whose table is 115 wide."""
    _, config = get_env_config(env_name, config_file=config_file)
    with ssh_tunnel(config) as (host, port):
        nimbus = get_nimbus_client(config, host=host, port=port, timeout=timeout)
        found = nimbus.getClusterInfo().topologies
    print_topologies(found or [])


def print_topologies(topologies: list[Any]) -> None:
    """Print one row per topology; each is a TopologySummary of Storm's Thrift."""
    if not topologies:
        print("No topologies found.")
        return
    print(ROW.format("NAME", "STATUS", "UP", "WORKERS", "EXECUTORS", "TASKS"))
    for one in sorted(topologies, key=lambda topology: str(topology.name)):
        up = str(timedelta(seconds=one.uptime_secs))
        print(ROW.format(one.name, one.status, up, one.num_workers, one.num_executors, one.num_tasks))
