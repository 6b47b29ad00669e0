import json
from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fintank import settings
from fintank.errors import FintankError
from fintank.services import storm_cluster
from fintank.settings import Settings


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    return settings.load({"FINTANK_HOME": str(tmp_path), "FINTANK_NIMBUS": "localhost:14627"})


def test_no_two_services_share_a_port(loaded: Settings) -> None:
    ports = Counter(port for service in storm_cluster.services(loaded) for port in service.ports)
    assert set(ports.values()) == {1}
    assert sorted(ports) == [2181, *range(14627, 14634)]


def test_each_supervisor_has_its_own_port_slots_and_data(loaded: Settings) -> None:
    supervisors = [one for one in storm_cluster.services(loaded) if one.name.startswith("supervisor")]
    read = [YAML(typ="safe", pure=True).load(text) for one in supervisors for text in one.files.values()]
    assert [one["supervisor.thrift.port"] for one in read] == [14628, 14629]
    assert [one["supervisor.slots.ports"] for one in read] == [[14630, 14631], [14632, 14633]]
    assert len({one["storm.local.dir"] for one in read}) == 2
    assert {one["nimbus.thrift.port"] for one in read} == {14627}


def test_all_data_is_in_the_folder_that_reset_deletes(loaded: Settings) -> None:
    texts = [text for service in storm_cluster.services(loaded) for text in service.files.values()]
    folders = [
        line.split("=")[-1].split(": ")[-1].strip('"')
        for text in texts
        for line in text.splitlines()
        if line.startswith(("dataDir=", "storm.local.dir:"))
    ]
    assert len(folders) == 4
    assert {Path(folder).parent for folder in folders} == {loaded.home / "data"}


def test_a_worker_gets_only_the_jars_of_an_installed_storm(loaded: Settings, tmp_path: Path) -> None:
    zookeeper = storm_cluster.services(loaded)[0]
    zookeeper.prepare()
    for_daemons = {jar.name for jar in (tmp_path / "storm" / "lib").iterdir()}
    for_workers = {jar.name for jar in (tmp_path / "storm" / "lib-worker").iterdir()}
    missing = {name.rsplit("-", 1)[0] for name in for_daemons - for_workers}
    assert missing == {"daemon", "kafka-clients", "storm-clojure", "storm-kafka-client"}


def test_the_config_for_sparse_has_only_the_local_cluster(loaded: Settings) -> None:
    nimbus = storm_cluster.services(loaded)[1]
    config = json.loads(nimbus.files[storm_cluster.sparse_config(loaded)])
    assert list(config["envs"]) == ["local"]
    local = config["envs"]["local"]
    assert (local["nimbus"], local["use_ssh_for_nimbus"]) == ("localhost:14627", False)
    assert local["options"]["fintank.kafka"] == loaded.kafka
    assert (Path(local["virtualenv_root"]) / local["virtualenv_name"] / "bin" / "streamparse_run").exists()


@pytest.mark.parametrize("content", ["{,}", "[]", "\ufeff{}"])
def test_a_config_that_can_not_be_read_is_one_clear_error(
    loaded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (tmp_path / "config.json").write_text(content)
    monkeypatch.setattr(storm_cluster, "PROJECT_ROOT", tmp_path)
    with pytest.raises(FintankError, match=f"^{tmp_path}/config.json: .*configuration.md"):
        storm_cluster.services(loaded)


def test_the_logs_of_a_topology_are_those_of_its_last_run(loaded: Settings) -> None:
    assert {service.name for service in storm_cluster.services(loaded)} == storm_cluster.NAMES
    runs = [("order_flow-9-100", 1), ("order_flow-10-200", 2), ("order_flow-10-200", 3)]
    for run, slot in (*runs, ("order_flow-9-100-kept", 4), ("order_flow-11-300.tar", 5)):
        folder = storm_cluster.worker_logs(loaded) / run / str(slot)
        folder.mkdir(parents=True)
        (folder / "worker.log").touch()
    found = storm_cluster.topology_logs(loaded)["order_flow"]
    assert [log.parent.name for log in found] == ["2", "3"]
