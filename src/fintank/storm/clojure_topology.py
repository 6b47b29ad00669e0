"""The topology of order_flow.clj as the class that streamparse expects.

The graph is written in Clojure only. `sparse run` needs just the class; for `sparse submit`, a JVM turns the
graph into the Thrift structure that Nimbus gets, when it is first used.
"""

import functools
import json
from pathlib import Path
from typing import Any

from streamparse import JavaBolt, Topology
from streamparse.dsl.topology import TopologyType

from fintank import scale, settings
from fintank.errors import exiting
from fintank.services import clojure_build
from fintank.settings import TOPOLOGY


class _ClojureTopologyType(TopologyType):
    """Takes the Thrift from the JVM; streamparse's own class makes it from Python specs."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        return type.__new__(mcs, name, bases, namespace)

    @property
    def thrift_topology(self) -> Any:
        return _from_thrift().thrift_topology

    @property
    def thrift_bolts(self) -> Any:
        return _from_thrift().thrift_bolts

    @property
    def thrift_spouts(self) -> Any:
        return _from_thrift().thrift_spouts


class OrderFlow(Topology, metaclass=_ClojureTopologyType):
    """The order_flow topology."""

    config: dict[str, object] = {}  # noqa: RUF012  streamparse reads it from the class
    # One JVM component makes streamparse build the jar with all dependencies.
    specs = [JavaBolt.spec(name="reject-writer", serialized_java=b"")]  # noqa: RUF012

    @classmethod
    def to_flux_dict(cls, name: str) -> dict[str, object]:
        """Return the Flux definition for our `storm jar`; streamparse adds the options."""
        return {"name": name}


@functools.cache
def _from_thrift() -> Any:
    """Return the topology read from its Thrift."""
    topology: Any = type.__new__(TopologyType, "FromThrift", (Topology,), {})
    with exiting():
        topology.read(str(_built() / "topology.thrift"))
    return topology


def options() -> dict[str, Any]:
    """Return the Storm options of order_flow.clj; FintankError if the JVM can't read it."""
    read: dict[str, Any] = json.loads((_built() / "options.json").read_text("utf-8"))
    return read


def _built() -> Path:
    """Return the folder with topology.thrift and options.json, made from the current sources."""
    sources = sorted([*clojure_build.SOURCES.rglob("*.clj"), *clojure_build.TOPOLOGIES.glob("*.clj")])
    main, size = ("-m", "fintank.local.main", "thrift"), scale.current().to_json()
    return clojure_build.built(settings.load(), TOPOLOGY, sources, lambda folder: [*main, folder, size], size)
