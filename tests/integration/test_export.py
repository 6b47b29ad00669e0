"""invoke export, and the page that reads its files."""

import csv
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest
from support.core_engine import CoreEngine
from support.order_traffic import produce
from support.stack import Stack, fintank, run_fintank

from fintank.settings import PROJECT_ROOT

pytestmark = pytest.mark.usefixtures("topics")


@pytest.fixture
def traded(stack: Stack, engine: CoreEngine) -> None:
    fintank(stack, "queue_ticks", "--count", "300", "--span", "1s", "--seed", "1")
    words = ("--symbol", "IVE", "--side", "BUY", "--qty", "12.500001", "--account", "A-exp", "--wait", "0")
    fintank(stack, "send_order", *words)
    engine.decide()


def blocks(language: str) -> list[str]:
    page = (PROJECT_ROOT / "docs" / "notebook.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


@pytest.mark.usefixtures("traded")
def test_the_examples_of_the_page_read_what_it_exports(stack: Stack, tmp_path: Path) -> None:
    for line in blocks("sh")[0].splitlines():
        words = [str(tmp_path / "data") if word == "data" else word for word in line.split()[1:]]
        assert "of the topic" in fintank(stack, *words)
    for code, expected in zip(blocks("python"), ("12.500001", "shape: ("), strict=True):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout, done.stdout


@pytest.mark.usefixtures("traded")
def test_numbers_and_times_are_exact(stack: Stack, tmp_path: Path) -> None:
    text = "0.1234567890123456789012345678"
    tick = {
        "symbol": "EXACT",
        "exchange": "NYSE",
        "bid": text,
        "ask": "8.05e-06",
        "timestamp": 1438539936.355217,
    }
    produce(stack.settings.kafka, "ticks", "EXACT", json.dumps(tick).encode(), b"no tick")
    words = ("--to", str(tmp_path), "--symbol", "EXACT")
    assert "1 row of the topic 'ticks'" in fintank(stack, "export", "ticks", *words)
    (row,) = pyarrow.parquet.read_table(tmp_path / "ticks.parquet").to_pylist()
    assert (row["bid"], row["ask"]) == (Decimal(text), Decimal("8.05e-06"))
    assert row["timestamp"] == datetime(2015, 8, 2, 18, 25, 36, 355217, UTC)
    fintank(stack, "export", "ticks", *words, "--format", "csv")
    (line,) = csv.DictReader((tmp_path / "ticks.csv").read_text().splitlines())
    assert (line["bid"], line["timestamp"]) == (text, "2015-08-02T18:25:36.355217+00:00")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ticks.csv", "ticks.parquet"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("orders",), "export orders: choose one of ticks, executions, fills"),
        (("ticks", "--format", "xlsx"), "--format xlsx: choose one of parquet, csv"),
        (("ticks", "--since", "noon"), "--since noon: must be a time"),
    ],
)
def test_what_can_not_be_exported_is_one_line(stack: Stack, words: tuple[str, ...], message: str) -> None:
    done = run_fintank(stack, "export", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
