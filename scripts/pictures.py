"""Draw the topology from the Thrift that `sparse submit` sends: .venv/bin/python scripts/pictures.py

Writes presentation/storm-topology.dot and architecture.dot and, with Graphviz, their PNGs. A test compares
the DOT files with the topology; a spout or loader that is missing in READS or STORES raises a KeyError.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fintank.settings import PROJECT_ROOT
from fintank.storm.clojure_topology import OrderFlow

FOLDER = PROJECT_ROOT / "presentation"
DOTS_PER_INCH = 110

READS = {
    "tick-spout": "ticks",
    "order-spout": "orders",
    "execution-spout": "executions",
    "fill-spout": "fills",
}
STORES = {
    "tick-influxdb-loader": "bid_ask",
    "order-influxdb-loader": "portfolio_orders",
    "component-order-influxdb-loader": "portfolio_component_orders",
    "execution-influxdb-loader": "executions",
    "fill-influxdb-loader": "fills",
}
DECIDES = {"rule-engine": ("executions", "fills", "journal", "timeline")}
REFUSES = {"reject-writer": ("rejects",)}
VIEWERS = {
    "invoke report": "one HTML file",
    "Grafana": "dashboards",
    "invoke reconcile": "compares with Kafka",
}
ROLES = {"-spout": "spouts", "-deserializer": "deserializers", "-influxdb-loader": "influxdb-loaders"}
"""Components that differ only in their topic are one node in the architecture picture."""
LONG = re.compile(r"(.+)-(influxdb-loader|order-creator)$")
"""Names on two lines: README shows the pictures half as wide as they are drawn."""
QUIET_STREAMS = ("rejects", "pipeline")
"""Streams of nearly all components: drawn once, because they would hide the others."""

SPOUT, JVM_BOLT, PYTHON_BOLT, RULE_ENGINE = "#BFE0F5", "#DDE1E6", "#FBE9B7", "#F5B895"
FRAME = "#8A8F98"
TOPIC, MEASUREMENT, VIEWER = "#E8EEF4", "#CDE9DF", "#FFFFFF"
GRAPH = """\
  graph [rankdir=LR, fontname="DejaVu Sans", fontsize=13, nodesep=0.2, ranksep=0.25, pad=0.1, bgcolor=white]
  node [shape=box, style="rounded,filled", fontname="DejaVu Sans", fontsize=14, color="#5F6772",
    margin="0.09,0.06"]
  edge [fontname="DejaVu Sans", fontsize=12, color="#5F6772", fontcolor="#3D434B", arrowsize=0.7]"""


class Edge(NamedTuple):
    """A stream from one component to another, and its grouping."""

    source: str
    target: str
    stream: str
    grouping: str


def edges(bolts: Mapping[str, Any]) -> list[Edge]:
    """Return the topology's streams, sorted."""
    return sorted(
        Edge(stream.componentId, target, stream.streamId, _grouping(how))
        for target, bolt in bolts.items()
        for stream, how in bolt.common.inputs.items()
    )


def storm_topology(spouts: Iterable[str], bolts: Mapping[str, Any]) -> str:
    """Draw spouts, bolts and streams."""
    found = edges(bolts)
    lines = [_node(spout, SPOUT, "spout, JVM") for spout in sorted(spouts)]
    lines.append(f"  {{ rank=same; {'; '.join(_quoted(sorted(spouts)))} }}")
    lines += [_node(bolt, *_bolt_style(bolt, bolts[bolt])) for bolt in sorted(bolts)]
    for edge in found:
        if edge.stream not in QUIET_STREAMS:
            named = "" if edge.stream == "default" else f"{edge.stream}\\n"
            lines.append(_edge(edge.source, edge.target, f"{named}{edge.grouping}"))
    rejecting = f"{sum(edge.stream == 'rejects' for edge in found)} spouts and bolts"
    lines.append(f'  "{rejecting}" [shape=plaintext, style="", fontsize=11]')
    lines.append(_edge(rejecting, "reject-writer", "rejects\\nshuffle", style="dashed"))
    return _graph("storm_topology", lines)


