"""The VM's daemons have the settings of `invoke up`, except those listed here."""

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.cookbook import Rendered

from fintank import settings
from fintank.adapters.kafka_topics import topics
from fintank.services import influxdb_server, kafka_broker, storm_cluster
from fintank.services.supervisor import Service
from fintank.settings import PROJECT_ROOT

# Addresses and folders are the VM's own, and InfluxDB wants a password there.
KAFKA_DIFFERS = {"listeners", "advertised.listeners", "log.dirs"}
# Storm's own installation has the folders of its logs, its UI reads the metrics that it keeps, and a firewall
# keeps its ports inside, where the local cluster listens on 127.0.0.1 only.
STORM_DIFFERS = {
    *("nimbus.seeds", "storm.local.hostname", "storm.local.dir"),
    *("storm.thrift.transport", "storm.messaging.transport"),
    *("storm.log4j2.conf.dir", "storm.workers.artifacts.dir", "storm.metricstore.class"),
    # Here a worker's JVM leaves nothing in /tmp; on the VM /tmp is its own.
    *("worker.childopts", "topology.worker.logwriter.childopts"),
}
INFLUX_DIFFERS = {"http.bind-address", "http.auth-enabled", "meta.dir", "data.dir", "data.wal-dir"}


def properties(text: str) -> dict[str, str]:
    """Read Java properties of the simple kind: no escapes, no continued lines."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs)
    found = {key.strip(): value.strip() for key, value in pairs}
    assert len(found) == len(pairs)
    return found


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def file_of(service: Service, name: str) -> str:
    return next(text for path, text in service.files.items() if path.name == name)


@pytest.fixture(scope="module")
def kafka() -> Service:
    return kafka_broker.services(settings.load({}))[0]


def assert_same_but(ours: dict[str, Any], theirs: dict[str, Any], differing: set[str]) -> None:
    assert {key for key in ours | theirs if ours.get(key) != theirs.get(key)} == differing


def test_kafka(machine: Rendered, kafka: Service) -> None:
    ours = properties(machine.text("/etc/fintank/server.properties"))
    assert_same_but(ours, properties(file_of(kafka, "server.properties")), KAFKA_DIFFERS)
    assert ours["listeners"] == "BROKER://192.168.50.50:9092,CONTROLLER://127.0.0.1:9093"
    assert ours["advertised.listeners"] == "BROKER://streamparse-box:9092"


def test_kafka_s_log_and_memory(machine: Rendered, kafka: Service) -> None:
    ours = properties(machine.text("/etc/fintank/kafka-log4j2.properties"))
    assert ours == properties(file_of(kafka, "log4j2.properties"))
    program = configparser.RawConfigParser()
    program.read_string(machine.text("/etc/supervisor/conf.d/kafka.conf"))
    words = program["program:kafka"]["command"].replace("1024m", "1g").split()
    assert words[1:3] == [word for word in kafka.command if word.startswith("-Xm")]
    assert machine.node["kafka"]["cluster_id"] == kafka_broker.CLUSTER_ID


def test_the_topics(machine: Rendered) -> None:
    ours = {
        name: (topic["partitions"], {key: str(value) for key, value in topic["settings"].items()})
        for name, topic in machine.node["kafka"]["topics"].items()
    }
    assert ours == {name: (topic.partitions, dict(topic.configs)) for name, topic in topics().items()}


def test_influxdb(machine: Rendered) -> None:
    ours = flat(tomllib.loads(machine.text("/etc/fintank/influxdb.conf")))
    loaded = settings.load({})
    service = influxdb_server.service(loaded, loaded.sink)
    assert_same_but(ours, flat(tomllib.loads(file_of(service, "influxdb.conf"))), INFLUX_DIFFERS)
    assert ours["http.auth-enabled"] is True
    assert ours["http.bind-address"] == "192.168.50.50:8086"
    assert machine.node["influxdb"]["database"] == loaded.sink.database


def test_storm(machine: Rendered) -> None:
    ours = YAML(typ="safe").load(machine.text("/opt/storm/conf/storm.yaml"))
    cluster = {service.name: service for service in storm_cluster.services(settings.load({}))}
    theirs = YAML(typ="safe").load(file_of(cluster["nimbus"], "nimbus.yaml"))
    assert_same_but({key: ours[key] for key in ours.keys() & theirs.keys()}, theirs, STORM_DIFFERS)
    assert ours["nimbus.seeds"] == ours["drpc.servers"] == ["streamparse-box"]
    assert ours["supervisor.slots.ports"] == [6700, 6701]
    assert all("-Xmx" in value for key, value in ours.items() if key.endswith(".childopts"))
    assert all(str(ours[key]).startswith("/var/") for key in ours if key.endswith((".dir", ".location")))


def test_zookeeper(machine: Rendered) -> None:
    ours = properties(machine.text("/etc/fintank/zoo.cfg"))
    service = next(one for one in storm_cluster.services(settings.load({})) if one.name == "zookeeper")
    assert_same_but(ours, properties(file_of(service, "zoo.cfg")), {"dataDir"})
    assert (ours["clientPortAddress"], ours["admin.enableServer"]) == ("127.0.0.1", "false")


def files_below(folder: Path, prefix: str) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)).removeprefix(prefix): path.read_text() for path in files}


def test_grafana(machine: Rendered) -> None:
    ini = configparser.RawConfigParser()
    ini.read_string(machine.text("/etc/fintank/grafana.ini"))
    assert ini["server"]["http_addr"] == "192.168.50.50"
    assert ini["auth.anonymous"]["enabled"] == ini["users"]["allow_sign_up"] == "false"
    provisioning = machine.path(ini["paths"]["provisioning"])
    program = configparser.RawConfigParser()
    program.read_string(machine.text("/etc/supervisor/conf.d/grafana.conf"))
    environment = dict(re.findall(r'(\w+)="(.*?)"', program["program:grafana"]["environment"]))
    assert environment["FINTANK_INFLUX"] == "streamparse-box:8086"
    assert environment["FINTANK_DASHBOARDS"] == f"{ini['paths']['provisioning']}/json"
    # Every file for InfluxDB is there, but the optional webhook, and so is every variable that they use.
    ours = files_below(provisioning, "json/")
    files = files_below(PROJECT_ROOT / "dashboards", "provisioning/")
    assert ours == {
        name: text for name, text in files.items() if not re.search("questdb|postgresql|webhook", name)
    }
    assert {"order-flow.json", "datasources/fintank.yaml"} <= set(ours)
    wanted = {name for text in ours.values() for name in re.findall(r"\$(FINTANK_\w+)", text)}
    assert wanted <= set(environment)
