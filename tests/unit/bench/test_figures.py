"""What the benchmarks compute from what they measure, and the job that every peer does."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import bars
import peer_runs
import psutil
import pytest
import runs
from job import Best, Job


def record(**changes: object) -> bytes:
    tick = {"symbol": "IVE", "exchange": "NYSE", "bid": 94, "ask": 94.5, "timestamp": 1764345600.000001}
    return json.dumps(tick | changes).encode()


def test_the_job_makes_a_line_and_keeps_the_best_bid_and_offer() -> None:
    job = Job()
    line = "bid_ask,exchange=NYSE,symbol=IVE bid=94,ask=94.5 1764345600000001001"
    assert job.line(record()) == line
    job.line(record(exchange="NASDAQ", bid=94.2, ask=94.6))
    assert job.best == {"IVE": Best(94.2, 94.5)}
    job.line(record(exchange="NASDAQ", bid=93.9, ask=94.6))
    assert job.best == {"IVE": Best(94, 94.5)}


@pytest.mark.parametrize("changes", [{"symbol": ""}, {"bid": 0}, {"ask": 1e16}, {"exchange": 7}])
def test_the_job_refuses_what_is_no_tick(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="timestamp"):
        Job().line(record(**changes))


def test_ratios_are_to_the_plain_loop_of_the_same_round() -> None:
    def rounds(*warm: float) -> list[dict[str, float]]:
        return [{"warm": value, "all": 10.0, "megabytes": 100.0} for value in warm]

    results = {"fintank": rounds(50, 90, 60), "plain loop": rounds(100, 100, 60)}
    assert peer_runs.ratios(results) == {"fintank": 0.9, "plain loop": 1.0}
    assert "| fintank | 60 (50 to 90) | 0.9 | 10.0 (10.0 to 10.0) | 100 |" in peer_runs.table(results)
    assert peer_runs.ratios({"fintank": rounds(50)}) == {}


def test_the_chart_has_a_bar_for_each(tmp_path: Path) -> None:
    file = tmp_path / "bars.svg"
    bars.draw(file, {"fintank": 50_000, "a & b": 100_000}, "10 ticks")
    bars_found = ET.parse(file).getroot().findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("width") for bar in bars_found] == ["100%", "460", "230"]


def test_cpu_and_memory_include_children_that_ended() -> None:
    busy = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x=0\\nfor i in range(10**7): x+=i'])"
    )
    with subprocess.Popen([sys.executable, "-c", f"{busy}; input()"], stdin=subprocess.PIPE) as process:
        own = psutil.Process(process.pid)
        with runs.PeakMemory(own) as memory:
            while not own.cpu_times().children_user:
                assert process.poll() is None
        assert runs.cpu_seconds([own]) >= 0.1
        process.communicate(b"\n")
    assert 5 < memory.megabytes < 200
