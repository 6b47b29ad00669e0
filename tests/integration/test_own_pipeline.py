"""docs/your-own-pipeline.md: its code, put into a copy of the project, makes right bars, across a kill."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.order_flow import OrderFlow, build_jar, order_flow
from support.order_traffic import Message, send
from support.stack import Stack, create_topics, query
from support.waiting import wait_until

from fintank.settings import PROJECT_ROOT
from fintank.waiting import now_us

PAGE = (PROJECT_ROOT / "docs" / "your-own-pipeline.md").read_text()
CODE_LINES_MAX = 60
STORED_TIMEOUT_S = 120
TABLES = "from fintank.wire.points.point_tables import TABLES; print(TABLES['bars'].tags)"
ALONE = (
    (r"\(def orders\n.*?(?=\(def reject-writer)", ""),
    (r'   "order-spout".*?\}\)\n', "})\n"),
    (r'\(merge spouts \(dissoc .*?"rule-engine"\)\)', "(merge spouts ticks bars)"),
    (r"\(merge ticks bars orders trading reject-writer\)", "(merge ticks bars reject-writer)"),
    (r" *\[fintank.storm.grouping :refer \[by-owner\]\]\n", ""),
)
"""The page's way to a topology without trading, as replacements."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with what the page adds, and without what it says to delete."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("src", "topologies", "project.clj", "scripts", "dashboards"):
        copy = shutil.copytree if (PROJECT_ROOT / name).is_dir() else shutil.copyfile
        copy(PROJECT_ROOT / name, folder / name)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (patch,) = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)
    (folder / "src" / "fintank" / "bolts" / "bars.py").write_text(code)
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], input=patch, cwd=folder, text=True, check=True)
    added = re.findall(r"^\+(?!\+)(.+)", patch, re.MULTILINE)
    written = [line for line in code.splitlines() if line and not line.strip().startswith('"""')]
    assert len(written) + len(added) <= CODE_LINES_MAX
    clojure = folder / "topologies" / "order_flow.clj"
    text = clojure.read_text()
    for pattern, by in ALONE:
        text, count = re.subn(pattern, by, text, flags=re.DOTALL)
        assert count == 1, pattern
    clojure.write_text(text)
    return folder


@pytest.fixture(scope="module")
def own_jar(project: Path) -> Path:
    return build_jar(project, project / "build")


@contextmanager
def bars_flow(stack: Stack, project: Path, jar: Path, folder: Path) -> Iterator[OrderFlow]:
    environ = {**stack.environ, "PYTHONPATH": str(project / "src")}
    with order_flow(environ, folder, jar) as flow:
        yield flow


def tick(minute_us: int, second: float, bid: str, ask: str | None, exchange: str = "NYSE") -> Message:
    timestamp = f"{(minute_us + int(second * 1e6)) / 1e6:.6f}"
    made = {"symbol": "IVE", "exchange": exchange, "bid": bid, "timestamp": float(timestamp)}
    return made if ask is None else {**made, "ask": ask}


def bars(stack: Stack) -> list[tuple[object, ...]]:
    """Return open, high, low and close of each bar, in the order of minutes and exchanges."""
    found = query(stack.settings, "SELECT open, high, low, close, exchange FROM bars")
    ordered = sorted(found, key=lambda row: (str(row["time"]), str(row["exchange"])))
    return [tuple(row[name] for name in ("open", "high", "low", "close")) for row in ordered]


def test_the_panel_and_the_table_are_there(project: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(project / "src")}
    for command in (["scripts/dashboards.py"], ["-c", TABLES]):
        done = subprocess.run(
            [sys.executable, *command], cwd=project, env=environ, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
    assert done.stdout == "('exchange', 'symbol')\n"
    assert '"bars\\"' in (project / "dashboards" / "order-flow.json").read_text()


@pytest.mark.soak
def test_bars_are_right_across_a_kill_in_mid_minute(
    empty_stack: Stack, project: Path, own_jar: Path, tmp_path: Path
) -> None:
    create_topics(empty_stack)
    address = empty_stack.settings.kafka
    minute_us = now_us() // 60_000_000 * 60_000_000 - 180_000_000
    first = [
        tick(minute_us, 10, "99", "101"),
        tick(minute_us, 11, "104", "106"),
        tick(minute_us, 12, "100", None),
        tick(minute_us, 13, "98", "100", "NASDAQ"),
    ]
    before = [(100, 105, 100, 105)]
    with bars_flow(empty_stack, project, own_jar, tmp_path) as flow:
        send(address, "ticks", "symbol", first)
        wait_until(lambda: bars(empty_stack)[1:] == before, STORED_TIMEOUT_S, flow.text)
        flow.kill()
    later = [
        tick(minute_us, 20, "89", "91"),
        tick(minute_us, 5, "94", "96"),  # it comes late, and is the first of its minute
        tick(minute_us, 15, "109", "111"),
        tick(minute_us + 60_000_000, 1, "70.5", "70.6"),
    ]
    after = [(99, 99, 99, 99), (95, 110, 90, 90), (70.55, 70.55, 70.55, 70.55)]
    with bars_flow(empty_stack, project, own_jar, tmp_path) as flow:
        send(address, "ticks", "symbol", later)
        wait_until(
            lambda: bars(empty_stack) == after, STORED_TIMEOUT_S, lambda: (bars(empty_stack), flow.text())
        )
        # Everything once more, as after a fault: the points are other records, but the bars stay.
        send(address, "ticks", "symbol", [*later, *first])
        wait_until(
            lambda: query(empty_stack.settings, "SELECT count(bid) FROM bid_ask")[0]["count"] == 16,
            STORED_TIMEOUT_S,
            flow.text,
        )
        assert bars(empty_stack) == after
        assert flow.end() == 0
