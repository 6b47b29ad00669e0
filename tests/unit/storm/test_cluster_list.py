from types import SimpleNamespace

import pytest

from fintank.storm.cluster_list import print_topologies

COLUMNS = 80


def topology(name: str, **values: object) -> SimpleNamespace:
    usual = {
        "status": "ACTIVE",
        "uptime_secs": 1_234_567,
        "num_workers": 2,
        "num_executors": 20,
        "num_tasks": 20,
    }
    return SimpleNamespace(name=name, **{**usual, **values})


def test_the_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_topologies([topology("order_flow"), topology("another", status="INACTIVE")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert [line.split() for line in lines] == [
        ["NAME", "STATUS", "UP", "WORKERS", "EXECUTORS", "TASKS"],
        ["another", "INACTIVE", "14", "days,", "6:56:07", "2", "20", "20"],
        ["order_flow", "ACTIVE", "14", "days,", "6:56:07", "2", "20", "20"],
    ]


def test_without_topologies_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_topologies([])
    assert capsys.readouterr().out == "No topologies found.\n"
