"""rules.toml: values are read exactly, errors name the key and the cure."""

import json
import tomllib
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.limits import Limits
from fintank.wire.rules_toml import from_json, from_toml, to_json

SHIPPED = (PROJECT_ROOT / "rules.toml").read_text()
GOOD = {
    "max_quote_lag_ms": 2000,
    "max_quote_age_ms": 5000,
    "aggregation_window_ms": 250,
    "retention_ms": 60_000,
    "time_zone": "Europe/Berlin",
    "symbols": ["IVE", "VTI"],
    "max_order_qty": "1000.5",
    "max_order_notional": "2000000",
    "max_open_orders": 7,
    "price_band": "0.25",
    "market_collar": "0.05",
}


def toml(**changes):
    values = {**GOOD, **changes}
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not ...)


def fault(text):
    with pytest.raises(FintankError) as raised:
        from_toml(text, "rules.toml")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_every_key_sets_its_limit():
    assert from_toml(toml(), "rules.toml") == Limits(
        max_quote_lag_us=2_000_000,
        max_quote_age_us=5_000_000,
        aggregation_window_us=250_000,
        retention_us=60_000_000,
        time_zone=ZoneInfo("Europe/Berlin"),
        symbols=frozenset({"IVE", "VTI"}),
        max_order_qty=Decimal("1000.5"),
        max_order_notional=Decimal(2_000_000),
        max_open_orders=7,
        price_band=Decimal("0.25"),
        market_collar=Decimal("0.05"),
    )


def test_the_shipped_file_is_valid_and_comments_every_key():
    limits = from_toml(SHIPPED, "rules.toml")
    assert set(tomllib.loads(SHIPPED)) == set(GOOD)
    assert limits.max_quote_age_us == 300_000_000
    lines = SHIPPED.split("\n")
    assert all(key in "\n".join(lines[1:]) for key in GOOD)


@pytest.mark.parametrize("key", ["max_order_qty", "max_order_notional", "max_open_orders", "price_band"])
def test_an_absent_optional_limit_is_none(key):
    assert getattr(from_toml(toml(**{key: ...}), "rules.toml"), key) is None


def test_an_absent_lag_or_collar_has_its_default():
    assert from_toml(toml(max_quote_lag_ms=...), "rules.toml").max_quote_lag_us == 5_000_000
    assert from_toml(toml(market_collar=...), "rules.toml").market_collar == Decimal("0.1")


@pytest.mark.parametrize(
    "key", ["max_quote_age_ms", "aggregation_window_ms", "retention_ms", "time_zone", "symbols"]
)
def test_every_other_key_is_required(key):
    assert fault(toml(**{key: ...})).startswith(f"rules.toml: {key} is missing: it must be ")


def test_an_unknown_key_is_named_with_the_allowed_ones():
    told = fault(toml(max_quote_age=5))
    assert told.startswith("rules.toml: unknown key max_quote_age: allowed are max_quote_lag_ms, ")
    assert told.endswith("market_collar")


WHOLE = "must be a whole number from"
DECIMAL = "must be a decimal string above 0"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("max_quote_age_ms", 0, f"0: {WHOLE} 1 to 316224000000"),
        ("max_quote_age_ms", 1.5, f"1.5: {WHOLE} 1 to"),
        ("max_quote_age_ms", "1", f'"1": {WHOLE} 1 to'),
        ("max_quote_age_ms", True, f"true: {WHOLE} 1 to"),
        ("max_quote_age_ms", 10**15, f"1000000000000000: {WHOLE} 1 to"),
        ("aggregation_window_ms", -1, f"-1: {WHOLE} 0 to"),
        ("retention_ms", 0, f"0: {WHOLE} 1 to"),
        ("max_open_orders", 0, f"0: {WHOLE} 1 to 10000000"),
        ("max_order_qty", "0", f'"0": {DECIMAL}'),
        ("max_order_qty", "-1", f'"-1": {DECIMAL}'),
        ("max_order_qty", 0.01, f"0.01: {DECIMAL}"),
        ("max_order_qty", "1e-3", f'"1e-3": {DECIMAL}'),
        ("max_order_qty", "0." + "0" * 30 + "1", f'"0.{"0" * 30}1": {DECIMAL}'),
        ("max_order_qty", "1000000000000000000", f'"1000000000000000000": {DECIMAL}'),
        ("max_order_notional", "NaN", f'"NaN": {DECIMAL}'),
        ("price_band", "", f'"": {DECIMAL}'),
        ("time_zone", "Mars/Olympus", '"Mars/Olympus": must be the name of a time zone'),
        ("time_zone", "America", '"America": must be the name of a time zone'),
        ("time_zone", "../etc", '"../etc": must be the name of a time zone'),
        ("time_zone", 1, "1: must be the name of a time zone"),
        ("symbols", "IVE", '"IVE": must be a list of different symbols'),
        ("symbols", ["CASH"], '["CASH"]: must be a list of different symbols'),
        ("symbols", [""], '[""]: must be a list of different symbols'),
        ("symbols", ["IVE", "IVE"], '["IVE", "IVE"]: must be a list of different symbols'),
        ("symbols", [5], "[5]: must be a list of different symbols"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(key, value, told):
    assert fault(toml(**{key: value})).startswith(f"rules.toml: {key} = {told}")


@pytest.mark.parametrize(
    ("key", "value"), [("aggregation_window_ms", 0), ("max_quote_age_ms", 1), ("symbols", [])]
)
def test_the_smallest_values_are_allowed(key, value):
    assert from_toml(toml(**{key: value}), "rules.toml")


def test_a_table_or_a_date_is_not_a_value():
    assert "max_open_orders = " in fault(toml(max_open_orders=...) + "\n[max_open_orders]\nx = 1")
    assert "price_band = " in fault(toml(price_band=...) + "\nprice_band = 2020-01-01")


def test_invalid_toml_is_an_error():
    assert fault("max_quote_age_ms = ").startswith("rules.toml is not valid TOML: Invalid value (at")
    for value in ("[" * 10_000, "9" * 5_000):
        assert fault(f"max_quote_age_ms = {value}").startswith("rules.toml is not valid TOML: ")
    told = fault(f"max_quote_age_ms = 0x{'f' * 5_000}")
    assert told.startswith("rules.toml: max_quote_age_ms = ...: must be a whole number")


def test_the_bolts_get_the_same_limits_as_json():
    instruments = {"default": {"lot_size": "5", "currency": "EUR"}, "calendars": {}}
    found = from_json(to_json(toml(), "rules.toml", instruments), "fintank.rules")
    assert found.instruments.default == Instrument(lot_size=Decimal(5), currency="EUR")
    assert replace(found, instruments=Instruments()) == from_toml(toml(), "rules.toml")
    with pytest.raises(FintankError, match=r"rules\.toml: time_zone is missing"):
        to_json(toml(time_zone=...), "rules.toml", {})


def test_the_lot_of_an_older_file_is_told_with_its_cure():
    told = "rules.toml: lot_size is in instruments.toml now: move the line there, below [default]"
    assert fault(toml(lot_size="0.01")) == told
