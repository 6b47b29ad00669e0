import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas  # type: ignore[import-untyped]
import pyarrow.parquet
import pytest

from fintank.adapters.topic_reader import Positions
from fintank.export.table_files import Selection, export
from fintank.wire.kafka.records import Record

TIME_MS = 1_764_000_000_000


class Topic:
    """A reader of a topic of one partition that holds these values."""

    def __init__(self, *values: bytes) -> None:
        self._records = [
            Record("ticks", 0, offset, TIME_MS, value=value) for offset, value in enumerate(values)
        ]

    def ahead(self, positions: Positions) -> int:
        return len(self._records) - positions[0]

    def read(self, positions: Positions) -> Iterator[Record]:
        yield from self._records[positions[0] :]


def tick(symbol: str, bid: object, ask: object) -> bytes:
    values = {"symbol": symbol, "exchange": "CME", "bid": bid, "ask": ask, "timestamp": TIME_MS / 1000}
    return json.dumps(values).encode()


TICKS = Topic(tick("SPREAD", "-37.63", 0), tick("IVE", -1, 2), tick("IVE", 0, "94.20"), b"\xff", b"nonsense")


def selection(*symbols: str) -> Selection:
    return Selection("ticks", {0: 0}, TIME_MS, frozenset(symbols), lambda symbol: symbol == "SPREAD")


def test_negative_prices_are_exported_where_the_instrument_allows_them(tmp_path: Path) -> None:
    path = tmp_path / "ticks.parquet"
    assert export(TICKS, selection(), path) == 2  # type: ignore[arg-type]
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert [(row["symbol"], row["bid"], row["ask"], row["offset"]) for row in rows] == [
        ("SPREAD", Decimal("-37.63"), Decimal(0), 0),
        ("IVE", None, Decimal("94.20"), 2),
    ]


def test_csv_has_the_rows_of_the_selected_symbols(tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    assert export(TICKS, selection("IVE"), path) == 1  # type: ignore[arg-type]
    (row,) = csv.DictReader(path.read_text().splitlines())
    assert (row["symbol"], row["bid"], Decimal(row["ask"])) == ("IVE", "", Decimal("94.2"))
    assert [file.name for file in tmp_path.iterdir()] == ["ticks.csv"]


def test_all_times_of_a_column_have_one_form_which_pandas_reads(tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    half = {**json.loads(tick("IVE", 1, 2)), "timestamp": TIME_MS / 1000 - 0.5}
    export(Topic(tick("IVE", 1, 2), json.dumps(half).encode()), selection(), path)  # type: ignore[arg-type]
    times = [row["timestamp"] for row in csv.DictReader(path.read_text().splitlines())]
    assert times == ["2025-11-24T16:00:00.000000+00:00", "2025-11-24T15:59:59.500000+00:00"]
    found = pandas.read_csv(path, parse_dates=["timestamp", "append_time"])
    for name in ("timestamp", "append_time"):
        assert isinstance(found[name].dtype, pandas.DatetimeTZDtype)


class InterruptedTopic(Topic):
    """Ctrl-C comes after the first record."""

    def read(self, positions: Positions) -> Iterator[Record]:
        yield self._records[0]
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["ticks.csv", "ticks.parquet"])
def test_ctrl_c_leaves_the_file_of_the_export_before_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("complete")
    interrupted = InterruptedTopic(tick("IVE", 1, 2))
    with pytest.raises(KeyboardInterrupt):
        export(interrupted, selection(), path)  # type: ignore[arg-type]
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert path.read_text() == "complete"


class OvertakenTopic(Topic):
    """Another export of the same file runs while this one reads."""

    path: Path

    def read(self, positions: Positions) -> Iterator[Record]:
        yield self._records[0]
        export(Topic(tick("VTI", 1, 2)), selection(), self.path)  # type: ignore[arg-type]
        yield from self._records[1:]


@pytest.mark.parametrize("name", ["ticks.csv", "ticks.parquet"])
def test_of_two_exports_of_a_file_at_once_the_last_one_is_whole(tmp_path: Path, name: str) -> None:
    overtaken = OvertakenTopic(tick("IVE", 1, 2), tick("IVE", 3, 4))
    overtaken.path = tmp_path / name
    assert export(overtaken, selection(), overtaken.path) == 2  # type: ignore[arg-type]
    read = pandas.read_csv if name.endswith("csv") else pandas.read_parquet
    assert list(read(overtaken.path)["symbol"]) == ["IVE", "IVE"]
    assert [file.name for file in tmp_path.iterdir()] == [name]
