"""`invoke bench`: which programs it runs, and what it says when it can't."""

from pathlib import Path

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from fintank.commands import bench

PROGRAMS = ("trading_core.py", "adoption.py", "pipeline.py", "latency.py", "peer_runs.py")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in place of those of bench/, which write down their names and arguments."""
    for name in PROGRAMS:
        (tmp_path / name).write_text(
            "import sys, pathlib\n"
            "with (pathlib.Path(__file__).parent / 'ran').open('a') as ran:\n"
            "    print(pathlib.Path(__file__).name, *sys.argv[1:], file=ran)\n"
        )
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    return tmp_path


def test_the_topology_is_measured_with_the_named_database(folder: Path) -> None:
    bench.bench(Context(), sink="each")
    programs = (folder / "ran").read_text().splitlines()
    assert programs == ["trading_core.py", "adoption.py", "pipeline.py --sink each", "latency.py"]


def test_peers_are_measured_alone(folder: Path) -> None:
    bench.bench(Context(), peers=True)
    assert (folder / "ran").read_text() == "peer_runs.py\n"


def test_a_program_that_fails_ends_it(folder: Path) -> None:
    (folder / "adoption.py").write_text("raise SystemExit(3)")
    with pytest.raises(Exit, match=r"bench/adoption\.py ended with status 3"):
        bench.bench(Context())
    assert (folder / "ran").read_text() == "trading_core.py\n"


def test_an_unknown_database_and_a_missing_folder_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Exit, match="choose one of influxdb, questdb, postgres, each"):
        bench.bench(Context(), sink="mysql")
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "none")
    with pytest.raises(Exit, match="run it in a clone of the project"):
        bench.bench(Context())
