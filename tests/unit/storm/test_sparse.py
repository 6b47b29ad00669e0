import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.storm.sparse import aimed

LOCAL = Path("/home/x/.fintank/run/config.json")


@pytest.mark.parametrize("name", ["submit", "list", "kill"])
def test_a_command_uses_the_local_cluster_if_it_is_up(name: str) -> None:
    assert aimed([name, "-n", "order_flow"], LOCAL, {}) == [name, "-n", "order_flow", "--config", str(LOCAL)]


@pytest.mark.parametrize(
    "choice", [["-e", "prod"], ["--environment=prod"], ["--config", "other.json"], ["-h"]]
)
def test_options_choose_another_cluster(choice: list[str]) -> None:
    assert aimed(["submit", *choice], LOCAL, {}) == ["submit", *choice]


def test_the_help_of_run_asks_for_no_jar() -> None:
    command = [sys.executable, "-c", "from fintank.storm.sparse import main; main()", "run", "--help"]
    environ = {**os.environ, "LEIN_ROOT": "1"}
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environ, capture_output=True, text=True, check=True)
    assert "flux" not in done.stdout
    assert "local mode" in done.stdout


def test_temporary_files_are_in_the_home_under_names_that_need_no_quoting(tmp_path: Path) -> None:
    home = tmp_path / "a b `c`"
    code = """
import os, sys, tempfile
from pathlib import Path
from fintank.storm import sparse
sparse._keep_temporary_files_in(Path(sys.argv[1]))
with tempfile.NamedTemporaryFile(delete=False) as file:
    print(file.name, os.path.realpath(file.name))
"""
    done = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True)
    name, _, place = done.stdout.strip().partition(" ")
    assert re.fullmatch("[a-z0-9/_]+", name)
    assert Path(place).is_relative_to(home)
    assert list(home.iterdir()) == []


def test_streamparses_own_variable_wins() -> None:
    assert aimed(["submit"], LOCAL, {"STREAMPARSE_NIMBUS": "far"}) == ["submit"]


def test_a_variable_that_is_empty_chooses_no_cluster(tmp_path: Path) -> None:
    config = json.loads((PROJECT_ROOT / "containers.json").read_text())
    config["envs"]["containers"]["nimbus"] = "localhost:1"
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = subprocess.run(
        [Path(sys.executable).with_name("sparse"), "list", "--config", tmp_path / "config.json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "STREAMPARSE_NIMBUS": "", "FINTANK_HOME": str(tmp_path), "LEIN_ROOT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sparse list: Could not connect to ")


def test_without_a_local_cluster_config_json_decides() -> None:
    assert aimed(["submit"], None, {}) == ["submit"]


@pytest.mark.parametrize("arguments", [["run", "-t", "5"], ["quickstart", "x"], []])
def test_commands_without_a_cluster_are_unchanged(arguments: list[str]) -> None:
    assert aimed(arguments, LOCAL, {}) == arguments


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("tail", "invoke logs order_flow --follow"),
        ("stats", "invoke topology"),
        ("worker_uptime", "invoke topology"),
        ("update_virtualenv", "make setup"),
    ],
)
def test_commands_that_need_ssh_or_the_ui_suggest_an_alternative(name: str, instead: str) -> None:
    with pytest.raises(FintankError, match=instead):
        aimed([name], LOCAL, {})
