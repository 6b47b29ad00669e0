import ast
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from support.certificates import Authority
from support.http_server import QuietHandler, http_server

from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.storm import remote_workers
from fintank.storm.remote_workers import PACKAGES, check_requirements

SOURCES = PROJECT_ROOT / "src"


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports, including those inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_the_workers_virtualenv_has_exactly_what_the_bolts_import() -> None:
    todo, seen, others = list((SOURCES / "fintank" / "bolts").glob("*.py")), set(), set()
    # Imported by name; psycopg is only for who uses PostgreSQL.
    todo += [SOURCES / "fintank" / "adapters" / "sinks" / f"{name}.py" for name in ("influxdb", "questdb")]
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imported(file):
            path = SOURCES.joinpath(*name.split("."))
            if name.startswith("fintank"):
                todo += [one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()]
            else:
                others.add(name.split(".")[0])
    distributions = packages_distributions()
    wanted = {distributions[name][0].lower() for name in others if name in distributions}
    assert "pystorm" in wanted
    # streamparse brings pystorm, and the program that starts a bolt.
    assert wanted - {"pystorm"} | {"streamparse"} == set(PACKAGES)


def test_the_projects_own_requirements_are_complete_and_pinned() -> None:
    file = PROJECT_ROOT / "virtualenvs" / "order_flow.txt"
    check_requirements([file])
    assert set(file.read_text().split()) <= set((PROJECT_ROOT / "requirements.txt").read_text().split())


def test_requirements_that_lack_a_package_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.txt"
    file.write_text("# orjson\nStreamparse>=5\nconfluent_kafka\nkafka-python\nurllib3\nsimplejson\n")
    with pytest.raises(FintankError, match=r"lacks what the bolts import: add orjson$"):
        check_requirements([file])


def test_missing_requirements_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match=r"none\.txt is missing"):
        check_requirements([tmp_path / "none.txt"])


def test_a_worker_without_ssh_is_one_line() -> None:
    with pytest.raises(
        FintankError, match=r"^Worker nowhere\.invalid can.t be reached over SSH \(.*\): check"
    ):
        remote_workers.check(["nowhere.invalid"], {})


def probed(kafka: str, sink: str, **environ: str) -> str:
    """Return what the probe prints on a worker with these options and variables."""
    command = [sys.executable, "-c", remote_workers.PROBE, kafka, sink]
    variables = {**os.environ, **environ}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout


def test_a_worker_must_trust_the_certificate_of_kafka(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    with http_server(QuietHandler, authority.sign()) as address:

        def printed(ca: Path) -> str:
            return probed(address, address, FINTANK_KAFKA_CA=str(ca))

        assert printed(authority.ca) == ""
        assert f"Kafka ({address}) does not answer: [SSL: CERTIFICATE_VERIFY_FAILED]" in printed(other.ca)
        assert printed(tmp_path / "none") == f"FINTANK_KAFKA_CA={tmp_path}/none can't be read there\n"


@pytest.mark.parametrize(
    ("sink", "place"),
    [
        ("postgres", "nowhere.invalid:5432"),
        ("Postgres://u:secret@here.invalid/db", "here.invalid:5432"),
        ("influxdbs://u:a://b@here.invalid:1/db", "here.invalid:1"),
        ("questdb://[::1.]", "[::1.]:9000"),
        ("mysql", "nowhere.invalid:0"),
    ],
)
def test_a_workers_own_sink_is_found_as_the_bolts_find_it(sink: str, place: str) -> None:
    with http_server(QuietHandler) as address:
        printed = probed(address, "", FINTANK_SINK=sink, FINTANK_HOST="nowhere.invalid")
    assert printed.startswith(f"The sink ({place}) does not answer: ")
    assert printed.count("\n") == 1


def test_the_brackets_of_an_ipv6_address_are_no_part_of_its_host() -> None:
    with http_server(QuietHandler) as address:
        host, port = address.split(":")
        assert probed(address, f"[{host}]:{port}") == ""
