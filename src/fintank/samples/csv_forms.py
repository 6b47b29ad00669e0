"""The form of a CSV file of quotes: what its columns mean, guessed from the file or given by the user."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone, tzinfo
from typing import BinaryIO, NamedTuple

from fintank.errors import FintankError
from fintank.samples import csv_text, csv_times
from fintank.samples.csv_text import NumberedText
from fintank.samples.csv_times import TimeForm

REQUIRED = ("timestamp", "symbol", "exchange", "bid", "ask")
SIZES = ("bid_size", "ask_size")
NAMES = (*REQUIRED, *SIZES)
NUMBERS = ("bid", "ask", *SIZES)
CONSTANTS = {"symbol": "EURUSD", "exchange": "NYSE"}
"""The fields that may be the same for all lines, with an example."""
SAMPLE_LINES_MAX = 200
OWN_TIME = "seconds since the epoch"

_OTHER_NAMES = {
    "timestamp": "time,datetime,ts,transactiontime,eventtime,gmttime,localtime,timeutc,timeeet,utctime,date",
    "symbol": "ticker,instrument,sym,ric,pair,contract",
    "exchange": "venue,mic,market,exch,feed,source",
    "bid": "bidprice,bidpx,bestbid,bestbidprice,bp",
    "ask": "askprice,askpx,bestask,bestaskprice,ap,offer,offerprice",
    "bid_size": "bidsize,bidqty,bidquantity,bidvolume,bidamount,bidsz,bestbidqty,bestbidsize,bs",
    "ask_size": "asksize,askqty,askquantity,askvolume,askamount,asksz,bestaskqty,bestasksize,offersize,as",
}
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_EASTERN_STANDARD = timezone(timedelta(hours=-5))


class _KnownForm(NamedTuple):
    """A form of a well-known source: the columns by which it is recognized, what they mean, and what the
    file's name says of the symbol."""

    name: str
    columns: str
    meanings: str = ""
    has_header: bool = True
    exchange: str | None = None
    symbol_in_name: str = ""
    zone: tzinfo | None = None
    size_decimals: int = 0


_KNOWN = (
    # https://docs.tardis.dev/downloadable-csv-files#quotes
    _KnownForm(
        "Tardis quotes",
        "exchange,symbol,timestamp,localtimestamp,askamount,askprice,bidprice,bidamount",
        "exchange,symbol,timestamp,,ask_size,ask,bid,bid_size",
    ),
    # https://github.com/binance/binance-public-data
    _KnownForm(
        "Binance bookTicker",
        "updateid,bestbidprice,bestbidqty,bestaskprice,bestaskqty,transactiontime,eventtime",
        ",bid,bid_size,ask,ask_size,timestamp,",
        exchange="BINANCE",
        symbol_in_name=r"([A-Z0-9_]+)-bookTicker",
    ),
    # Dukascopy's historical data export; volumes are in millions.
    _KnownForm(
        "Dukascopy ticks",
        ",ask,bid,askvolume,bidvolume",
        "timestamp,ask,bid,ask_size,bid_size",
        exchange="DUKASCOPY",
        symbol_in_name=r"([A-Za-z]{6,12})[-_.]",
        size_decimals=6,
    ),
    # https://www.histdata.com/f-a-q/data-files-detailed-specification/: Eastern Standard Time all year.
    _KnownForm(
        "HistData ticks",
        r"\d{8} \d{9},[\d.]+,[\d.]+,\d+",
        "timestamp,bid,ask,",
        has_header=False,
        exchange="HISTDATA",
        symbol_in_name=r"DAT_ASCII_([A-Z0-9]+)_T_",
        zone=_EASTERN_STANDARD,
    ),
)


@dataclass(frozen=True)
class GivenForm:
    """What the user says of a file.

    columns: the name of a field's column; several joined by + are joined by spaces. constants: the symbol
    or exchange of all lines. time_format: a pattern of strptime.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    time_format: str | None = None


@dataclass(frozen=True)
class CsvForm:
    """How to read a file; columns are the indices of each field's columns."""

    encoding: str
    separator: str
    header_line: int
    width: int
    columns: Mapping[str, Sequence[int]]
    constants: Mapping[str, str]
    time: TimeForm
    size_decimals: int
    has_decimal_commas: bool


def guess(file: BinaryIO, name: str, given: GivenForm) -> tuple[CsvForm, str]:
    """Return the form of a file, and in words what differs from our own.

    FintankError, which calls the file `name`, if the form can't be found out.
    """
    encoding, separator, sample = csv_text.first_lines(file, name, SAMPLE_LINES_MAX + 1)
    separator = separator or csv_text.separator_of(sample)
    header = _cut(sample[0].text, separator) if sample else []
    known = next((form for form in _KNOWN if _is_form(form, header, sample)), None)
    is_headless = known is not None and not known.has_header
    columns = _columns(name, header, known, given)
    constants = _constants(name, columns, known, given)
    rows = [_cut(line.text, separator) for line in sample[0 if is_headless else 1 :]]
    rows = [row for row in rows if len(row) == len(header)]
    zone = given.zone or (known.zone if known else None) or UTC
    form = CsvForm(
        encoding=encoding,
        separator=separator,
        header_line=0 if is_headless else sample[0].number,
        width=len(header),
        columns=columns,
        constants=constants,
        time=_time_form(name, [joined(row, columns["timestamp"]) for row in rows], zone, given),
        size_decimals=known.size_decimals if known else 0,
        has_decimal_commas=separator != "," and _have_decimal_commas(rows, columns),
    )
    return form, _summary(form, header, known, zone)


