"""The topology of order_flow.clj as the class that streamparse wants.

The graph stands in Clojure only. `sparse run` needs no more than the class; `sparse submit` sends Nimbus the
Thrift that the JVM makes of the graph, which is asked for at its first use.
"""

import functools
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from streamparse import JavaBolt, Topology
from streamparse.dsl.topology import TopologyType

from fintank import settings
from fintank.errors import FintankError
from fintank.services import programs
from fintank.settings import PROJECT_ROOT, TOPOLOGY

THRIFT_TIMEOUT_S = 120


class _ClojureTopologyType(TopologyType):
    """Takes the Thrift from the JVM, where streamparse's own makes it of Python specifications."""

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
    # One component of the JVM makes streamparse build the jar with everything in it.
    specs = [JavaBolt.spec(name="reject-writer", serialized_java=b"")]  # noqa: RUF012

    @classmethod
    def to_flux_dict(cls, name: str) -> dict[str, object]:
        """Write what `sparse run` passes to our `storm jar`, to which streamparse adds the options."""
        return {"name": name}


@functools.cache
def _from_thrift() -> Any:
    """Read the topology as Nimbus gets it; the first time takes seconds, as the JVM makes it."""
    topology: Any = type.__new__(TopologyType, "FromThrift", (Topology,), {})
    try:
        topology.read(str(_made() / "topology.thrift"))
    except FintankError as error:
        raise SystemExit(str(error)) from error
    return topology


def options() -> dict[str, Any]:
    """Return the options of Storm that stand in the graph's file; FintankError when the JVM can't read it."""
    read: dict[str, Any] = json.loads((_made() / "options.json").read_text())
    return read


def _made() -> Path:
    """Find what the JVM made of these very sources, or let it make it."""
    sources = sorted([*(PROJECT_ROOT / "src" / "clj").rglob("*.clj"), *PROJECT_ROOT.glob("topologies/*.clj")])
    class_path = programs.storm_class_path(settings.load())
    digest = hashlib.sha256(class_path.encode())
    for source in sources:
        digest.update(source.read_bytes())
    all_made = settings.load().programs / "thrift"
    folder = all_made / f"{TOPOLOGY}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        shutil.rmtree(all_made, ignore_errors=True)
        _make(f"{PROJECT_ROOT}/src/clj:{PROJECT_ROOT}/topologies:{class_path}", folder)
    return folder


def _make(class_path: str, folder: Path) -> None:
    sys.stderr.write("Reading the topology from its Clojure sources ...\n")
    part = folder.with_suffix(".part")
    part.mkdir(parents=True)
    main = ("clojure.main", "-m", "fintank.local.main", "thrift", str(part))
    command = [*programs.jvm(part), "-cp", class_path, *main]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=THRIFT_TIMEOUT_S, check=False, env=programs.environ()
    )
    if result.returncode:
        last_lines = " ".join(result.stderr.strip().splitlines()[-3:])
        raise FintankError(f"The JVM did not make the topology's Thrift: {last_lines}")
    part.rename(folder)
