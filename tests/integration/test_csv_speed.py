"""Reading a large file of quotes before it is sent."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fintank.samples.quote_file import QuoteFile, survey

ROWS = 1_000_000
CPU_S = 10
FIRST_S = 1398902400


def own(row: int) -> str:
    cents = row % 90000 + 10000
    return f"{FIRST_S + row / 10:.3f},EURUSD,OANDA,1.{cents},2.{cents},{row % 500 + 1},7"


def dukascopy(row: int) -> str:
    cents, seconds = row % 90000 + 10000, row // 10
    time_of_day = f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{row % 10}00"
    return f"01.05.2014 {time_of_day},2.{cents},1.{cents},0.75,1.5"


FORMS = {
    "timestamp,symbol,exchange,bid,ask,bid_size,ask_size": own,
    "Gmt time,Ask,Bid,AskVolume,BidVolume": dukascopy,
}


@pytest.mark.soak
@pytest.mark.parametrize(("header", "line"), FORMS.items(), ids=("own", "dukascopy"))
def test_a_million_rows_are_read_and_checked_in_ten_seconds_of_one_core(
    header: str, line: Callable[[int], str], tmp_path: Path
) -> None:
    path = tmp_path / "EURUSD_quotes.csv"
    with path.open("w") as file:
        print(header, file=file)
        file.writelines(line(row) + "\n" for row in range(ROWS))
    started_s = time.process_time()
    with QuoteFile(path, tmp_path) as quotes:
        extent = survey(quotes)
    took_s = time.process_time() - started_s
    print(f"{took_s:.1f} s of CPU")
    assert (extent.quotes, extent.bad_lines) == (ROWS, 0)
    assert took_s < CPU_S
