"""docs/your-own-database.md: its class and its lines, put into a copy of the source, against a real Redis."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import free_ports
from support.waiting import wait_until

from fintank.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "your-own-database.md").read_text()
SERVER = PROJECT_ROOT / ".fintank" / "opt" / "redis" / "usr" / "bin" / "redis-server"
FILL = "fills,currency=USD,partition=1,symbol=VTI"
LINES = (
    "bid_ask,exchange=NYSE,symbol=VTI bid=93.9,ask=94.1 1764345600000000002",
    "bid_ask,exchange=NYSE,symbol=VTI bid=1,ask=2,bid_size=3 1764345600000000001",
    f'{FILL} exec_id="a",account="A",delta_shares=2,delta_cash=-188.2 5',
    f'{FILL} exec_id="b",account="A",delta_shares=-0.5,delta_cash=47 5',
    "no line",
    "pipeline,component=x,task=1 lag=1i 5",
)
PROGRAM = """
import sys
from fintank.adapters.sinks import open_sink, open_store
from fintank.errors import FintankError
from fintank.settings import load
url = load().sink
sink = open_sink(url)
print(url, sink.answers(), sink.prepare())
lines = sys.stdin.read()
for _ in range(2):
    print([refusal.line_number for refusal in sink.write(lines)])
print(sink._redis.hgetall("quote:VTI:NYSE"))
print(sink._redis.hgetall("position:A:VTI:USD"))
try:
    open_store(url)
except FintankError as error:
    print(error)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the source with what the page adds."""
    folder = tmp_path / "src"
    shutil.copytree(PROJECT_ROOT / "src" / "fintank", folder / "fintank")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (folder / "fintank" / "adapters" / "sinks" / "redis.py").write_text(code)
    assert len(code.splitlines()) < 100
    title, port = re.findall(r"^\+(.*)\n", PAGE, re.MULTILINE)
    for name, before, line in (
        ("sink_url.py", '    "influxdb": "InfluxDB",\n', title),
        ("ports.json", "{\n", port),
    ):
        file = folder / "fintank" / name
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, f"{before}{line}\n", 1))
    return folder


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    port = free_ports.consecutive(1)
    command = [SERVER, "--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        wait_until(lambda: not free_ports.is_free(port), 30)
        yield port
        server.terminate()


def test_the_page_adds_a_database(source: Path, redis_port: int) -> None:
    environ = {**os.environ, "PYTHONPATH": str(source), "FINTANK_SINK": f"redis://localhost:{redis_port}"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, env=environ, input="\n".join(LINES), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"redis://localhost:{redis_port}/prices_development True []",
        "[4]",
        "[4]",
        "{'time_ns': '1764345600000000002', 'bid': '93.9', 'ask': '94.1'}",
        "{'shares': '1.5', 'cash': '-141.2'}",
        f"Redis (localhost:{redis_port}) can only be written to: there is no reader for it",
    ]
