import configparser
from pathlib import Path

from fintank.services.service import Service
from fintank.services.supervisor import Supervisor, socket_path


def test_the_socket_is_in_the_home_while_its_path_is_short_enough() -> None:
    assert socket_path(Path("/srv/fintank")) == Path("/srv/fintank/run/supervisord.sock")


def test_a_long_home_has_its_own_short_socket_path() -> None:
    long, longer = Path("/srv") / ("a" * 100), Path("/srv") / ("a" * 101)
    assert len(bytes(socket_path(long))) <= 95
    assert socket_path(long) == socket_path(long)
    assert socket_path(long) != socket_path(longer)


def test_a_supervisor_that_is_not_there_is_not_up_and_has_no_states(tmp_path: Path) -> None:
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
