"""All commands: invalid settings are one line, and a closed pipe causes no traceback."""

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from fintank.commands import command
from fintank.commands.program import COMMANDS, collection

TASKS = {name: task for name, task in collection([]).tasks.items() if name not in ("reset", "logs")}
ARGUMENTS = {
    "order": ["x"],
    "cancel": ["x"],
    "replace": ["x", "--price", "1"],
    "replay": ["x"],
    "show": ["ticks"],
    "trading_state": ["show"],
}
WRONG = {
    "FINTANK_KAFKA": "http://localhost:9092",
    "FINTANK_INFLUX": "localhost",
    "FINTANK_NIMBUS": "a:1;b:2",
    "FINTANK_ZOOKEEPER": ":2181",
    "FINTANK_HOST": "[::1",
    "FINTANK_HOME": "/tmp/a,b",
}
PRINTS = """
from fintank.commands import command
from fintank.terminal.screen import console
from rich.table import Table

@command()
def shows(context):
    table = Table("é")
    table.add_row("[red]x[/] :100: 中")
    console(100).print(table)
    print("中")

shows(__import__("invoke").Context())
"""


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (["invoke", "topics", "--json"], {"topics"}),
        (["invoke", "up", "topics"], {"up", "topics"}),
        (["invoke", "--help", "topics"], {"topics"}),
        (["invoke", "topicz"], {*COMMANDS}),
        (["invoke", "--list"], {*COMMANDS}),
        (["invoke", "--complete", "--", "invoke topics", "to"], {*COMMANDS}),
        (["invoke", "--complete", "--", "invoke", "topics"], {*COMMANDS}),
    ],
)
def test_only_the_named_commands_are_imported(argv: list[str], names: set[str]) -> None:
    assert {*collection(argv).tasks} == names


@pytest.mark.parametrize(("name", "task"), collection([]).tasks.items())
def test_the_help_has_an_example_and_fits_80_columns(name: str, task: Task[Any]) -> None:
    lines = [line.strip() for line in str(task.__doc__).splitlines()]
    assert any(line.startswith(f"Example: invoke {name}") for line in lines)
    assert max(map(len, lines)) <= 78  # invoke indents them by two


@pytest.mark.parametrize("word", ["--help", "-h"])
@pytest.mark.parametrize(
    ("name", "argument"),
    [(name, argument) for name, task in collection([]).tasks.items() for argument in task.positional],
)
def test_help_after_a_command_points_to_its_help(name: str, argument: str, word: str) -> None:
    with pytest.raises(Exit, match=f"^{name} {word}: for help write `invoke --help {name}`$"):
        collection([]).tasks[name](Context(), **{argument: word})


@pytest.mark.parametrize("variable", WRONG)
@pytest.mark.parametrize("name", TASKS)
def test_an_invalid_setting_ends_it_with_one_line_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, variable: str
) -> None:
    monkeypatch.setenv(variable, WRONG[variable])
    with pytest.raises(Exit) as ended:
        TASKS[name](Context(), *ARGUMENTS.get(name, []))
    assert ended.value.code == 1
    assert str(ended.value.message).startswith(f"{variable}=")
    assert "\n" not in str(ended.value.message)
    assert capfd.readouterr().out == ""


def fintank(*words: str, **environ: str) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(words, stdout=-1, stderr=-1, env={**inherited, **environ})


PROGRAMS = {"invoke": ["--list"], "fintank": ["--list"], "sparse": ["--help"], "storm": ["version"]}
HELP = [("invoke", ["--help"]), ("invoke", ["--help", "order"]), ("fintank", ["--help", "order"])]


@pytest.mark.parametrize(("program", "words"), [*PROGRAMS.items(), *HELP])
def test_a_closed_pipe_causes_no_traceback(program: str, words: list[str]) -> None:
    process = fintank(str(Path(sys.executable).with_name(program)), *words)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 141


@pytest.mark.parametrize(("program", "words"), PROGRAMS.items())
def test_a_full_disk_is_one_line_and_a_closed_output_is_silent(program: str, words: list[str]) -> None:
    command = shlex.join([str(Path(sys.executable).with_name(program)), *words])
    full = fintank("bash", "-c", f"{command} >/dev/full")
    assert full.communicate(timeout=30) == (b"", b"No space left for the output of this program\n")
    assert full.returncode == 1
    closed = fintank("bash", "-c", f"{command} >&-")
    assert closed.communicate(timeout=30) == (b"", b"")
    assert closed.returncode == 0


@pytest.mark.parametrize("command", ["topics", "replay"])
def test_what_libraries_call_deprecated_is_no_error(tmp_path: Path, command: str) -> None:
    (tmp_path / "x").write_text("timestamp,symbol,exchange,bid,ask\n1438539936.1,I,N,1,2\n")
    words = [str(Path(sys.executable).with_name("invoke")), command]
    words += [str(tmp_path / "x")] if command == "replay" else []
    asked = fintank(*words, PYTHONWARNINGS="error", FINTANK_KAFKA="localhost:1")
    assert asked.communicate(timeout=30)[1] == b"Kafka (localhost:1) does not answer: run `invoke up`\n"
    assert asked.returncode == 1


def test_texts_are_printed_unchanged_and_escaped_for_ascii() -> None:
    output, errors = fintank(sys.executable, "-c", PRINTS, PYTHONIOENCODING="ascii").communicate(timeout=30)
    assert errors == b""
    assert b"[red]x[/] :100: \\u4e2d" in output
    assert b"\\xe9" in output
    assert output.isascii()


@pytest.mark.parametrize("name", ["order", "cancel", "queue_ticks"])
def test_an_argument_that_is_not_utf8_is_one_line(name: str) -> None:
    option = {"order": "id", "cancel": "account", "queue_ticks": "seed"}[name]
    with pytest.raises(Exit, match="is not valid UTF-8") as ended:
        TASKS[name](Context(), **({"id": "x"} if name != "queue_ticks" else {}) | {option: "\udcff"})
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["rejects", "--resend", "--topic", ""], "topic"),
        (["rebuild", "--since", ""], "since"),
        (["order", ""], "id"),
        (["cancel", "", "--account", "A-1001"], "id"),
        (["up", "--sink="], "sink"),
    ],
)
def test_an_empty_value_is_not_taken_for_none(tmp_path: Path, words: list[str], name: str) -> None:
    asked = fintank(str(Path(sys.executable).with_name("fintank")), *words, FINTANK_HOME=str(tmp_path))
    output, errors = asked.communicate(timeout=30)
    assert (output, asked.returncode) == (b"", 1)
    assert errors.decode() == f"{name} is empty: give it a value, or leave it out\n"


def test_an_error_of_the_system_without_a_file_is_one_line() -> None:
    @command()
    def fails(_: object) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with pytest.raises(Exit, match=r"^Disk quota exceeded$") as ended:
        fails(Context())
    assert ended.value.code == 1
