"""A Nimbus in this process that serves given answers over a real socket."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from streamparse import thrift
from support import free_ports
from support.waiting import wait_until
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.rpc import make_server
from thriftpy2.transport import TFramedTransportFactory

from fintank.adapters import ports

START_TIMEOUT_S = 10


def cluster_summary(version: str = "2.8.3", used: int = 0, topologies: tuple[Any, ...] = ()) -> Any:
    """Make a cluster of one Nimbus and two Supervisors with two slots each, `used` of them taken."""
    nimbus = thrift.NimbusSummary("localhost", 6627, 60, True, version)
    supervisors = [
        thrift.SupervisorSummary("localhost", 60, 2, taken, f"id-{number}")
        for number, taken in enumerate((min(used, 2), max(used - 2, 0)))
    ]
    return thrift.ClusterSummary(supervisors=supervisors, topologies=list(topologies), nimbuses=[nimbus])


def topology_summary(name: str = "order_flow", workers: int = 2, executors: int = 2) -> Any:
    return thrift.TopologySummary(f"{name}-1-100", name, executors, executors, workers, 30, "ACTIVE")


@dataclass
class Nimbus:
    """The topologies' infos by id; an unknown id raises what Storm raises."""

    summary: Any
    infos: dict[str, Any] = field(default_factory=dict)

    def getClusterInfo(self) -> Any:  # noqa: N802
        return self.summary

    def getTopologyInfoWithOpts(self, storm_id: str, _options: Any) -> Any:  # noqa: N802
        if storm_id not in self.infos:
            raise thrift.NotAliveException(f"{storm_id} is not alive")
        return self.infos[storm_id]


@contextmanager
def serving(nimbus: Nimbus) -> Iterator[str]:
    """Serve on a free port; yield the address."""
    port = free_ports.consecutive(1)
    server = make_server(
        thrift.Nimbus,
        nimbus,
        "127.0.0.1",
        port,
        proto_factory=TBinaryProtocolFactory(),
        trans_factory=TFramedTransportFactory(),
    )
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        wait_until(lambda: ports.listens(f"127.0.0.1:{port}"), START_TIMEOUT_S)
        yield f"127.0.0.1:{port}"
    finally:
        server.close()
        server.trans.close()  # else it keeps waiting for the next client
        thread.join(START_TIMEOUT_S)
