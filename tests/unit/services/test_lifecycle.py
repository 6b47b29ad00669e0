import dataclasses
import fcntl
import os
import shutil
import socket
from pathlib import Path
from threading import Thread

import psutil
import pytest
from support import free_ports
from support.waiting import wait_until

from fintank import settings
from fintank.errors import FintankError
from fintank.services import lifecycle
from fintank.services.supervisor import Service, Supervisor
from fintank.settings import Settings
from fintank.sink_url import SinkUrl


def local(home: Path, kafka: int) -> Settings:
    return settings.load(
        {
            "FINTANK_HOME": str(home),
            "FINTANK_KAFKA": f"localhost:{kafka}",
            "FINTANK_INFLUX": f"localhost:{kafka + 2}",
        }
    )


def test_up_refuses_services_on_another_machine(tmp_path: Path) -> None:
    remote = settings.load({"FINTANK_HOST": "streamparse-box", "FINTANK_HOME": str(tmp_path)})
    with pytest.raises(FintankError, match="kafka is set to be at streamparse-box:9092"):
        lifecycle.up(remote, print)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kafka", "influx", "line"),
    [
        (65535, 8086, "kafka would need the port 65536, and 65535 is the last: .* FINTANK_KAFKA"),
        (9092, 9093, "influxdb and kafka would both need the port 9093: .* FINTANK_INFLUX"),
    ],
)
def test_up_refuses_impossible_ports(tmp_path: Path, kafka: int, influx: int, line: str) -> None:
    wrong = dataclasses.replace(local(tmp_path, kafka - 2), kafka=f"localhost:{kafka}")
    with pytest.raises(FintankError, match=line):
        lifecycle.up(dataclasses.replace(wrong, sink=SinkUrl("influxdb", f"localhost:{influx}")), print)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("offset", "name"), [(0, "kafka"), (1, "kafka"), (2, "influxdb")])
def test_up_names_a_port_in_use_and_its_holder_and_starts_nothing(
    tmp_path: Path, offset: int, name: str
) -> None:
    first = free_ports.consecutive(3)
    with (
        socket.create_server(("127.0.0.1", first + offset)),
        pytest.raises(FintankError, match=rf"Port {first + offset} of {name} is in use by .* \(pid \d+\)"),
    ):
        lifecycle.up(local(tmp_path, first), print)
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_services_that_were_never_started_is_down(tmp_path: Path) -> None:
    rows = lifecycle.status(local(tmp_path, free_ports.consecutive(3)))
    assert [(row.name, row.state, row.since) for row in rows] == [
        ("kafka", "down", None),
        ("influxdb", "down", None),
    ]


def test_down_says_that_nothing_is_up(tmp_path: Path) -> None:
    said: list[str] = []
    lifecycle.down(local(tmp_path, free_ports.consecutive(3)), said.append)
    assert said == ["Nothing is up."]


def test_a_second_call_waits_for_the_first(tmp_path: Path) -> None:
    said: list[str] = []
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    call = Thread(target=lifecycle.down, args=(local(tmp_path, free_ports.consecutive(3)), said.append))
    call.start()
    wait_until(lambda: said, 30)
    assert call.is_alive()
    os.close(other)
    call.join(30)
    assert said == [
        "Another `invoke up` or `invoke down` is at work here: waiting for it ...",
        "Nothing is up.",
    ]


def test_what_a_killed_supervisord_left_is_named_and_ended_by_down(tmp_path: Path) -> None:
    for folder in ("run", "logs"):
        (tmp_path / folder).mkdir()
    supervisor = Supervisor(tmp_path)
    command, log = ("sleep", "6000"), tmp_path / "logs" / "sleep.log"
    supervisor.start([Service("sleep", "localhost:1", "", (1,), command, {}, log, answers=lambda: True)])
    supervisor.start_service("sleep")
    left = psutil.Process(supervisor.states()["sleep"]["pid"])
    wait_until(lambda: left.cmdline() == [*command], 30)  # until then it is a copy of supervisord
    supervisord = left.parent()
    assert supervisord is not None
    supervisord.kill()
    psutil.wait_procs([supervisord], timeout=30)
    given = local(tmp_path, free_ports.consecutive(3))
    with pytest.raises(FintankError, match=rf"still running \(pid {left.pid}\): run `invoke down`"):
        lifecycle.up(given, print)
    lifecycle.down(given, print)
    assert not left.is_running()


def test_a_service_of_another_user_is_one_line() -> None:
    class Theirs:
        pid = 4711

        def terminate(self) -> None:
            raise psutil.AccessDenied(self.pid)

        def username(self) -> str:
            return "trader"

    with pytest.raises(FintankError, match=r"^pid 4711 runs as trader: run `invoke down` as trader$"):
        lifecycle._end([Theirs()])  # type: ignore[list-item]


def test_reset_empties_the_data_also_behind_a_link_and_after_one_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, home = tmp_path / "disk", tmp_path / "home"
    (disk / "kafka" / "ticks-0").mkdir(parents=True)
    (disk / "kafka-brokers").touch()
    home.mkdir()
    (home / "data").symlink_to(disk)
    given = local(home, free_ports.consecutive(3))

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            lifecycle.reset(given, print)
    assert not (disk / "kafka").exists()
    lifecycle.reset(given, print)
    assert (home / "data").is_symlink()
    assert list(disk.iterdir()) == []
