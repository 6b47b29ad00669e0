import configparser
import stat
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.services.supervisor import Service, Supervisor


def service_of(home: Path, *command: str) -> Service:
    return Service(
        name=command[0],
        address="localhost:1",
        variable="FINTANK_ECHO",
        ports=(1,),
        command=command,
        files={},
        log=home / f"{command[0]}.log",
        answers=lambda: True,
    )


def test_a_home_may_have_a_long_path_and_contains_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ("a" * 200) / "b c"
    for folder in ("run", "logs"):
        (home / folder).mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    supervisor = Supervisor(home)
    supervisor.start([])
    try:
        assert supervisor.is_up()
        assert stat.S_ISSOCK((home / "run" / "supervisord.sock").stat().st_mode)
    finally:
        supervisor.stop()
    assert not supervisor.is_up()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_without_supervisord_nothing_is_up(tmp_path: Path) -> None:
    assert not Supervisor(tmp_path).is_up()
    assert Supervisor(tmp_path).states() == {}


def test_the_configuration_quotes_spaces_and_percent_signs(tmp_path: Path) -> None:
    home = tmp_path / "50% of it"
    service = service_of(home, "echo", "two words", "100%")
    parser = configparser.RawConfigParser()
    parser.read_string(Supervisor(home).configuration_text([service]))
    assert parser["program:echo"]["command"] == "echo 'two words' 100%%"
    assert parser["program:echo"]["stdout_logfile"] == str(home / "echo.log").replace("%", "%%")
    assert Supervisor(home).commands() == []
    (home / "run").mkdir(parents=True)
    Supervisor(home).configuration.write_text(Supervisor(home).configuration_text([service]))
    assert Supervisor(home).commands() == [["echo", "two words", "100%"]]
    home.rename(tmp_path / "copy")
    assert Supervisor(tmp_path / "copy").commands() == []
    for damaged in (b"\xff", b"command=x"):
        (tmp_path / "copy" / "run" / "supervisord.conf").write_bytes(damaged)
        assert Supervisor(tmp_path / "copy").commands() == []


def test_a_service_that_supervisord_was_faster_with_is_no_error(tmp_path: Path) -> None:
    for folder in ("run", "logs"):
        (tmp_path / folder).mkdir()
    supervisor = Supervisor(tmp_path)
    supervisor.start([service_of(tmp_path, "sleep", "600")])
    try:
        supervisor.start_service("sleep")
        pid = supervisor.states()["sleep"]["pid"]
        supervisor.start_service("sleep")
        assert supervisor.states()["sleep"]["pid"] == pid
        supervisor.stop_service("sleep")
        supervisor.stop_service("sleep")
        assert supervisor.states()["sleep"]["pid"] == 0
        with pytest.raises(FintankError, match=r"^supervisord refuses startProcess .*BAD_NAME: unknown"):
            supervisor.start_service("unknown")
    finally:
        supervisor.stop()