def architecture(spouts: Iterable[str], bolts: Mapping[str, Any]) -> str:
    """Draw where the data is, what moves it, and what shows it."""
    read = [READS[spout] for spout in sorted(spouts, key=list(READS).index)]
    loaders = [bolt for bolt in bolts if bolt.endswith("-influxdb-loader")]
    stored = [STORES[bolt] for bolt in sorted(loaders, key=list(STORES).index)]
    decided = [topic for bolt in sorted(bolts) for topic in DECIDES.get(bolt, ())]
    refused = [topic for bolt in sorted(bolts) for topic in REFUSES.get(bolt, ())]
    topics = list(dict.fromkeys([*read, *decided, *refused]))
    flows = {
        (_role(edge.source), _role(edge.target)) for edge in edges(bolts) if edge.stream not in QUIET_STREAMS
    }
    return _graph(
        "architecture",
        [
            _node("Kafka", TOPIC, "<br/>".join(["topics", *topics]), shape="cylinder"),
            f'  subgraph cluster_storm {{ label="Storm: order_flow"; style=rounded; color="{FRAME}"',
            *(f"  {_node(role, color, kind)}" for role, color, kind in _roles(spouts, bolts)),
            "  }",
            _node("InfluxDB", MEASUREMENT, "<br/>".join([*stored, "pipeline"]), shape="cylinder"),
            *(_node(viewer, VIEWER, kind) for viewer, kind in VIEWERS.items()),
            _edge("Kafka", "spouts", "batches"),
            *(_edge(source, target, "") for source, target in sorted(flows) if source != target),
            _edge("rule-engine", "Kafka", "one transaction per shard", style="bold", constraint="false"),
            _edge("reject-writer", "Kafka", "rejects", style="dashed", constraint="false"),
            _edge("influxdb-loaders", "InfluxDB", "lines"),
            *(_edge("InfluxDB", viewer, "") for viewer in VIEWERS),
        ],
    )


def _roles(spouts: Iterable[str], bolts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, color, description) of the nodes for components in the architecture picture."""
    found: dict[str, list[tuple[str, str]]] = {}
    for spout in sorted(spouts):
        found.setdefault(_role(spout), []).append((SPOUT, "JVM"))
    for bolt in sorted(bolts):
        color, kind = _bolt_style(bolt, bolts[bolt])
        found.setdefault(_role(bolt), []).append((color, kind.removeprefix("bolt, ")))
    return [
        (role, some[0][0], some[0][1] if len(some) == 1 else f"{len(some)}, {some[0][1]}")
        for role, some in found.items()
    ]


def _role(component: str) -> str:
    return next((role for suffix, role in ROLES.items() if component.endswith(suffix)), component)


def _bolt_style(bolt: str, thrift: Any) -> tuple[str, str]:
    """Return a bolt's color, and a note with its language and number of tasks."""
    tasks = thrift.common.parallelism_hint or 1
    kind = "Python" if thrift.bolt_object.shell is not None else "JVM"
    color = RULE_ENGINE if bolt in DECIDES else PYTHON_BOLT if kind == "Python" else JVM_BOLT
    return color, f"bolt, {kind}" + (f", {tasks} tasks" if tasks > 1 else "")


def _grouping(how: Any) -> str:
    if how.fields is not None:
        return f"by {', '.join(how.fields)}"
    if how.all is not None:
        return "all tasks"
    return "by owner" if how.custom_serialized is not None else "shuffle"


def _node(name: str, color: str, note: str, **attributes: str) -> str:
    more = "".join(f", {key}={value}" for key, value in attributes.items())
    # The top of a cylinder takes up a line.
    shown = LONG.sub(r"\1-<br/>\2", name)
    text = f'{"<br/>" if "shape" in attributes else ""}<b>{shown}</b><br/><font point-size="12">{note}</font>'
    return f'  "{name}" [fillcolor="{color}", label=<{text}>{more}]'


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _edge(source: str, target: str, label: str, **attributes: str) -> str:
    given = ({"label": f'"{label}"'} if label else {}) | attributes
    return f'  "{source}" -> "{target}" [{", ".join(f"{key}={value}" for key, value in given.items())}]'


def _graph(name: str, lines: Iterable[str]) -> str:
    return "\n".join([f"digraph {name} {{", GRAPH, *lines, "}", ""])


def pictures() -> dict[str, str]:
    """Return the DOT text of each picture, by the file name without extension."""
    spouts, bolts = OrderFlow.thrift_spouts, OrderFlow.thrift_bolts
    return {
        "storm-topology": storm_topology(spouts, bolts),
        "architecture": architecture(spouts, bolts),
    }


def main() -> None:
    """Write the DOT files and, if Graphviz is installed, the PNGs."""
    for name, dot in pictures().items():
        path = FOLDER / f"{name}.dot"
        path.write_text(dot)
        if shutil.which("dot") is None:
            sys.exit("Wrote the DOT files but no PNGs: install Graphviz (apt-get install graphviz).")
        png = FOLDER / f"{name}.png"
        subprocess.run(["dot", "-Tpng", f"-Gdpi={DOTS_PER_INCH}", "-o", str(png), str(path)], check=True)


if __name__ == "__main__":
    main()