def joined(row: Sequence[str], columns: Sequence[int]) -> str:
    """Return the text of a field that may have several columns."""
    return row[columns[0]] if len(columns) == 1 else " ".join(row[index] for index in columns)


def _cut(text: str, separator: str) -> list[str]:
    return [value.strip() for value in csv_text.fields(text, separator)]


def _plain(column: str) -> str:
    """Return a column's name without case, spaces and signs."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _is_form(form: _KnownForm, header: Sequence[str], sample: Sequence[NumberedText]) -> bool:
    if not form.has_header:
        return bool(sample) and re.fullmatch(form.columns, sample[0].text) is not None
    wanted = form.columns.split(",")
    found = [_plain(column) for column in header]
    others = {"price": "", "qty": "volume"} if form.exchange == "DUKASCOPY" else {}
    for part, other in others.items():
        found = [column.replace(part, other) for column in found]
    return len(found) == len(wanted) and all(
        not want or want == name for want, name in zip(wanted, found, strict=True)
    )


def _columns(
    name: str, header: Sequence[str], known: _KnownForm | None, given: GivenForm
) -> dict[str, tuple[int, ...]]:
    """Return where each field stands; those that are nowhere are left out."""
    columns: dict[str, tuple[int, ...]] = {}
    if known:
        meanings = known.meanings.split(",")
        columns = {meaning: (meanings.index(meaning),) for meaning in meanings if meaning}
    else:
        found = {meaning: _named(name, header, meaning) for meaning in NAMES}
        columns = {meaning: at for meaning, at in found.items() if at is not None}
    for meaning, text in given.columns.items():
        parts = text.split("+") if text not in header else [text]
        absent = [part for part in parts if part not in header]
        if absent:
            raise FintankError(
                f"{name}: --columns {meaning}={text}: no column {absent[0]!r}: its columns are "
                f"{', '.join(header)}"
            )
        columns[meaning] = tuple(header.index(part) for part in parts)
    missing = [meaning for meaning in REQUIRED if meaning not in columns and meaning not in CONSTANTS]
    if missing:
        raise FintankError(
            f"{name}: no column {', '.join(missing)}: name them, as in --columns bid=BidPrice,ask=AskPrice, "
            f"or let its first line be {','.join(NAMES)}"
        )
    return columns


def _named(name: str, header: Sequence[str], meaning: str) -> tuple[int] | None:
    plain = [_plain(column) for column in header]
    for wanted in (_plain(meaning), *_OTHER_NAMES[meaning].split(",")):
        if plain.count(wanted) > 1:
            raise FintankError(f"{name}: more than one column {meaning}: rename or remove the others")
        if wanted in plain:
            return (plain.index(wanted),)
    return None


def _constants(
    name: str, columns: Mapping[str, Sequence[int]], known: _KnownForm | None, given: GivenForm
) -> dict[str, str]:
    found = {}
    if known and known.exchange:
        found["exchange"] = known.exchange
        match = re.match(known.symbol_in_name, name.rpartition("/")[2])
        if match:
            found["symbol"] = match[1].upper()
    found |= given.constants
    for meaning, example in CONSTANTS.items():
        if meaning not in found and meaning not in columns:
            raise FintankError(
                f"{name}: no column {meaning}: say it for all lines, as in --{meaning} {example}"
            )
    return found


def _time_form(name: str, texts: Sequence[str], zone: tzinfo, given: GivenForm) -> TimeForm:
    if given.time_format is not None:
        return csv_times.given_form(given.time_format, zone)
    found = csv_times.recognized(texts, zone)
    if len(found) > 1 and texts and {form.read(texts[0]) for form in found} != {found[0].read(texts[0])}:
        raise FintankError(
            f"{name}: a time such as {texts[0]!r} has more than one meaning: say which, as in "
            f"--time-format '%d/%m/%Y %H:%M:%S.%f'"
        )
    return found[0]


def _have_decimal_commas(rows: Sequence[Sequence[str]], columns: Mapping[str, Sequence[int]]) -> bool:
    values = [joined(row, columns[name]) for row in rows for name in NUMBERS if name in columns]
    return any(map(_DECIMAL_COMMA.fullmatch, values)) and not any("." in value for value in values)


def _summary(form: CsvForm, header: Sequence[str], known: _KnownForm | None, zone: tzinfo) -> str:
    """Say what is not as in our own form; empty if all is."""
    said = [known.name] if known else []
    if form.separator != ",":
        said.append(f"separated by {csv_text.SEPARATORS.get(form.separator, repr(form.separator))}")
    if form.has_decimal_commas:
        said.append("decimal commas")
    titles = {meaning: joined(header, at) for meaning, at in form.columns.items()} if form.header_line else {}
    said += [f"{meaning} from {title!r}" for meaning, title in titles.items() if title != meaning]
    said += [f"{meaning} {value}" for meaning, value in form.constants.items()]
    if form.time.name != OWN_TIME:
        said.append(f"times: {form.time.name}{f' in {zone}' if form.time.is_local else ''}")
    return "; ".join(said)
