import dataclasses
import socket
from pathlib import Path

import pytest
from support import free_ports

from fintank import settings
from fintank.errors import FintankError
from fintank.services import lifecycle
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
