"""The files of the containers: docs/containers.md says what they start."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose
from ruamel.yaml import YAML

from fintank import settings
from fintank.grafana import download
from fintank.services import config_file, kafka_broker
from fintank.services.templates import fill
from fintank.settings import PORTS, PROJECT_ROOT

DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = YAML(typ="safe").load((PROJECT_ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"topology", "samples", "submit", "supervisor"}
ATTRIBUTES = (PROJECT_ROOT / "cookbooks" / "fintank" / "attributes" / "default.rb").read_text()
BROKER_PORT_INSIDE = 19092


def runs(dockerfile: str) -> Iterator[str]:
    """Yield each command of the RUN lines."""
    for line in dockerfile.replace("\\\n", " ").splitlines():
        if line.startswith("RUN "):
            yield from (command.strip() for command in line.removeprefix("RUN ").split("&&"))


def version_in_the_vm(program: str) -> str:
    found = re.search(rf"\['{program}'\]\['version'\] = '([^']+)'", ATTRIBUTES)
    assert found
    return found[1]


def published(name: str) -> list[tuple[str, int, int]]:
    """Return the address, the port there, and the port in the container, of each published port."""
    found = (port.split(":") for port in SERVICES[name].get("ports", ()))
    return [(address, int(outside), int(inside)) for address, outside, inside in found]


def broker_properties() -> dict[str, str]:
    """Return server.properties as the image apache/kafka makes it of the variables."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in SERVICES["kafka"]["environment"].items()
        if name.startswith("KAFKA_")
    }


def test_the_image_is_a_debian_12_on_which_only_make_is_installed_and_makes_the_rest() -> None:
    assert len(DOCKERFILE.splitlines()) < 25
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["debian:12", "setup", "setup"]
    assert re.findall(r"apt-get install (.*?) &&", DOCKERFILE) == ["-y --no-install-recommends make"]
    programs = {re.sub(r"^([A-Z_]+=\S+ )+", "", command).split()[0] for command in runs(DOCKERFILE)}
    assert programs == {"apt-get", "useradd", "make", "rm", "chown"}
    assert re.findall(r"^USER (.+)", DOCKERFILE, re.MULTILINE) == ["fintank"]


def test_the_image_leaves_out_what_git_ignores() -> None:
    ignored = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    for folder in (".git", ".venv", ".fintank", "_build", "_resources"):
        assert folder in ignored


def test_compose_yaml_follows_the_compose_specification() -> None:
    without_extensions = {name: part for name, part in COMPOSE.items() if not name.startswith("x-")}
    parsed = PyCompose.from_json(json.dumps(without_extensions))
    parsed.validate()
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)


def test_services_without_a_profile_need_none_with_one() -> None:
    for service in SERVICES.values():
        if "profiles" not in service:
            assert not [needed for needed in service.get("depends_on", ()) if "profiles" in SERVICES[needed]]


def test_every_image_of_others_is_pinned_to_a_whole_version_as_in_the_vm() -> None:
    images = {service["image"] for name, service in SERVICES.items() if name not in OURS}
    assert images == {
        f"apache/kafka:{version_in_the_vm('kafka')}",
        f"storm:{version_in_the_vm('storm')}",
        f"zookeeper:{version_in_the_vm('zookeeper')}",
        f"grafana/grafana:{download.VERSION}",
        "influxdb:1.12.4",
    }
    assert f"COPY --from=storm:{version_in_the_vm('storm')} " in DOCKERFILE


@pytest.mark.parametrize("name", ["kafka", "influxdb", "grafana", "ui"])
def test_ports_are_the_projects_own_and_open_on_this_machine_only(name: str) -> None:
    assert published(name) == [("127.0.0.1", PORTS[name], PORTS[name])]


def test_nothing_else_is_published() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {
        "kafka",
        "influxdb",
        "grafana",
        "ui",
    }


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_find_the_services_by_their_names_and_ports(name: str) -> None:
    environment = SERVICES[name]["environment"]
    loaded = settings.load(environment)
    assert loaded.kafka == f"kafka:{BROKER_PORT_INSIDE}"
    assert loaded.sink.address == f"influxdb:{PORTS['influxdb']}"
    assert loaded.nimbus == f"nimbus:{PORTS['nimbus']}"
    assert {"kafka", "influxdb"} <= set(SERVICES[name]["depends_on"])
    assert SERVICES["grafana"]["environment"]["FINTANK_INFLUX"] == loaded.sink.address


