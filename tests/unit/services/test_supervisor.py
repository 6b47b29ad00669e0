import configparser
import stat
from pathlib import Path

import pytest

from fintank.services.supervisor import Service, Supervisor


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
    service = Service(
        name="echo",
        address="localhost:1",
        variable="FINTANK_ECHO",
        ports=(1,),
        command=("echo", "two words", "100%"),
        files={},
        log=home / "echo.log",
        prepare=lambda: None,
        answers=lambda: True,
    )
    parser = configparser.RawConfigParser()
    parser.read_string(Supervisor(home).configuration_text([service]))
    assert parser["program:echo"]["command"] == "echo 'two words' 100%%"
    assert parser["program:echo"]["stdout_logfile"] == str(home / "echo.log").replace("%", "%%")
