"""The instruments: the TOML of instruments.toml, and the content that is carried to the bolts.

That is the content of the file with the sessions of the calendars that it names, as moments: a bolt needs no
package that knows holidays. Errors are worded as in `toml_keys`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from fintank.errors import FintankError
from fintank.toml_file import parsed
from fintank.trading.instruments import Commission, Instrument, Instruments
from fintank.trading.sessions import Sessions
from fintank.wire import session_runs
from fintank.wire.kafka.fields import SYMBOL_ALLOWED, is_symbol
from fintank.wire.toml_keys import Key, decimal, fields, shown_name

ALWAYS = "24/7"
"""The calendar of what trades at all times."""
PATTERNS_MAX = 10_000

CalendarOf = Callable[[str], Sessions]
"""Returns the sessions of a calendar by its name; ValueError if there is none."""

_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{1,9}")


def from_toml(text: str, file: str, calendar_of: CalendarOf) -> Instruments:
    """Read the file's text; `file` is its name in errors."""
    return _instruments(parsed(text, file), file, calendar_of)


def from_content(content: Mapping[str, Any], option: str) -> Instruments:
    """Read what to_content returned; `option` is the name of its source in errors."""
    values = dict(content)
    runs = values.pop("calendars")
    known = {name: Sessions(name, session_runs.sessions(runs[name])) for name in runs}

    def calendar_of(name: str) -> Sessions:
        if name not in known:
            raise ValueError
        return known[name]

    return _instruments(values, option, calendar_of)


def to_content(text: str, file: str, calendar_of: CalendarOf) -> dict[str, Any]:
    """Check the file's text and return its content, with the sessions of its calendars."""
    calendars = from_toml(text, file, calendar_of).calendars
    runs = {found.name: session_runs.runs(found.sessions) for found in calendars}
    return {**parsed(text, file), "calendars": runs}


def _instruments(values: Mapping[str, Any], file: str, calendar_of: CalendarOf) -> Instruments:
    for name in values:
        if name not in ("default", "instrument"):
            raise FintankError(
                f"{file}: unknown key {shown_name(name)}: allowed are [default] and [[instrument]]"
            )
    keys = _keys(calendar_of)
    if not isinstance(values.get("default"), dict):
        raise FintankError(f"{file}: [default] is missing: it must have lot_size and currency")
    default = fields(values["default"], keys, f"{file}: [default]")
    tables = values.get("instrument", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise FintankError(f"{file}: instrument must be a list of tables, each below a line [[instrument]]")
    own_keys = {"symbols": _SYMBOLS, **{name: key._replace(is_required=False) for name, key in keys.items()}}
    patterns: list[tuple[str, Instrument]] = []
    for number, table in enumerate(tables, 1):
        found = fields(table, own_keys, f"{file}: [[instrument]] {number}")
        own = found.pop("symbols")
        patterns += [(pattern, Instrument(**default | found)) for pattern in own]
    _check_patterns([pattern for pattern, _ in patterns], file)
    return Instruments(tuple(patterns), Instrument(**default))


def _check_patterns(patterns: list[str], file: str) -> None:
    if len(patterns) > PATTERNS_MAX:
        raise FintankError(f"{file}: {len(patterns)} patterns of symbols: at most {PATTERNS_MAX} are allowed")
    seen = set()
    for pattern in patterns:
        if pattern in seen:
            raise FintankError(f"{file}: the symbols {json.dumps(pattern)} have two instruments: remove one")
        seen.add(pattern)


def _keys(calendar_of: CalendarOf) -> dict[str, Key]:
    def calendar(value: object) -> Sessions | None:
        if not isinstance(value, str):
            raise ValueError
        return None if value == ALWAYS else calendar_of(value)

    return {
        "tick_size": decimal("tick_size"),
        "lot_size": decimal("lot_size", is_required=True),
        "min_qty": decimal("min_qty"),
        "currency": Key("currency", _currency, 'a name of 2 to 10 of A-Z and 0-9, as in "USD" or "USDT"'),
        "multiplier": decimal("multiplier"),
        "calendar": Key(
            "sessions",
            calendar,
            'the name of a calendar: "24/7", "forex", or one of the package exchange_calendars, as in "XNYS"',
            False,
        ),
        "allow_negative": Key("allow_negative", _yes_or_no, "true or false", False),
        "commission": Key(
            "commission",
            _commission,
            'a table of per_share, rate and minimum, decimal strings from 0 on, as in { rate = "0.001" }',
            False,
        ),
    }


def _currency(value: object) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


_COMMISSION_KEYS = {name: decimal(name, may_be_zero=True) for name in ("per_share", "rate", "minimum")}


def _commission(value: object) -> Commission:
    if not isinstance(value, dict):
        raise ValueError
    try:
        return Commission(**fields(value, _COMMISSION_KEYS, "commission"))
    except FintankError:
        raise ValueError from None


def _patterns(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError
    if not all(isinstance(pattern, str) and is_symbol(pattern) for pattern in value):
        raise ValueError
    return value


_SYMBOLS = Key(
    "symbols",
    _patterns,
    f"a list of symbols or patterns, where * is any text and ? one character, each {SYMBOL_ALLOWED}, as in "
    '["VTI", "*USDT"]',
)