def test_programs_outside_reach_the_broker_at_the_default_address_and_containers_by_its_name() -> None:
    told = dict(each.split("://") for each in broker_properties()["advertised.listeners"].split(","))
    listens = dict(each.split("://") for each in broker_properties()["listeners"].split(","))
    assert told == {
        "HOST": settings.load({}).kafka,
        "BROKER": SERVICES["topology"]["environment"]["FINTANK_KAFKA"],
    }
    assert listens["HOST"] == f":{PORTS['kafka']}"
    assert listens["BROKER"] == f":{BROKER_PORT_INSIDE}"
    assert listens["CONTROLLER"] == f"localhost:{PORTS['kafka_controller']}"


def test_the_broker_has_the_settings_of_the_one_of_invoke_up() -> None:
    own = dict(
        line.split("=", 1)
        for line in fill(
            "server.properties",
            node=1,
            voters=f"1@localhost:{PORTS['kafka_controller']}",
            port=0,
            controller_port=0,
            address="",
            protocol="PLAINTEXT",
            security="",
            data="/var/lib/kafka/data",
            replicas=1,
            in_sync=1,
            session_ms=kafka_broker.SESSION_MS[False],
            controller_ms=kafka_broker.CONTROLLER_MS[False],
        ).splitlines()
        if line and not line.startswith("#")
    )
    differ = {"listeners", "advertised.listeners", "listener.security.protocol.map"}
    there = broker_properties()
    assert there.keys() == own.keys()
    assert {key: there[key] for key in own.keys() - differ} == {key: own[key] for key in own.keys() - differ}
    assert SERVICES["kafka"]["environment"]["CLUSTER_ID"] == kafka_broker.CLUSTER_ID


def test_data_is_in_named_volumes() -> None:
    for name in ("kafka", "influxdb", "grafana", "zookeeper", "nimbus"):
        assert any(volume.startswith(f"{name}:/") for volume in SERVICES[name]["volumes"])
        assert name in COMPOSE["volumes"]


def test_grafana_gets_the_dashboards_of_influxdb_alone_since_others_would_be_empty() -> None:
    mounted = [volume for volume in SERVICES["grafana"]["volumes"] if volume.startswith("./")]
    folders = ("/etc/grafana/provisioning", SERVICES["grafana"]["environment"]["FINTANK_DASHBOARDS"])
    for volume in mounted:
        source, target, mode = volume.split(":")
        assert (PROJECT_ROOT / source).exists()
        assert mode == "ro"
        assert "sql" not in source
        assert "questdb" not in source
        assert target.startswith(folders)
    assert len(mounted) == 3


def test_the_made_up_data_goes_on_after_a_failure(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    # The third call fails; the seventh ends the container.
    third_fails = f"""#!/bin/bash
        echo "$*" >>{calls}
        case $(wc -l <{calls}) in 3) exit 1 ;; 7) kill $PPID ;; esac"""
    for name, text in (("invoke", third_fails), ("sleep", "#!/bin/bash")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(SERVICES["samples"]["command"], env={"PATH": path}, check=False, timeout=60)
    commands = [line.split()[0] for line in calls.read_text().splitlines()]
    ticks, orders = "queue_ticks", "queue_orders"
    assert commands[:7] == [ticks, orders, ticks, ticks, orders, ticks, orders]


def test_sparse_submits_to_the_nimbus_and_the_worker_that_compose_starts() -> None:
    file = PROJECT_ROOT / "containers.json"
    config_file.check(file)
    (cluster,) = json.loads(file.read_text())["envs"].values()
    assert cluster["nimbus"] == SERVICES["nimbus"]["hostname"]
    assert cluster["workers"] == [SERVICES["supervisor"]["hostname"]]
    assert file.name in SERVICES["submit"]["command"]
    assert f"/dev/tcp/localhost/{PORTS['nimbus']}" in SERVICES["nimbus"]["healthcheck"]["test"][-1]
    slots = next(
        word for word in SERVICES["supervisor"]["command"] if word.startswith("supervisor.slots.ports")
    )
    assert json.loads(slots.split("=")[1]) == PORTS["slots"]
    assert f"storm.log.dir={cluster['log']['path']}" in SERVICES["supervisor"]["command"]
