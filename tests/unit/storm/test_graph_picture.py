from pathlib import Path
from types import SimpleNamespace

import pytest

from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.storm.graph_picture import graph, target, visualize_topology


def bolt(*inputs: tuple[str, str]) -> SimpleNamespace:
    streams = {SimpleStream(*names): "grouping" for names in inputs}
    return SimpleNamespace(common=SimpleNamespace(inputs=streams))


class SimpleStream:
    """Storm's GlobalStreamId."""

    def __init__(self, component_id: str, stream_id: str) -> None:
        self.componentId = component_id
        self.streamId = stream_id


def test_each_stream_is_an_edge_with_its_name() -> None:
    bolts = {"b": bolt(("a-spout", "default"), ("a-spout", "rejects")), "c": bolt(("b", "default"))}
    assert graph(["a-spout"], bolts).splitlines() == [
        "digraph topology {",
        "  rankdir=LR",
        '  "a-spout" [shape=box, style=filled, fillcolor="#BFE0F5"]',
        '  "b" [shape=box, style=rounded]',
        '  "c" [shape=box, style=rounded]',
        '  "a-spout" -> "b"',
        '  "a-spout" -> "b" [label="rejects"]',
        '  "b" -> "c"',
        "}",
    ]


@pytest.mark.parametrize(
    ("filename", "chosen", "expected"),
    [
        (None, None, ("order_flow.png", "png")),
        ("a.SVG", None, ("a.SVG", "svg")),
        ("a.b", "pdf", ("a.b.pdf", "pdf")),
        ("a.b", None, ("a.b.png", "png")),
        ("x/a", "dot", ("x/a.dot", "dot")),
    ],
)
def test_the_format_is_that_of_the_option_or_the_name(
    filename: str | None, chosen: str | None, expected: tuple[str, str]
) -> None:
    file, kind = target("order_flow", filename, chosen)
    assert (str(file), kind) == expected


def test_an_unknown_format_is_one_line() -> None:
    with pytest.raises(FintankError, match="sparse visualize: bmp: choose one of png, svg"):
        target("order_flow", "a", "bmp")


def test_without_graphviz_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(PROJECT_ROOT)
    with pytest.raises(FintankError, match="there is no `dot` on PATH: install Graphviz") as raised:
        visualize_topology("order_flow")
    assert "\n" not in str(raised.value)
