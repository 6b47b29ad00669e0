"""The topology as streamparse loads it."""

from pathlib import Path

from streamparse.dsl.component import JavaComponentSpec
from streamparse.util import get_config, get_env_config, get_topology_definition, get_topology_from_file

from fintank.settings import PROJECT_ROOT, TOPOLOGY


def test_streamparse_finds_the_topology_by_name(monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    name, file = get_topology_definition()
    assert (name, file) == (TOPOLOGY, "topologies/order_flow.py")
    topology = get_topology_from_file(file)
    assert topology.to_flux_dict(name) == {"name": name}
    assert topology.config == {}


def test_streamparse_builds_the_jar_with_everything_in_it(monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    topology = get_topology_from_file("topologies/order_flow.py")
    assert any(isinstance(spec, JavaComponentSpec) for spec in topology.specs)
    assert all(spec.par == 1 for spec in topology.specs)


def test_streamparse_finds_one_environment_and_no_serializer(monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    _, environment = get_env_config()
    assert environment["log"]["path"]
    assert "serializer" not in {**get_config(), **environment}


def test_the_workers_virtualenv_has_the_versions_of_this_one():
    pinned = set((PROJECT_ROOT / "requirements.txt").read_text().split())
    on_workers = set(Path(PROJECT_ROOT / "virtualenvs" / "order_flow.txt").read_text().split())
    assert on_workers <= pinned
    assert any(name.startswith("streamparse==") for name in on_workers)
