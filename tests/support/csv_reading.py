"""Reading CSV files of quotes that a test writes as text."""

import io

from fintank.samples import csv_forms, quote_csv
from fintank.samples.csv_forms import GivenForm
from fintank.samples.csv_text import BadLine
from fintank.trading.messages import Quote

NOW_MS = 1_764_000_000_000
MAY_FIRST_2014_US = 1_398_902_400_000_000
HOUR_US = 3_600_000_000
NOTHING = GivenForm()
OF_IVE = {"symbol": "IVE", "exchange": "NYSE"}


def read(
    text: str | bytes, name: str = "quotes.csv", given: GivenForm = NOTHING
) -> tuple[str, list[Quote | BadLine]]:
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    form, summary = csv_forms.guess(file, name, given)
    file.seek(0)
    return summary, list(quote_csv.read(file, form, NOW_MS))


def only(text: str | bytes, name: str = "quotes.csv", given: GivenForm = NOTHING) -> Quote:
    (line,) = read(text, name, given)[1]
    assert isinstance(line, Quote), line
    return line


def time_us(text: str, given: GivenForm = NOTHING) -> int:
    return only(f"time;symbol;exchange;bid;ask\n{text};IVE;NYSE;94;95\n", given=given).time_us
