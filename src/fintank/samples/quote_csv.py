"""Quotes parsed from CSV text.

A line is a quote if its values as a JSON record are a valid tick: the rules are those of `wire.kafka.ticks`.
Numbers keep their text; columns without a meaning are ignored.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import count, islice
from operator import itemgetter
from typing import BinaryIO

import orjson

from fintank.samples.csv_forms import NAMES, NUMBERS, OWN_TIME, CsvForm, joined
from fintank.samples.csv_numbers import plain_number
from fintank.samples.csv_text import BadLine, NumberedText, fields, fits, lines
from fintank.samples.csv_times import SkippedTimeError, with_point
from fintank.trading.messages import Quote
from fintank.wire.bolts import owner_ticks
from fintank.wire.kafka import ticks
from fintank.wire.kafka.fields import DECIMAL, SYMBOL_ALLOWED
from fintank.wire.kafka.rejects import Reject
from fintank.wire.kafka.tick_record import PRICES, SIZES, AllowsNegative, only_positive

BATCH_LINES = 500
VALUE_CHARS_MAX = 80

_WANTED = {
    **dict.fromkeys(("symbol", "exchange"), SYMBOL_ALLOWED),
    **dict.fromkeys(NUMBERS, "a decimal number of 0 or more, below 10^18, of at most 30 decimals"),
}
_FIELD = re.compile(r'field="(\w+)"')

_Candidate = tuple[int, str]
"""A line that may be a quote: its number and its values as a JSON record."""


def read(
    file: BinaryIO, form: CsvForm, now_ms: int, allows_negative: AllowsNegative = only_positive
) -> Iterator[Quote | BadLine]:
    """Yield the lines after the header; empty ones are skipped. A quote's offset has no meaning.

    `now_ms` takes the place of the record's append time, which no tick may be ahead of. allows_negative:
    whether 0 and less are prices of a symbol.
    """
    candidates = _candidates(file, form)
    while batch := list(islice(candidates, BATCH_LINES)):
        yield from _parsed(batch, now_ms, form, allows_negative)


def _candidates(file: BinaryIO, form: CsvForm) -> Iterator[_Candidate | BadLine]:
    record = _record(form)
    for line in lines(file, form.encoding):
        if line.number <= form.header_line:
            continue
        candidate = line if isinstance(line, BadLine) else _candidate(line, form, record)
        if form.keeps_sides and isinstance(candidate, BadLine):
            record = _record(form)  # which holds no sides: the line may have changed them
        yield candidate


def _candidate(
    line: NumberedText, form: CsvForm, record: Callable[[Sequence[str]], str]
) -> _Candidate | BadLine:
    row = fields(line.text, form.separator)
    if len(row) != form.width and not fits(row, form.width_min, form.width):
        return BadLine(line.number, f"columns: {len(row)} instead of {form.width}")
    try:
        return line.number, record(row)
    except (ValueError, OverflowError) as error:
        text = joined(row, form.columns["timestamp"]).strip()
        fault = error if isinstance(error, SkippedTimeError) else f"is not {form.time.name}"
        return BadLine(line.number, f"timestamp {text!r:.{VALUE_CHARS_MAX}} {fault}")


def _record(form: CsvForm) -> Callable[[Sequence[str]], str]:
    """Return a function that makes a JSON record of a row; ValueError if its time can't be read."""
    names = sorted(form.columns, key=NAMES.index)  # the time is the first
    pick = _picker([form.columns[name] for name in names])
    changes = [(at, change) for at, name in enumerate(names) if (change := _change(form, name))]
    # The rules of ticks say more precisely what is wrong with a number of seconds.
    read_time = with_point if form.time.name == OWN_TIME else form.time.read
    sides = [names.index(side) for side in PRICES] if form.keeps_sides else []
    held = dict.fromkeys(sides, "")
    template_of = cache(lambda present: _template(names, present, form.constants))
    whole = template_of((True,) * len(names))

    def record(row: Sequence[str]) -> str:
        values = list(map(str.strip, pick(row)))
        values[0] = read_time(values[0])
        for at, change in changes:
            values[at] = change(values[at])
        for at in sides:
            if not values[at]:
                values[at] = held[at]
            else:
                held[at] = values[at] if DECIMAL.fullmatch(values[at]) else ""
        is_whole = "" not in values
        template, quotation_marks = whole if is_whole else template_of(tuple(map(bool, values)))
        text = template % tuple(values if is_whole else filter(None, values))
        if text.count('"') == quotation_marks and "\\" not in text and text.isprintable():
            return text
        found = {**dict(zip(names, values, strict=True)), **form.constants}
        return orjson.dumps({name: value for name, value in found.items() if value}).decode()

    return record


def _picker(columns: Sequence[Sequence[int]]) -> Callable[[Sequence[str]], Iterable[str]]:
    """Return a function that takes the texts of these fields from a row."""
    if all(len(at) == 1 for at in columns):
        return itemgetter(*(at[0] for at in columns))
    return lambda row: [joined(row, at) for at in columns]


def _template(names: Sequence[str], present: Sequence[bool], constants: Mapping[str, str]) -> tuple[str, int]:
    """Return the JSON of a record without its values, those that are not empty, and its quotation marks."""
    parts = [f'"{name}":"%s"' for name, is_there in zip(names, present, strict=True) if is_there]
    texts = {name: orjson.dumps(value).decode().replace("%", "%%") for name, value in constants.items()}
    parts += [f'"{name}":{text}' for name, text in texts.items()]
    template = f"{{{','.join(parts)}}}"
    return template, template.count('"')


def _change(form: CsvForm, name: str) -> Callable[[str], str] | None:
    """Return a function that turns the text of a number into a plain decimal; None if it is one."""
    decimals = form.size_decimals if name in SIZES else 0
    if name not in NUMBERS or not (decimals or form.has_decimal_commas):
        return None
    return partial(plain_number, form.name, form.has_decimal_commas, decimals)


def _parsed(
    batch: list[_Candidate | BadLine], now_ms: int, form: CsvForm, allows_negative: AllowsNegative
) -> Iterator[Quote | BadLine]:
    """Parse the candidates together, as records whose offset is their index."""
    candidates = [line[1] for line in batch if not isinstance(line, BadLine)]
    results: dict[int, Quote | str] = {}
    if candidates:
        run = f"0,{len(candidates)},{now_ms}"
        found = ticks.to_lines("ticks", 0, run, "\n".join(candidates), allows_negative)
        quotes = owner_ticks.quotes(0, "\n".join(found.quotes))
        if len(quotes) == len(batch):
            yield from quotes
            return
        results.update((quote.offset, quote) for quote in quotes)
        results.update((reject.offset, _reason(reject, form)) for reject in found.rejects)
    offsets = count()
    for line in batch:
        if isinstance(line, BadLine):
            yield line
        else:
            result = results[next(offsets)]
            yield result if isinstance(result, Quote) else BadLine(line[0], result)


def _reason(reject: Reject, form: CsvForm) -> str:
    named = _FIELD.search(reject.detail)  # missing only for a time that is out of range
    field = named[1] if named else "timestamp"
    value = orjson.loads(reject.payload).get(field, "")
    wanted = _WANTED.get(field, f"{form.time.name}, from 1990 until now")
    return f"{field} {value!r:.{VALUE_CHARS_MAX}} is not {wanted} ({reject.reason})"
