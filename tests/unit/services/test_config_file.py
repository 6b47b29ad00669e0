"""Errors in config.json are one line."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from fintank.errors import FintankError
from fintank.services import config_file
from fintank.settings import PROJECT_ROOT

GOOD: dict[str, Any] = json.loads((PROJECT_ROOT / "config.json").read_text())


def with_prod(**changes: Any) -> str:
    return json.dumps({**GOOD, "envs": {"prod": {**GOOD["envs"]["prod"], **changes}}})


def of_workers(**variables: str) -> str:
    return with_prod(options={"topology.environment": variables})


def check(folder: Path, content: str | bytes) -> None:
    file = folder / "config.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    config_file.check(file)


def test_the_projects_own_file_is_valid(tmp_path: Path) -> None:
    config_file.check(PROJECT_ROOT / "config.json")
    check(tmp_path, json.dumps(GOOD).replace(",", ",\r\n"))
    check(tmp_path, with_prod(options={"topology.workers": 2}, use_ssh_for_nimbus=False))
    check(tmp_path, json.dumps({**GOOD, "envs": {"prod": {"nimbus": "a", "use_virtualenv": False}}}))
    check(tmp_path, of_workers(FINTANK_SINK="influxdb://h", FINTANK_SECRETS="/etc/fintank/secrets"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "line 1, column 1 is not JSON"),
        (json.dumps(GOOD)[:-2] + ",}}", r"line 1, column \d+ is not JSON"),
        ("\ufeff" + json.dumps(GOOD), "byte-order mark"),
        (b"\xff\xfe{}", "not valid UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
        (json.dumps({**GOOD, "envs": {}}), "envs must be"),
        (json.dumps({**GOOD, "envs": ["prod"]}), "envs must be"),
        (json.dumps({name: GOOD[name] for name in GOOD if name != "envs"}), "envs must be"),
        (json.dumps({**GOOD, "topology_specs": 5}), "topology_specs must be text"),
        (json.dumps({**GOOD, "envs": {"prod": None}}), "envs.prod must be an object"),
        (with_prod(nimbus=None), "envs.prod must be an object with a nimbus"),
        (with_prod(nimbus=["a"]), "envs.prod.nimbus must be text"),
        (with_prod(nimbus="http://a"), "envs.prod.nimbus must be a host"),
        (with_prod(nimbus="a:b"), "envs.prod.nimbus must be a host"),
        (with_prod(workers="a"), "envs.prod.workers must be a list"),
        (with_prod(workers=[5]), "envs.prod.workers must be host names"),
        (with_prod(workers=["http://a"]), "envs.prod.workers must be host names"),
        (with_prod(workers=[""]), "envs.prod.workers must be host names"),
        (with_prod(options={"a": 0}).replace("0}", f"{'9' * 5_000}}}"), "number that can't be read"),
        (with_prod(log="x"), "envs.prod.log must be an object"),
        (with_prod(options=[]), "envs.prod.options must be an object"),
        (with_prod(options={"topology.workers": "two"}), "options.topology.workers must be a whole number"),
        (with_prod(options={"topology.workers": True}), "options.topology.workers must be a whole number"),
        (with_prod(options={"topology.environment": []}), "options.topology.environment must be an object"),
        (with_prod(log={"path": 5}), "envs.prod.log.path must be text"),
        (with_prod(log={"max_bytes": "1e6"}), "envs.prod.log.max_bytes must be a whole number"),
        (json.dumps({**GOOD, "envs": {"prod": {"nimbus": "a"}}}), "envs.prod.virtualenv_root is missing"),
        (with_prod(use_ssh_for_nimbus="no"), "envs.prod.use_ssh_for_nimbus must be true or false"),
        (of_workers(FINTANK_KAFKA_PASSWORD="hunter2"), r"a password \(FINTANK_KAFKA_PASSWORD\), and Storm"),
        (of_workers(FINTANK_SINK_PASSWORD="hunter2"), r"a password \(FINTANK_SINK_PASSWORD\)"),
        (of_workers(FINTANK_SINK="influxdb://u:hunter2@h"), r"\(FINTANK_SINK\), .*FINTANK_SECRETS"),
    ],
    ids=itertools.count(),
)
def test_an_error_is_one_line_that_names_the_file(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    with pytest.raises(FintankError, match=expected) as error:
        check(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path}/config.json: ")
    assert "\n" not in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_missing_file_suggests_the_projects_folder(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match=r"No such file or directory.*belongs in the project's folder"):
        config_file.check(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["run", "-t", "5"], "config.json"),
        (["submit", "--config", "other.json"], "other.json"),
        (["submit", "--config=other.json", "-w", "2"], "other.json"),
        (["submit", "--config"], "config.json"),
    ],
)
def test_the_file_is_the_one_given_with_config(words: list[str], file: str) -> None:
    assert config_file.named(words) == Path(file)
