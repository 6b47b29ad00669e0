"""instruments.toml: values are read exactly, errors name the table, the key and the cure."""

import json
from decimal import Decimal

import pytest

from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.trading.instruments import Commission, Instrument, Instruments
from fintank.trading.sessions import Session, Sessions
from fintank.wire.instruments_toml import from_content, from_toml, to_content

FILE = "instruments.toml"
SHIPPED = (PROJECT_ROOT / FILE).read_text()
DEFAULT = '[default]\nlot_size = "0.01"\ncurrency = "EUR"\n'
XNYS = Sessions("XNYS", [Session((0, 3_000_000)), Session((10_000_000, 11_000_000, 12_000_000, 13_000_000))])


def calendar_of(name: str) -> Sessions:
    if name != "XNYS":
        raise ValueError(name)
    return XNYS


def read(text: str) -> Instruments:
    return from_toml(text, FILE, calendar_of)


def fault(text: str) -> str:
    with pytest.raises(FintankError) as raised:
        read(text)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_every_key_sets_its_value() -> None:
    text = DEFAULT + (
        '[[instrument]]\nsymbols = ["SPX*", "ES?"]\ntick_size = "0.25"\nlot_size = "1"\nmin_qty = "2"\n'
        'currency = "USD"\nmultiplier = "50"\ncalendar = "XNYS"\nallow_negative = true\n'
        'commission = { per_share = "0.85", rate = "0.001", minimum = "1" }\n'
    )
    instrument = Instrument(
        tick_size=Decimal("0.25"),
        lot_size=Decimal(1),
        min_qty=Decimal(2),
        currency="USD",
        multiplier=Decimal(50),
        allow_negative=True,
        commission=Commission(Decimal("0.85"), Decimal("0.001"), Decimal(1)),
        sessions=XNYS,
    )
    default = Instrument(lot_size=Decimal("0.01"), currency="EUR")
    found = read(text)
    assert found == Instruments((("SPX*", instrument), ("ES?", instrument)), default)
    assert [found.of(symbol) == instrument for symbol in ("SPX", "SPXW", "ESZ", "ES", "ESZ6")] == [
        *(True, True, True, False, False)
    ]
    assert from_content(to_content(text, FILE, calendar_of), "option") == found


def test_a_pattern_of_many_stars_is_decided_at_once() -> None:
    found = read(f'{DEFAULT}[[instrument]]\nsymbols = ["{"*A" * 32}", "*.?X*C"]\ncurrency = "USD"\n')
    symbols = ("A" * 63 + "B", "A" * 64, "..1X.XC", ".XC")
    assert [found.of(symbol).currency for symbol in symbols] == ["EUR", "USD", "USD", "EUR"]


@pytest.mark.parametrize("symbol", ["中文", "ÖL 1", "A,B=C", " X", 'Q"', "Ж" * 64])
def test_every_symbol_that_a_tick_can_have_can_be_named(symbol: str) -> None:
    text = DEFAULT + f"[[instrument]]\nsymbols = [{json.dumps(symbol)}]\ntick_size = '5'\n"
    assert read(text).of(symbol).tick_size == 5


def test_what_an_instrument_leaves_out_is_the_defaults() -> None:
    text = DEFAULT + 'calendar = "XNYS"\n[[instrument]]\nsymbols = ["A"]\ncalendar = "24/7"\n'
    found = read(text)
    assert found.of("A") == Instrument(lot_size=Decimal("0.01"), currency="EUR")
    assert found.of("B").sessions == XNYS


def test_the_shipped_file_is_valid_and_as_loose_as_before_for_unknown_symbols() -> None:
    found = read(SHIPPED)
    assert found.of("SPY") == Instrument()
    assert {symbol: found.of(symbol).currency for symbol in ("VTI", "EURUSD", "BTCUSDT")} == {
        "VTI": "USD",
        "EURUSD": "USD",
        "BTCUSDT": "USDT",
    }
    assert found.of("IVE").tick_size == Decimal("0.01")
    assert found.calendars == []


def test_its_examples_are_valid_too() -> None:
    examples = SHIPPED[SHIPPED.index("# [[instrument]]") :].replace("# ", "").replace("#\n", "\n")
    found = from_toml(SHIPPED + examples, FILE, lambda name: Sessions(name, []))
    assert [each.name for each in found.calendars] == ["XNYS", "forex"]


DECIMAL = "must be a decimal string above 0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "[default] is missing: it must have lot_size and currency"),
        ("default = 3", "[default] is missing: it must have lot_size and currency"),
        ('[default]\nlot_size = "1"', "[default]: currency is missing: it must be a name of 2 to 10 of A-Z"),
        (DEFAULT + "ticks = 1", "[default]: unknown key ticks: allowed are tick_size, lot_size, "),
        (DEFAULT + "[instruments]", "unknown key instruments: allowed are [default] and [[instrument]]"),
        (DEFAULT + "[instrument]", "instrument must be a list of tables, each below a line [[instrument]]"),
        (DEFAULT + "tick_size = 0.01", f"[default]: tick_size = 0.01: {DECIMAL}"),
        (DEFAULT + 'tick_size = "0"', f'[default]: tick_size = "0": {DECIMAL}'),
        (DEFAULT + 'min_qty = "-1"', f'[default]: min_qty = "-1": {DECIMAL}'),
        (DEFAULT + 'multiplier = "1e2"', f'[default]: multiplier = "1e2": {DECIMAL}'),
        (DEFAULT + 'calendar = "NYSE!"', '[default]: calendar = "NYSE!": must be the name of a calendar: '),
        (DEFAULT + "calendar = 247", "[default]: calendar = 247: must be the name of a calendar: "),
        (DEFAULT + "allow_negative = 1", "[default]: allow_negative = 1: must be true or false"),
        (DEFAULT + 'commission = "1"', '[default]: commission = "1": must be a table of per_share, rate'),
        (DEFAULT + "commission = { rate = 1 }", '[default]: commission = {"rate": 1}: must be a table of'),
        (DEFAULT + 'commission = { fee = "1" }', '[default]: commission = {"fee": "1"}: must be a table of'),
        (DEFAULT + "[[instrument]]", "[[instrument]] 1: symbols is missing: it must be a list of symbols"),
        (DEFAULT + "[[instrument]]\nsymbols = []", "[[instrument]] 1: symbols = []: must be a list of"),
        (DEFAULT + '[[instrument]]\nsymbols = "A"', '[[instrument]] 1: symbols = "A": must be a list of'),
        (
            DEFAULT + '[[instrument]]\nsymbols = ["A\\\\"]',
            '[[instrument]] 1: symbols = ["A\\\\"]: must be a list of',
        ),
        (DEFAULT + '[[instrument]]\nsymbols = [""]', '[[instrument]] 1: symbols = [""]: must be a list of'),
        (
            DEFAULT + '[[instrument]]\nsymbols = ["A"]\n[[instrument]]\nsymbols = ["B", "A"]',
            'the symbols "A" have two instruments: remove one',
        ),
        (DEFAULT + 'currency = "usd"', "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_told_with_what_is_allowed(text: str, told: str) -> None:
    found = fault(text)
    assert found.startswith(f"{FILE}: {told}" if "TOML" not in told else f"{FILE} {told}")


def test_a_currency_is_a_short_name() -> None:
    for wrong in ('"usd"', '"$"', '"U"', '"ABCDEFGHIJK"', "1"):
        assert "currency = " in fault(f'[default]\nlot_size = "1"\ncurrency = {wrong}\n')
