import bz2
import gzip
import io
import itertools
import lzma
import os
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest
from backports import zstd

from fintank.errors import FintankError
from fintank.samples.csv_text import BadLine
from fintank.samples.quote_file import Extent, QuoteFile, shift_us
from fintank.trading.messages import Quote

HEADER = b"timestamp,symbol,exchange,bid,ask\n"
TEXT = HEADER + b"1438539936.1,IVE,NYSE,94,94.2\n1438539937.1,IVE,NYSE,94.1,94.3\n"
NOW_US = 2_000_000_000
EXTENT = Extent(quotes=2, bad_lines=0, first_us=100, last_us=1_100)


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return buffer.getvalue()


def read_twice(path: Path) -> list[Quote | BadLine]:
    with QuoteFile(path, path.parent / "run") as file:
        first, second = list(file.lines()), list(file.lines())
    assert first == second
    return first


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("quotes.csv", TEXT),
        ("plain.csv.gz", TEXT),
        ("quotes.csv.gz", gzip.compress(TEXT, mtime=0)),
        ("quotes.csv.GZ", gzip.compress(TEXT, mtime=0)),
        ("packed.csv", gzip.compress(TEXT, mtime=0)),
        ("members.csv.gz", gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])),
        ("padded.csv.gz", gzip.compress(TEXT, mtime=0) + bytes(1_000)),
        ("quotes.csv.bz2", bz2.compress(TEXT)),
        ("streams.csv.bz2", bz2.compress(TEXT[:50]) + bz2.compress(TEXT[50:]) + bytes(1_000)),
        ("quotes.csv.xz", lzma.compress(TEXT)),
        ("streams.csv.xz", lzma.compress(TEXT[:50]) + bytes(8) + lzma.compress(TEXT[50:])),
        ("quotes.csv.zst", zstd.compress(TEXT)),
        ("frames.csv.zst", zstd.compress(TEXT[:50]) + zstd.compress(TEXT[50:])),
        ("pzstd.csv.zst", bytes.fromhex("502a4d1804000000") + b"size" + zstd.compress(TEXT)),
        ("padded.csv.zst", zstd.compress(TEXT) + bytes(1_000)),
        ("quotes.zip", zipped("folder/quotes.csv")),
        ("EURUSD_T201405.zip", zipped("DAT_ASCII_EURUSD_T_201405.txt", "DAT_ASCII_EURUSD_T_201405.CSV")),
        ("macos.zip", zipped("quotes.csv", "__MACOSX/._quotes.csv")),
        ("macos text.zip", zipped("quotes.txt", "__MACOSX/._quotes.txt")),
        ("nameless.zip", zipped("a.csv").replace(b"a.csv", b"\0.csv")),
    ],
)
def test_the_compression_is_detected_by_the_content(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert [line.time_us for line in read_twice(path) if isinstance(line, Quote)] == [
        1_438_539_936_100_000,
        1_438_539_937_100_000,
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(TEXT, mtime=0)[:40], "it can't be decompressed"),
        (gzip.compress(TEXT, mtime=0) + b"garbage", "it can't be decompressed"),
        (gzip.compress(TEXT, mtime=0)[:-8] + bytes(8), "it can't be decompressed"),
        (bz2.compress(TEXT)[:40], "it can't be decompressed"),
        (bz2.compress(TEXT)[:10] + bytes(40), "it can't be decompressed"),
        (bz2.compress(TEXT) + b"garbage", "it can't be decompressed"),
        (lzma.compress(TEXT)[:40], "it can't be decompressed"),
        (lzma.compress(TEXT) + b"garbage", "it can't be decompressed"),
        (zstd.compress(TEXT)[:20], "it can't be decompressed"),
        (zstd.compress(TEXT) + b"garbage", "it can't be decompressed"),
        (zipped("a.csv").replace(b"\x14\x00\x00\x00", b"\x14\x00\x01\x00"), "it is encrypted: unpack it"),
        (zipped("\xe9.csv").replace(b"\xc3\xa9", b"\xff\xff"), "it can't be decompressed"),
        (zipped("a.csv", "b.csv"), "it holds 2 CSV files instead of one: unpack it, and name one"),
        (zipped("a.txt", "b.txt"), "it holds 0 CSV files instead of one"),
        (zipped("a.csv")[:60], "it can't be decompressed"),
        (gzip.compress(gzip.compress(TEXT, mtime=0)), "is not text"),
        (b"", "is empty"),
    ],
    ids=itertools.count(),
)
def test_an_unreadable_file_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "quotes.csv"
    path.write_bytes(content)
    with pytest.raises(FintankError, match=f"^{path}: .*{message}"), QuoteFile(path, tmp_path) as file:
        list(file.lines())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.csv", "No such file"),
        (".", "is neither a file nor a pipe"),
        ("/dev/zero", "is neither a file nor a pipe"),
    ],
)
def test_anything_but_a_file_or_a_pipe_is_one_clear_error(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(FintankError, match=message), QuoteFile(tmp_path / path, tmp_path):
        pass


def test_a_closed_standard_input_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(FintankError, match="standard input is closed"), QuoteFile(Path("-"), tmp_path):
        pass


def test_a_pipe_that_can_not_be_copied_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with subprocess.Popen(["printf", "x"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        file = QuoteFile(Path(f"/dev/fd/{process.stdout.fileno()}"), tmp_path / "home" / "run")
        with pytest.raises(FintankError, match=r"/home/run: Not a directory: .*FINTANK_HOME"), file:
            pass


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT, mtime=0)])
def test_a_pipe_is_read_once_and_its_copy_is_deleted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    assert len(read_twice(path)) == 2
    writer.join()
    assert list((tmp_path / "run").iterdir()) == []


def test_a_shells_process_substitution_is_read(tmp_path: Path) -> None:
    with subprocess.Popen(["printf", TEXT.decode()], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with QuoteFile(Path(f"/dev/fd/{process.stdout.fileno()}"), tmp_path) as file:
            assert len(list(file.lines())) == len(list(file.lines())) == 2


def test_unpaced_the_last_tick_is_now() -> None:
    assert EXTENT.last_us + shift_us(EXTENT, NOW_US, None) == NOW_US


@pytest.mark.parametrize(("speed", "takes_us"), [(1, 1000), (10, 100), (0.5, 2000)])
def test_paced_no_tick_is_in_the_future(speed: float, takes_us: int) -> None:
    shift = shift_us(EXTENT, NOW_US, speed)
    assert EXTENT.first_us + shift <= NOW_US
    assert EXTENT.last_us + shift <= NOW_US + takes_us


def test_faster_than_real_time_the_last_tick_is_sent_at_its_own_time() -> None:
    assert EXTENT.last_us + shift_us(EXTENT, NOW_US, 10) == NOW_US + 100
