import socket
from pathlib import Path

import psutil
import pytest
from support import free_ports

from fintank import settings
from fintank.services import machine_checks
from fintank.services.machine_checks import Finding
from fintank.settings import Settings
from fintank.sink_url import SinkUrl


def program(folder: Path, name: str, line: str) -> None:
    """Put a program into a folder that prints `line` to stderr, as java does for its version."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{line}' >&2\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("line", "is_enough"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('openjdk version "11.0.2" 2019-01-15', False),
        ('java version "1.8.0_392"', False),
    ],
)
def test_java_must_be_17_or_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, is_enough: bool
) -> None:
    program(tmp_path, "java", line)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    finding = machine_checks.java()
    assert finding.found == line
    assert (finding.cure == "") == is_enough


def test_java_may_say_which_options_it_picked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "java", 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21" 2023-09-19')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert machine_checks.java() == Finding("java", 'openjdk version "21" 2023-09-19')


def test_a_java_that_fails_or_hangs_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(machine_checks, "VERSION_TIMEOUT_S", 0.1)
    for command, found in {"exit 3": "status 3", "exec sleep 60": "it was ended after 0.1 s"}.items():
        (tmp_path / "java").write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / "java").chmod(0o755)
        finding = machine_checks.java()
        assert finding.found == f"{tmp_path}/java -version fails: {found}"
        assert finding.cure.startswith("Install Java 17")


def test_missing_programs_are_named_with_their_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for finding in (machine_checks.java(), machine_checks.leiningen()):
        assert finding.found == "missing"
        assert "make setup" in finding.cure


def test_an_older_python_is_refused() -> None:
    assert machine_checks.python((3, 11, 0)).cure == ""
    assert "3.11" in machine_checks.python((3, 10, 9)).cure


def test_the_disk_is_checked_before_the_home_exists(tmp_path: Path) -> None:
    assert f"GB free at {tmp_path}" in machine_checks.disk(tmp_path / "not" / "yet").found


def test_programs_that_are_not_installed_are_named(tmp_path: Path) -> None:
    empty = Settings(
        kafka="localhost:1", sink=SinkUrl("influxdb", "localhost:3"), home=tmp_path, programs=tmp_path / "opt"
    )
    cures = {finding.subject: finding.cure for finding in machine_checks.run_all(empty)}
    for subject in ("kafka", "storm", "influxdb"):
        assert "make setup" in cures[subject]


def test_a_port_in_use_is_named_with_its_holder_and_a_cure(tmp_path: Path) -> None:
    first = free_ports.consecutive(3)
    environ = {"FINTANK_KAFKA": f"localhost:{first}", "FINTANK_INFLUX": f"localhost:{first + 2}"}
    loaded = settings.load({**environ, "FINTANK_HOME": str(tmp_path)})
    with socket.create_server(("127.0.0.1", first + 2)):
        influxdb, kafka, controller = machine_checks.addresses(loaded)
    assert (kafka.cure, controller.cure) == ("", "")
    assert f"{first + 2} is in use by" in influxdb.found
    assert "FINTANK_INFLUX" in influxdb.cure


def test_ports_of_another_machine_are_not_checked(tmp_path: Path) -> None:
    loaded = settings.load({"FINTANK_HOST": "streamparse-box", "FINTANK_HOME": str(tmp_path)})
    assert all("not on this machine" in finding.found for finding in machine_checks.addresses(loaded))


def cgroup_tree(folder: Path, own: str, limits: dict[str, str]) -> tuple[Path, Path]:
    cgroups, own_file = folder / "cgroup", folder / "own"
    own_file.write_text(own)
    for name, text in limits.items():
        file = cgroups / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return cgroups, own_file


def test_without_other_limits_the_machines_memory_counts(tmp_path: Path) -> None:
    limit = machine_checks.smallest_limit(*cgroup_tree(tmp_path, "0::/", {"memory.max": "max"}))
    assert limit == machine_checks.MemoryLimit(psutil.virtual_memory().total, "the machine")


def test_the_smallest_limit_of_all_parent_cgroups_counts(tmp_path: Path) -> None:
    limits = {"pod/memory.max": "1000000", "pod/box/memory.max": "2000000"}
    limit = machine_checks.smallest_limit(*cgroup_tree(tmp_path, "0::/pod/box", limits))
    assert limit == machine_checks.MemoryLimit(1_000_000, "a control group (container)")


def test_a_limit_of_cgroups_v1_counts(tmp_path: Path) -> None:
    limits = {
        "memory/box/memory.limit_in_bytes": "3000000",
        "memory/memory.limit_in_bytes": str(2**63 - 4096),
    }
    limit = machine_checks.smallest_limit(*cgroup_tree(tmp_path, "5:cpu:/\n4:memory:/box", limits))
    assert limit.size_bytes == 3_000_000


def test_without_cgroups_the_machines_memory_counts(tmp_path: Path) -> None:
    assert machine_checks.smallest_limit(tmp_path / "none", tmp_path / "no_file").source == "the machine"
