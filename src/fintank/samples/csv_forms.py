"""The form of a CSV file of quotes: what its columns mean, guessed from the file or given by the user."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import BinaryIO
from zoneinfo import ZoneInfo

from fintank.errors import FintankError
from fintank.output import printable
from fintank.samples import csv_numbers, csv_text, csv_times, known_forms
from fintank.samples.csv_times import TimeForm
from fintank.samples.known_forms import KnownForm, plain_name
from fintank.wire.kafka.records import EARLIEST_US
from fintank.wire.kafka.tick_record import PRICES, SIZES

REQUIRED = ("timestamp", "symbol", "exchange", "bid", "ask")
NAMES = (*REQUIRED, *SIZES)
NUMBERS = (*PRICES, *SIZES)
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
_EET = re.compile(r"\bEET\b")
_EASTERN_EUROPE = ZoneInfo("EET")
_DAYS = ("date", "day", "tradedate", "tradingday")
_TIMES_OF_DAY = ("time", "timem", "timeofday", "utctime", "timeutc", "gmttime", "localtime")
_TIME_FORMAT = "--time-format '%d/%m/%Y %H:%M:%S.%f'"
_COLUMNS_NAMED_MAX = 30
_VALUE_CHARS_MAX = 80


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
    """How to read a file; columns are the indices of each field's columns.

    name: what errors call the file. width: the columns of the header; width_min: without those at its end
    that have no name. keeps_sides: an empty bid or ask is that of the line before.
    """

    name: str
    encoding: str
    separator: str
    header_line: int
    width: int
    width_min: int
    columns: Mapping[str, Sequence[int]]
    constants: Mapping[str, str]
    time: TimeForm
    size_decimals: int
    has_decimal_commas: bool
    keeps_sides: bool


def guess(file: BinaryIO, name: str, given: GivenForm) -> tuple[CsvForm, str]:
    """Return the form of a file, and in words what differs from our own.

    FintankError, which calls the file `name`, if the form can't be found out.
    """
    encoding, separator, sample = csv_text.first_lines(file, name, SAMPLE_LINES_MAX + 1)
    separator = separator or csv_text.separator_of(sample)
    if not sample:
        raise FintankError(f"{name}: is empty: nothing was sent")
    header = _cut(sample[0].text, separator)
    known = known_forms.recognized(header, sample)
    is_headless = known is not None and not known.has_header
    width_min = csv_text.width_without_end(header)
    rows = [_cut(line.text, separator) for line in sample[0 if is_headless else 1 :]]
    rows = [row for row in rows if csv_text.fits(row, width_min, len(header))]
    columns = _columns(name, header, rows, known, given)
    constants = _constants(name, columns, known, given)
    zone = (
        given.zone
        or (known.zone if known else None)
        or _zone_named([header[at] for at in columns["timestamp"]])
    )
    form = CsvForm(
        name=name,
        encoding=encoding,
        separator=separator,
        header_line=0 if is_headless else sample[0].number,
        width=len(header),
        width_min=width_min,
        columns=columns,
        constants=constants,
        time=_time_form(name, [joined(row, columns["timestamp"]) for row in rows], zone, given),
        size_decimals=known.size_decimals if known else 0,
        has_decimal_commas=separator != ","
        and csv_numbers.have_decimal_commas(name, _numbers(rows, columns)),
        keeps_sides=known is not None and known.keeps_sides,
    )
    return form, _summary(form, header, known, zone)


def joined(row: Sequence[str], columns: Sequence[int]) -> str:
    """Return the text of a field that may have several columns."""
    return row[columns[0]] if len(columns) == 1 else " ".join(row[index] for index in columns)


def _cut(text: str, separator: str) -> list[str]:
    return [value.strip() for value in csv_text.fields(text, separator)]


def _columns(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    known: KnownForm | None,
    given: GivenForm,
) -> dict[str, tuple[int, ...]]:
    """Return where each field stands; those without a column are left out."""
    columns: dict[str, tuple[int, ...]] = {}
    if known:
        meanings = known.meanings.split(",")
        for at, meaning in enumerate(meanings):
            if meaning:
                columns[meaning] = (*columns.get(meaning, ()), at)
    else:
        found = {meaning: _named(name, header, meaning) for meaning in NAMES}
        columns = {meaning: at for meaning, at in found.items() if at is not None}
        columns |= _day_and_time(header, rows)
    for meaning, text in given.columns.items():
        parts = text.split("+") if text not in header else [text]
        absent = [part for part in parts if part not in header]
        if absent:
            named = [printable(column, _VALUE_CHARS_MAX) for column in header[:_COLUMNS_NAMED_MAX]]
            more = ", ..." if len(header) > _COLUMNS_NAMED_MAX else ""
            raise FintankError(
                f"{name}: --columns {meaning}={text}: no column {absent[0]!r}: its columns are "
                f"{', '.join(named)}{more}"
            )
        if any(header.count(part) > 1 for part in parts):
            raise FintankError(f"{name}: --columns {meaning}={text}: more than one column has this name")
        columns[meaning] = tuple(header.index(part) for part in parts)
    missing = [meaning for meaning in REQUIRED if meaning not in columns and meaning not in CONSTANTS]
    if missing:
        raise FintankError(
            f"{name}: no column {', '.join(missing)}: name them, as in --columns bid=BidPrice,ask=AskPrice, "
            f"or let its first line be {','.join(NAMES)}"
        )
    return columns


def _named(name: str, header: Sequence[str], meaning: str) -> tuple[int] | None:
    plain = [plain_name(column) for column in header]
    for wanted in (plain_name(meaning), *_OTHER_NAMES[meaning].split(",")):
        if plain.count(wanted) > 1:
            raise FintankError(f"{name}: more than one column {meaning}: rename or remove the others")
        if wanted in plain:
            return (plain.index(wanted),)
    return None


def _day_and_time(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Mapping[str, tuple[int, ...]]:
    """Return where the day and the time of day are, if they have a column each."""
    plain = [plain_name(column) for column in header]
    days = [at for at, column in enumerate(plain) if column in _DAYS]
    times = [at for at, column in enumerate(plain) if column in _TIMES_OF_DAY]
    if len(days) == len(times) == 1 and any(csv_times.are_apart(row[days[0]], row[times[0]]) for row in rows):
        return {"timestamp": (days[0], times[0])}
    return {}


def _constants(
    name: str, columns: Mapping[str, Sequence[int]], known: KnownForm | None, given: GivenForm
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
                f"{name}: no column {meaning}: give it for all lines, as in --{meaning} {example}"
            )
    return found


def _time_form(name: str, texts: Sequence[str], zone: tzinfo, given: GivenForm) -> TimeForm:
    if given.time_format is not None:
        return csv_times.given_form(given.time_format, zone)
    if not texts:
        return csv_times.forms(zone)[0]
    found = csv_times.recognized(texts, zone)
    if not found:
        raise FintankError(
            f"{name}: a time such as {texts[0]!r:.{_VALUE_CHARS_MAX}} can't be read: say how it is written, "
            f"as in {_TIME_FORMAT}"
        )
    return found[0] if len(found) == 1 else _agreeing(name, texts, found)


def _agreeing(name: str, texts: Sequence[str], found: Sequence[TimeForm]) -> TimeForm:
    """Return the form of times that all these forms read alike; FintankError for one that they do not.

    Whole days may pass before one shows: 01/01/2024 is the first of January to all. A meaning before 1990
    counts only where there is no other: 1712051230456 is no date of the year 1712.
    """

    def is_possible(meaning: str) -> bool:
        return float(meaning) * 1e6 >= EARLIEST_US

    def read(text: str) -> str:
        meanings = {form.read(text) for form in found if csv_times.can_read(form, text)}
        possible = set(filter(is_possible, meanings)) or meanings
        if len(possible) > 1:
            raise FintankError(
                f"{name}: a time such as {text!r} has more than one meaning: say which, as in {_TIME_FORMAT}"
            )
        return possible.pop() if possible else found[0].read(text)

    for text in texts:
        with suppress(ValueError, OverflowError):
            read(text)
    readable = ((form, text) for form in found for text in texts if csv_times.can_read(form, text))
    named = next((form for form, text in readable if is_possible(form.read(text))), found[0])
    return named._replace(read=read)


def _zone_named(titles: Sequence[str]) -> tzinfo:
    """Return the zone that the title of the times names, as Dukascopy's `Time (EET)` does; else UTC."""
    return _EASTERN_EUROPE if any(_EET.search(title) for title in titles) else UTC


def _numbers(rows: Sequence[Sequence[str]], columns: Mapping[str, Sequence[int]]) -> list[str]:
    return [joined(row, columns[name]) for row in rows for name in NUMBERS if name in columns]


def _summary(form: CsvForm, header: Sequence[str], known: KnownForm | None, zone: tzinfo) -> str:
    """Say what is not as in our own form; empty if all is."""
    said = [known.name] if known else []
    if form.separator != ",":
        said.append(f"separated by {csv_text.SEPARATORS.get(form.separator, repr(form.separator))}")
    if form.has_decimal_commas:
        said.append("decimal commas")
    titles = {meaning: joined(header, at) for meaning, at in form.columns.items()} if form.header_line else {}
    said += [f"{meaning} from {title!r}" for meaning, title in titles.items() if title != meaning]
    said += [f"{meaning} {printable(value, _VALUE_CHARS_MAX)}" for meaning, value in form.constants.items()]
    if form.size_decimals:
        said.append("sizes in millions")
    if form.time.name != OWN_TIME:
        said.append(f"times: {form.time.name}{f' in {zone}' if form.time.is_local else ''}")
    return "; ".join(said)
