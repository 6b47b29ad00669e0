"""Problems that end `sparse run` before it builds anything, each with one line."""

import os
import socket
import subprocess
import sys

import pytest

from fintank import settings
from fintank.adapters import rules_file, rules_option
from fintank.adapters.consumer_groups import Member
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.storm import sparse_run
from fintank.storm.sparse_run import check, in_use


@pytest.fixture
def closed_port():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def test_an_influxdb_that_does_not_answer_is_named_with_the_cure(closed_port):
    loaded = settings.load({"FINTANK_INFLUX": f"localhost:{closed_port}"})
    with pytest.raises(FintankError) as raised:
        check(loaded)
    assert str(raised.value) == f"InfluxDB (localhost:{closed_port}) does not answer: run `invoke up`"


def load_topology(*arguments, port, **environ):
    """Load the topology as `sparse` does, in its own process because a run installs signal handlers."""
    environ = {**os.environ, "FINTANK_INFLUX": f"localhost:{port}", **environ}
    command = [sys.executable, "-W", "ignore", PROJECT_ROOT / "topologies" / "order_flow.py", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_a_run_ends_with_that_one_line(closed_port):
    result = load_topology("run", "-t", "5", port=closed_port)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"InfluxDB (localhost:{closed_port}) does not answer: run `invoke up`\n"


@pytest.mark.parametrize("command", ["run", "submit"])
def test_an_invalid_rule_ends_it_first_with_one_line(closed_port, tmp_path, command):
    (tmp_path / "rules.toml").write_text("time_zone = 1\n")
    result = load_topology(command, port=closed_port, FINTANK_RULES=str(tmp_path / "rules.toml"))
    assert (result.returncode, result.stdout) == (1, "")
    assert (
        result.stderr
        == "rules.toml: max_quote_age_ms is missing: it must be a whole number from 1 to 316224000000\n"
    )


@pytest.mark.parametrize("command", ["run", "submit"])
def test_the_rules_and_the_scale_are_options_of_storm(monkeypatch, command):
    monkeypatch.setattr(sparse_run, "check", lambda *_: None)
    monkeypatch.setattr(sparse_run.signal, "signal", lambda *_: None)
    options = sparse_run.prepare(["sparse", command])
    assert set(options) == {"fintank.rules", "fintank.scale"}
    assert rules_option.from_storm(options) == rules_file.load(settings.load({}))
    assert sparse_run.prepare(["sparse", "visualize"]) == {}


@pytest.mark.parametrize("command", ["update_virtualenv", "visualize"])
def test_other_commands_of_sparse_need_no_service(closed_port, command):
    result = load_topology(command, port=closed_port)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_another_reader_is_named_by_group_member_client_and_host():
    text = in_use([Member("order_flow-ticks", "consumer-1-abc", "consumer-1", "10.0.0.7")])
    assert text == (
        "The topology is already running, as order_flow-ticks: consumer-1-abc (client consumer-1, "
        "host 10.0.0.7): stop it first, with Ctrl-C where it runs or with `sparse kill`."
    )


def test_the_first_of_many_readers_are_named_and_the_rest_counted():
    text = in_use([Member("order_flow-ticks", f"member-{number}", "c", "h") for number in range(7)])
    assert "member-3" in text
    assert "member-4" not in text
    assert " and 3 more" in text
