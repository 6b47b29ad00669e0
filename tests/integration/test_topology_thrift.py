"""The Thrift topology that `sparse submit` sends to Nimbus."""

from streamparse.thrift import ShellComponent
from streamparse.util import get_topology_from_file

from fintank.settings import PROJECT_ROOT


def test_streamparse_reads_the_clojure_topology_with_its_python_bolts(monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    topology = get_topology_from_file("topologies/order_flow.py")
    assert "tick-spout" in topology.thrift_spouts
    bolt = topology.thrift_bolts["tick-deserializer"]
    assert isinstance(bolt.bolt_object.shell, ShellComponent)
    assert bolt.bolt_object.shell.execution_command == "streamparse_run"
    assert bolt.bolt_object.shell.script == "fintank.bolts.tick_deserializer.TickDeserializer"
    fields = ["topic", "partition", "offsets", "lines", "appended"]
    assert bolt.common.streams["default"].output_fields == fields
    assert topology.thrift_topology.bolts is topology.thrift_bolts
