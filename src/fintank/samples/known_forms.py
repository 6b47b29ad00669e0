"""The forms of the CSV files of well-known sources of quotes."""

import re
from collections.abc import Sequence
from datetime import timedelta, timezone, tzinfo
from typing import NamedTuple

from fintank.samples.csv_text import NumberedText

_EASTERN_STANDARD = timezone(timedelta(hours=-5))


class KnownForm(NamedTuple):
    """A form of a well-known source: the columns by which it is recognized, what they mean, and what the
    file's name says of the symbol. keeps_sides: a bid or ask that did not change is empty."""

    name: str
    columns: str
    meanings: str = ""
    has_header: bool = True
    exchange: str | None = None
    symbol_in_name: str = ""
    zone: tzinfo | None = None
    size_decimals: int = 0
    keeps_sides: bool = False


_KNOWN = (
    # https://docs.tardis.dev/downloadable-csv-files#quotes
    KnownForm(
        "Tardis quotes",
        "exchange,symbol,timestamp,localtimestamp,askamount,askprice,bidprice,bidamount",
        "exchange,symbol,timestamp,,ask_size,ask,bid,bid_size",
    ),
    # https://github.com/binance/binance-public-data
    KnownForm(
        "Binance bookTicker",
        "updateid,bestbidprice,bestbidqty,bestaskprice,bestaskqty,transactiontime,eventtime",
        ",bid,bid_size,ask,ask_size,timestamp,",
        exchange="BINANCE",
        symbol_in_name=r"([A-Z0-9_]+)-bookTicker",
    ),
    # Dukascopy's historical data export; volumes are in millions.
    KnownForm(
        "Dukascopy ticks",
        ",ask,bid,askvolume,bidvolume",
        "timestamp,ask,bid,ask_size,bid_size",
        exchange="DUKASCOPY",
        symbol_in_name=r"([A-Za-z]{6,12})[-_.]",
        size_decimals=6,
    ),
    # https://www.histdata.com/f-a-q/data-files-detailed-specification/: Eastern Standard Time all year.
    KnownForm(
        "HistData ticks",
        r"\d{8} \d{9},[\d.]+,[\d.]+,\d+",
        "timestamp,bid,ask,",
        has_header=False,
        exchange="HISTDATA",
        symbol_in_name=r"(?:DAT|HISTDATA_COM)_ASCII_([A-Z0-9]+)_T_?\d",
        zone=_EASTERN_STANDARD,
    ),
    # MetaTrader 5's export of ticks, in the time of the broker's server.
    KnownForm(
        "MetaTrader 5 ticks",
        "date,time,bid,ask,last,volume,flags",
        "timestamp,timestamp,bid,ask,,,",
        exchange="METATRADER",
        symbol_in_name=r"(.+)_\d{12}_\d{12}",
        keeps_sides=True,
    ),
)


def recognized(header: Sequence[str], sample: Sequence[NumberedText]) -> KnownForm | None:
    """Return the form of a file with this first line, which is also that of the sample; None if unknown."""
    return next((form for form in _KNOWN if _is_form(form, header, sample)), None)


def plain_name(column: str) -> str:
    """Return a column's name without case, spaces and signs."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _is_form(form: KnownForm, header: Sequence[str], sample: Sequence[NumberedText]) -> bool:
    if not form.has_header:
        return bool(sample) and re.fullmatch(form.columns, sample[0].text) is not None
    wanted = form.columns.split(",")
    found = [plain_name(column) for column in header]
    # What dukascopy-node and other programs call the columns of Dukascopy's data.
    others = {"price": "", "qty": "volume"} if form.exchange == "DUKASCOPY" else {}
    for part, other in others.items():
        found = [column.replace(part, other) for column in found]
    return len(found) == len(wanted) and all(
        not want or want == name for want, name in zip(wanted, found, strict=True)
    )
