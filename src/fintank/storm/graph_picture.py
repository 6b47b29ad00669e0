"""What `sparse visualize` draws: spouts, bolts and the streams between them, with Graphviz."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from streamparse.util import get_topology_definition, get_topology_from_file

from fintank.errors import FintankError
from fintank.services import programs

FORMATS = ("png", "svg", "pdf", "jpg", "jpeg", "dot")
DRAW_SECONDS_MAX = 60


def visualize_topology(
    name: str | None = None,
    filename: str | None = None,
    format: str | None = None,  # noqa: A002 - streamparse passes it by this name
) -> None:
    """Draw a topology into a file, in place of streamparse's function of this name.

    streamparse's draws topologies that are written in Python. FintankError if Graphviz is missing.
    """
    name, topology_file = get_topology_definition(name)
    file, kind = target(name, filename, format)
    dot = shutil.which("dot")
    if kind != "dot" and dot is None:
        raise FintankError(
            "`sparse visualize` draws with Graphviz, and there is no `dot` on PATH: install Graphviz (apt "
            "install graphviz), or take the graph as text with `sparse visualize --format dot`"
        )
    topology = get_topology_from_file(topology_file)
    text = graph(topology.thrift_spouts, topology.thrift_bolts)
    if kind == "dot":
        file.write_text(text, "utf-8")
    else:
        command = [str(dot), f"-T{kind}", "-o", str(file)]
        programs.run(command, DRAW_SECONDS_MAX, f"Graphviz did not draw {file}", given=text)
    print(f"The graph of {name} is in {file}.")


def target(name: str, filename: str | None, chosen: str | None) -> tuple[Path, str]:
    """Return the file and its format: that of the option, or of the file's name, or png."""
    file = Path(filename or name)
    suffix = file.suffix.removeprefix(".").lower()
    kind = chosen.lower() if chosen else suffix if suffix in FORMATS else FORMATS[0]
    if kind not in FORMATS:
        raise FintankError(f"sparse visualize: {kind}: choose one of {', '.join(FORMATS)}")
    return (file if suffix == kind else file.with_name(f"{file.name}.{kind}")), kind


def graph(spouts: Iterable[str], bolts: Mapping[str, Any]) -> str:
    """Write the graph in Graphviz's language; bolts are Storm's Thrift. A stream's label is its name."""
    lines = [f'  {_quoted(spout)} [shape=box, style=filled, fillcolor="#BFE0F5"]' for spout in sorted(spouts)]
    lines += [f"  {_quoted(bolt)} [shape=box, style=rounded]" for bolt in sorted(bolts)]
    streams = sorted(
        (stream.componentId, bolt, stream.streamId)
        for bolt, spec in bolts.items()
        for stream in spec.common.inputs
    )
    for source, bolt, stream in streams:
        label = "" if stream == "default" else f" [label={_quoted(stream)}]"
        lines.append(f"  {_quoted(source)} -> {_quoted(bolt)}{label}")
    return "\n".join(["digraph topology {", "  rankdir=LR", *lines, "}"]) + "\n"


def _quoted(name: str) -> str:
    return json.dumps(name)
