"""Kafka, InfluxDB, ZooKeeper and Nimbus start from the rendered files, with other paths and ports."""

import configparser
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support import free_ports
from support.cookbook import COOKBOOK, Rendered
from support.waiting import wait_until

from fintank import settings
from fintank.adapters import kafka, nimbus
from fintank.adapters.sinks import SinkUnavailableError
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.errors import FintankError
from fintank.services import kafka_broker, programs, storm_cluster
from fintank.settings import PROJECT_ROOT
from fintank.sink_url import SinkUrl

START_SECONDS_MAX = 60
END_SECONDS_MAX = 30
LINE = "bid_ask,exchange=NYSE,symbol=IVE bid=93.5,ask=94.5 1438539936355217042"


@pytest.fixture(scope="module")
def here(render: Callable[..., Rendered]) -> Rendered:
    """The cookbook for this machine: localhost, free ports, all folders below a temporary one."""
    names = ("kafka", "kafka_controller", "influxdb", "zookeeper", "nimbus")
    first = free_ports.consecutive(len(names))
    numbers = {name: first + place for place, name in enumerate(names)}
    rendered = render(address="127.0.0.1", host="localhost", ports=numbers)
    configurations = ("server.properties", "influxdb.conf", "zoo.cfg")
    for path in (*(f"/etc/fintank/{name}" for name in configurations), "/opt/storm/conf/storm.yaml"):
        rendered.path(path).write_text(placed(rendered, rendered.text(path)))
    for account in rendered.of_type("fintank_account"):
        for folder in account["properties"]["folders"]:
            rendered.path(folder).mkdir(parents=True)
    rendered.path("/var/lib/influxdb").mkdir()
    return rendered


def placed(here: Rendered, text: str) -> str:
    """Map the VM's paths in a text to this machine."""
    where = settings.load()
    storm_jars = programs.class_path(where, "storm")
    places = {
        "/usr/bin/java": str(programs.java()),
        "/usr/bin/influxd": str(programs.influxd(where)),
        "/opt/kafka/libs/*": programs.class_path(where, "kafka"),
        "/opt/zookeeper/lib/*:/opt/zookeeper/conf": storm_jars,
        "/var/": f"{here.root}/var/",
        "/etc/fintank/": f"{here.root}/etc/fintank/",
    }
    for path, place in places.items():
        text = text.replace(path, place)
    return text


@contextmanager
def running(here: Rendered, name: str, command: list[str], answers: Callable[[], bool]) -> Iterator[None]:
    """Run a daemon during the block; if it does not answer, fail with the end of its log."""
    log = here.root / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=here.root)
    try:
        wait_until(answers, START_SECONDS_MAX, lambda: log.read_text()[-3000:])
        yield
    finally:
        process.terminate()
        process.wait(END_SECONDS_MAX)


def command_of(here: Rendered, daemon: str) -> list[str]:
    """Return the command that supervisord would run."""
    program = configparser.RawConfigParser()
    program.read_string(here.text(f"/etc/supervisor/conf.d/{daemon}.conf"))
    return [placed(here, word) for word in program[f"program:{daemon}"]["command"].split()]


def test_kafka_is_formatted_starts_and_has_the_topics(here: Rendered) -> None:
    (format_storage,) = (one for one in here.of_type("execute") if one["name"].startswith("format Kafka"))
    command = [placed(here, word) for word in format_storage["properties"]["command"]]
    subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS_MAX)
    assert here.path(format_storage["properties"]["creates"]).exists()

    address = f"localhost:{here.node['ports']['kafka']}"
    with (
        running(here, "kafka", command_of(here, "kafka"), lambda: kafka_broker.answers(address)),
        kafka.connect(address) as admin,
    ):
        kafka.ensure_topics(admin)
        assert set(here.node["kafka"]["topics"]) <= set(admin.list_topics())
        # How a converge sees that a topic exists; the broker creates it soon after.
        wait_until(here.path("/var/lib/kafka/data/ticks-0").is_dir, START_SECONDS_MAX)


def test_influxdb_starts_and_requires_credentials(here: Rendered, monkeypatch: pytest.MonkeyPatch) -> None:
    url = SinkUrl("influxdb", f"localhost:{here.node['ports']['influxdb']}")
    passwords = json.loads(here.text("/etc/fintank/credentials.json"))
    with running(here, "influxdb", command_of(here, "influxdb"), lambda: InfluxDB(url).answers()):
        changed = converge_influxdb(here)
        assert changed == [
            "create the user admin",
            "create the database prices_development",
            "create the user fintank",
            "grant fintank ALL PRIVILEGES on prices_development",
            "create the user grafana",
            "grant grafana READ on prices_development",
        ]
        assert converge_influxdb(here) == []

        with pytest.raises(SinkUnavailableError, match="answered 401"):
            InfluxDB(url).write(LINE)
        with pytest.raises(FintankError, match="answered 401"):
            InfluxDB(url).rows("SELECT bid FROM bid_ask")
        monkeypatch.setenv("FINTANK_INFLUX_USER", "fintank")
        monkeypatch.setenv("FINTANK_INFLUX_PASSWORD", passwords["influxdb_fintank"])
        assert InfluxDB(url).write(LINE) == []
        assert InfluxDB(url).rows("SELECT bid FROM bid_ask") == [[1438539936355217042, 93.5]]
        monkeypatch.setenv("FINTANK_INFLUX_USER", "grafana")
        monkeypatch.setenv("FINTANK_INFLUX_PASSWORD", passwords["influxdb_grafana"])
        assert InfluxDB(url).rows("SELECT count(bid) FROM bid_ask") == [[0, 1]]
        with pytest.raises(SinkUnavailableError, match="answered 403"):
            InfluxDB(url).write(LINE)


def converge_influxdb(here: Rendered) -> list[str]:
    script = PROJECT_ROOT / "tests" / "vm" / "converge_influxdb.rb"
    words = [
        "ruby",
        str(script),
        str(COOKBOOK),
        str(here.root),
        "localhost",
        str(here.node["ports"]["influxdb"]),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_nimbus_leads_a_cluster_in_zookeeper(here: Rendered) -> None:
    zookeeper, port = (here.node["ports"][name] for name in ("zookeeper", "nimbus"))
    storm_yaml = here.path("/opt/storm/conf/storm.yaml")
    options = YAML(typ="safe").load(storm_yaml.read_text())["nimbus.childopts"].split()
    home = here.root / "opt" / "storm"
    command = [
        *(str(programs.java()), *options, f"-Dstorm.home={home}", f"-Dstorm.conf.file={storm_yaml}"),
        *("-cp", programs.class_path(settings.load(), "storm"), "org.apache.storm.daemon.nimbus.Nimbus"),
    ]
    with (
        running(
            here,
            "zookeeper",
            command_of(here, "zookeeper"),
            lambda: storm_cluster.zookeeper_answers(f"localhost:{zookeeper}"),
        ),
        running(here, "nimbus", command, lambda: nimbus.answers(f"localhost:{port}")),
    ):
        files = {path.relative_to(here.root) for path in here.path("/var/lib/storm").iterdir()}
    assert files >= {Path("var/lib/storm/nimbus"), Path("var/lib/storm/metrics")}
    assert [path.name for path in home.iterdir()] == ["conf"]
