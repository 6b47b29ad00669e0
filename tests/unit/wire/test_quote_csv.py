import gzip
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.wire.quote_csv import BadLine, Quote, read

HEADER = "timestamp,symbol,exchange,bid,ask,bid_size,ask_size\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "quotes.csv"


def only(path: Path) -> Quote | BadLine:
    (line,) = read(path)
    return line


def test_numbers_keep_their_text_and_times_are_whole_microseconds(file: Path) -> None:
    file.write_text(HEADER + "1723161254.087,BTCUSDT,BINANCE,61837.63000000,61837.64000000,3.78826000,\n")
    assert only(file) == Quote(
        1_723_161_254_087_000, "BTCUSDT", "BINANCE", "61837.63000000", "61837.64000000", "3.78826000", ""
    )


def test_columns_are_found_by_name_and_sizes_are_optional(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfnote, ask,bid,exchange,symbol,timestamp\r\n\r\nx,2,1,NYSE,IVE,5\r\n")
    assert only(file) == Quote(5_000_000, "IVE", "NYSE", "1", "2", "", "")


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "1.5,IVE,NYSE,1,2,3,4\n").encode()))
    assert only(path) == Quote(1_500_000, "IVE", "NYSE", "1", "2", "3", "4")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "columns: 1 instead of 7"),
        (b"1,IVE,NYSE,1,2,3,4,5", "columns: 8 instead of 7"),
        (b"1723161254024,IVE,NYSE,1,2,,", "timestamp '1723161254024' is not seconds"),
        (b"1.1234567,IVE,NYSE,1,2,,", "timestamp"),
        (b"-1,IVE,NYSE,1,2,,", "timestamp"),
        (b"1,I VE,NYSE,1,2,,", "symbol 'I VE' is not"),
        (b"1,I\xffE,NYSE,1,2,,", "symbol"),
        (b"1,IVE,,1,2,,", "exchange ''"),
        (b"1,IVE,NYSE,0.00,2,,", "bid '0.00' is not a decimal number above 0"),
        (b"1,IVE,NYSE,1,nan,,", "ask 'nan'"),
        (b"1,IVE,NYSE,1,,,", "ask ''"),
        (b"1,IVE,NYSE,1e3,2,,", "bid '1e3'"),
        (b"1,IVE,NYSE,1,2,many,", "bid_size 'many'"),
        (b'1,"IVE,NYSE,1,2,,', "columns"),
        (b"1,IVE,NYSE,1,2,," + b" " * 10_000, "longer than 4,096 bytes"),
    ],
)
def test_a_bad_line_is_named_and_the_next_ones_are_read(file: Path, line: bytes, reason: str) -> None:
    file.write_bytes(HEADER.encode() + b"1,IVE,NYSE,1,2,,\n" + line + b"\n2,IVE,NYSE,1,2,,\n")
    first, bad, last = read(file)
    assert isinstance(first, Quote)
    assert isinstance(bad, BadLine)
    assert bad.number == 3
    assert reason in bad.reason
    assert isinstance(last, Quote)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"timestamp,symbol,bid\n", "no column exchange, ask"),
        ("a.csv", b"", "no column timestamp, symbol, exchange, bid, ask"),
        ("a.csv.gz", b"timestamp,symbol", "is not a whole gzip file"),
        ("a.csv.gz", gzip.compress(HEADER.encode() * 100)[:40], "is not a whole gzip file"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FintankError, match=told):
        list(read(path))


def test_a_missing_file_is_one_clear_error(file: Path) -> None:
    with pytest.raises(FintankError, match="No such file"):
        list(read(file))
