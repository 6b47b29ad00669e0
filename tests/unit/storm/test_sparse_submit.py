import json
from pathlib import Path

import pytest
from support.nimbus_server import cluster_summary, topology_summary

from fintank.adapters import nimbus
from fintank.errors import FintankError
from fintank.storm import sparse_submit
from fintank.storm.sparse_submit import check_cluster, seen_from_here, wait_for_tasks


def test_a_cluster_with_free_slots_takes_the_topology() -> None:
    check_cluster(cluster_summary(), "order_flow", 4, force=False)


@pytest.mark.parametrize("version", ["2.6.4", "2.80.0", "3.0.0", "VERSION_NOT_PROVIDED"])
def test_another_minor_of_storm_is_refused(version: str) -> None:
    with pytest.raises(FintankError, match=f"Nimbus runs Storm {version}, and this project is built for 2.8"):
        check_cluster(cluster_summary(version), "order_flow", 1, force=False)


def test_a_topology_of_the_same_name_is_refused_without_force() -> None:
    cluster = cluster_summary(used=2, topologies=(topology_summary(),))
    with pytest.raises(FintankError, match=r"A topology order_flow is already running .*ACTIVE, up 30 s"):
        check_cluster(cluster, "order_flow", 2, force=False)
    check_cluster(cluster, "order_flow", 4, force=True)
    check_cluster(cluster, "another", 2, force=False)


def test_too_few_free_slots_are_an_error_that_names_the_topologies_using_them() -> None:
    cluster = cluster_summary(used=3, topologies=(topology_summary("other", workers=3),))
    with pytest.raises(FintankError, match=r"needs 2 slots, and 1 of 4 are free .*other topologies: other"):
        check_cluster(cluster, "order_flow", 2, force=False)


def test_a_number_of_workers_that_is_none_is_one_line() -> None:
    assert sparse_submit.slots({"topology.workers": 2}) == 2
    for wrong in ("two", 0, 1.5, -1):
        with pytest.raises(FintankError, match=f"^topology.workers={wrong}: must be a whole number"):
            sparse_submit.slots({"topology.workers": wrong})


def test_a_remote_workers_localhost_is_that_worker() -> None:
    seen = seen_from_here({}, ["box-1", "box-2"], {})
    assert (seen.kafka, seen.sink.address) == ("box-1:9092", "box-1:8086")


def test_the_environment_overrides_a_remote_workers_localhost() -> None:
    seen = seen_from_here({}, ["box-1"], {"FINTANK_KAFKA": "gate:19092"})
    assert (seen.kafka, seen.sink.address) == ("gate:19092", "box-1:8086")


def test_addresses_other_than_localhost_are_unchanged() -> None:
    there = {"fintank.kafka": "kafka.lan:9092"}
    assert seen_from_here(there, ["box-1"], {"FINTANK_HOST": "gate"}).kafka == "kafka.lan:9092"


def test_a_worker_on_this_machine_has_the_same_localhost() -> None:
    there = {"fintank.kafka": "localhost:14092"}
    assert seen_from_here(there, ["localhost"], {"FINTANK_KAFKA": "gate:1"}).kafka == "localhost:14092"


def test_a_login_of_this_machine_is_only_for_a_database_of_the_same_kind() -> None:
    there = {"fintank.sink": "questdb://db.lan"}
    same = seen_from_here(there, ["box-1"], {"FINTANK_SINK": "questdb://u:p@gate"}).sink
    assert same.with_login == "questdb://u:p@db.lan:9000"
    assert seen_from_here(there, ["box-1"], {"FINTANK_SINK": "influxdb://u:p@gate"}).sink.login == ""


def test_without_an_option_the_workers_have_the_sink_of_this_machine() -> None:
    environ = {"FINTANK_SINK": "questdb://u:p@db.lan"}
    assert seen_from_here({}, ["box-1"], environ).sink.with_login == "questdb://u:p@db.lan:9000"


class Cluster:
    """Returns one state of the topology after the other, then the last one forever."""

    def __init__(self, *states: nimbus.Topology) -> None:
        self._states = list(states)

    def ask(self) -> nimbus.Topology:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


def state(*reports: bool, wanted: int = 2, errors: tuple[nimbus.TaskError, ...] = ()) -> nimbus.Topology:
    executors = tuple(
        nimbus.Executor(f"bolt-{number}", str(number), "localhost:6630", reported, 0, 0, 0, 0, None)
        for number, reported in enumerate(reports)
    )
    return nimbus.Topology("order_flow", "order_flow-1-100", "ACTIVE", 5, 2, wanted, executors, errors)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_submit, "POLL_INTERVAL_S", 0.01)
    monkeypatch.setattr(sparse_submit, "SETTLED_S", 0.05)
    monkeypatch.setattr(sparse_submit, "TASKS_UP_TIMEOUT_S", 0.5)


def test_the_wait_ends_when_every_executor_reports() -> None:
    last = state(True, True)
    cluster = Cluster(state(wanted=0), state(False, False), state(True, False), last)
    assert wait_for_tasks(cluster.ask) is last


def test_the_wait_ends_with_the_error_of_a_task_that_was_up_before() -> None:
    error = nimbus.TaskError("rule-engine", "localhost:6630", 1, "No module named 'orjson'")
    cluster = Cluster(state(True, True), state(True, True, errors=(error,)))
    with pytest.raises(FintankError, match=r"rule-engine \(worker localhost:6630\) failed: No module"):
        wait_for_tasks(cluster.ask)


def test_the_wait_times_out_and_names_the_missing_components() -> None:
    with pytest.raises(FintankError, match=r"1 of 2 executors are up after 0.5 s; not up: bolt-1"):
        wait_for_tasks(Cluster(state(True, False)).ask)
    with pytest.raises(FintankError, match="not up: no executor has a worker"):
        wait_for_tasks(Cluster(state(wanted=0)).ask)


def test_config_json_overrides_the_topologys_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = {"envs": {"prod": {"options": {"topology.workers": 7}}}}
    monkeypatch.setattr(sparse_submit, "get_config", lambda: config)
    monkeypatch.setattr(
        sparse_submit.clojure_topology, "options", lambda: {"topology.workers": 1, "a": "graph"}
    )
    sparse_submit.prepare(["sparse", "list"])
    assert json.dumps(config) == '{"envs": {"prod": {"options": {"topology.workers": 7}}}}'
    sparse_submit.prepare(["sparse", "submit"])
    assert config["envs"]["prod"]["options"] == {"topology.workers": 7, "a": "graph"}
