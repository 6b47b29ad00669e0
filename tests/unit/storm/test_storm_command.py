"""The program `storm`, as streamparse and a terminal call it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.waiting import wait_until

STORM = Path(sys.executable).parent / "storm"
WAIT_S = 10
FLUX_FILE = """
name: order_flow
config:
  topology.debug: true
  topology.workers: 1
  fintank.kafka: "box:9092"
  pystorm.log.level: debug
  pystorm.log.path: /var/log/storm/streamparse
  storm.workers.list: []
  sudo_user: vagrant
  topology.python.path: /data/virtualenvs/order_flow/bin/python
  virtualenv_root: /data/virtualenvs
"""


def storm(*arguments, path):
    """Run `storm` with the folders of `path` first on PATH."""
    environ = {**os.environ, "PATH": ":".join([*map(str, path), os.defpath])}
    return subprocess.run(
        [STORM, *arguments], env=environ, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def program(folder, name, *lines):
    """Put a shell script into a folder."""
    folder.mkdir(exist_ok=True)
    script = folder / name
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(0o755)
    return folder


@pytest.fixture
def local_jar(tmp_path):
    """The arguments that streamparse passes for `sparse run`, with a given number of seconds."""
    flux_file = tmp_path / "flux.yaml"
    flux_file.write_text(FLUX_FILE)

    def arguments(seconds):
        flux = ("org.apache.storm.flux.Flux", "--local", "--no-splash", "--sleep", str(seconds))
        return ("jar", "topology.jar", *flux, str(flux_file))

    return arguments


def test_streamparse_can_read_the_version():
    result = storm("version", path=[])
    assert result.returncode == 0
    assert re.findall(r"Storm ([0-9.]+)", result.stdout) == ["2.8.3"]


def test_a_local_jar_runs_our_program_with_storm_before_the_jar_on_the_class_path(tmp_path, local_jar):
    fake = program(tmp_path / "bin", "java", 'printf "%s\\n" "$@"')
    result = storm(*local_jar(15), path=[fake])
    assert (result.returncode, result.stderr) == (0, "")
    *_, flag, class_path, main, run, seconds_flag, seconds, config_flag, _ = result.stdout.splitlines()
    assert (flag, main, run, seconds_flag, seconds, config_flag) == (
        "-cp",
        "fintank.local.main",
        "run",
        "--seconds",
        "15",
        "--config",
    )
    assert "/storm-client-" in class_path
    assert class_path.endswith(":topology.jar")


def test_the_jvm_gets_all_options_except_those_for_remote_workers(tmp_path, local_jar):
    fake = program(tmp_path / "bin", "java", 'for last; do :; done; cat "$last"')
    assert json.loads(storm(*local_jar(15), path=[fake]).stdout) == {
        "topology.debug": True,
        "topology.workers": 1,
        "fintank.kafka": "box:9092",
        "pystorm.log.level": "debug",
    }


def test_a_run_without_a_limit_has_zero_seconds(tmp_path, local_jar):
    fake = program(tmp_path / "bin", "java", 'echo "$@"')
    assert " --seconds 0 " in storm(*local_jar(2**63 - 1), path=[fake]).stdout


def test_the_bolts_are_started_from_the_virtualenv_of_this_command(tmp_path, local_jar):
    fake = program(tmp_path / "bin", "java", "command -v streamparse_run")
    assert storm(*local_jar(1), path=[fake]).stdout == f"{STORM.parent}/streamparse_run\n"


@pytest.mark.parametrize("status", [0, 11])
def test_the_exit_status_is_that_of_the_jvm(tmp_path, local_jar, status):
    fake = program(tmp_path / "bin", "java", f"exit {status}")
    assert storm(*local_jar(1), path=[fake]).returncode == status


def test_a_killed_jvm_is_named(tmp_path, local_jar):
    fake = program(tmp_path / "bin", "java", "kill -9 $$")
    result = storm(*local_jar(1), path=[fake])
    assert (result.returncode, result.stderr) == (137, "java was killed by signal 9\n")


def test_other_commands_go_to_the_next_storm_on_path(tmp_path):
    other = program(tmp_path / "other", "storm", 'echo "real $@"', "exit 3")
    result = storm("list", "-c", "a=b", path=[STORM.parent, other])
    assert (result.returncode, result.stdout) == (3, "real list -c a=b\n")


def test_a_jar_for_a_cluster_goes_to_the_next_storm_on_path(tmp_path):
    other = program(tmp_path / "other", "storm", 'echo "real $@"')
    assert storm("jar", "x.jar", "x.Main", path=[STORM.parent, other]).stdout == "real jar x.jar x.Main\n"


def test_without_another_storm_it_ends_with_one_line(tmp_path):
    before = program(tmp_path / "before", "storm", "echo never")
    result = storm("list", path=[before, STORM.parent])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("`storm list` needs an installed Apache Storm")
    assert result.stderr.count("\n") == 1


@pytest.fixture
def long_run(tmp_path, local_jar):
    """A `storm` called through a shell, with a fake JVM that only ends on SIGTERM and has a child."""
    pid_file = tmp_path / "pid"
    fake = program(
        tmp_path / "bin",
        "java",
        'sleep 1000 & child=$!; trap "kill $child; exit 0" TERM; trap "echo interrupted" INT',
        f"echo $$ > {pid_file}; while :; do sleep 0.05; done",
    )
    environ = {**os.environ, "PATH": f"{fake}:{os.defpath}"}
    command = f"{STORM} {' '.join(local_jar(60))}; true"
    shell = subprocess.Popen(
        ["/bin/sh", "-c", command], env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_until(lambda: pid_file.exists() and pid_file.read_text().strip(), WAIT_S, poll_s=0.02)
    (command_process,) = psutil.Process(shell.pid).children()
    below = [command_process, *command_process.children(recursive=True)]
    with shell:
        yield shell, below
        for process in [*below, shell]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def test_ctrl_c_in_the_terminal_leaves_no_process(long_run):
    shell, below = long_run
    os.killpg(shell.pid, signal.SIGINT)
    assert psutil.wait_procs(below, timeout=WAIT_S)[1] == []


def test_child_processes_ignore_the_terminals_ctrl_c(long_run):
    shell, _ = long_run
    os.killpg(shell.pid, signal.SIGINT)
    assert "interrupted" not in shell.communicate(timeout=WAIT_S)[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_run_has_the_status_128_plus_the_signal(long_run, number):
    _, below = long_run
    below[0].send_signal(number)
    assert below[0].wait(timeout=WAIT_S) in (128 + number, None)
    assert psutil.wait_procs(below, timeout=WAIT_S)[1] == []


def test_a_run_ends_when_its_caller_is_killed(long_run):
    shell, below = long_run
    shell.kill()
    shell.wait(timeout=WAIT_S)
    assert psutil.wait_procs(below, timeout=WAIT_S)[1] == []
