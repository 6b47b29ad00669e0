import json
import re
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.feeds.exchange import VenueQuote
from fintank.feeds.own_feed import load
from fintank.settings import PROJECT_ROOT

GOOD = {"url": "'ws://x'", "exchange": "'DESK'", "symbol": "'s'", "bid": "'b'", "ask": "'a'"}


def written(folder: Path, values: dict[str, str]) -> Path:
    path = folder / "feeds.toml"
    path.write_text("[desk]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))
    return path


def test_without_the_file_there_are_no_feeds(tmp_path: Path) -> None:
    assert load(tmp_path / "feeds.toml") == {}


def test_a_feed_asks_with_its_own_text(tmp_path: Path) -> None:
    found = load(written(tmp_path, {**GOOD, "subscribe": '\'{"op": "sub", "symbols": {symbols}}\''}))
    assert found["desk"].subscriptions(["A", "B"]) == ['{"op": "sub", "symbols": ["A", "B"]}']


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"colour": "'red'"}, "unknown key colour: allowed are url, exchange"),
        ({"bid": "5"}, "bid = 5: must be text"),
        ({"exchange": "''"}, "must be the name of an exchange"),
        ({"time_unit": "'h'"}, 'time_unit = "h": must be s, ms, us, ns or iso'),
        ({"bid": "nonsense"}, "is not valid TOML"),
        ({"bid": "[" * 10_000}, "is not valid TOML"),
        ({"bid": "9" * 5_000}, "is not valid TOML"),
        ({"bid": "0x" + "f" * 5_000}, "bid = \\.\\.\\.: must be text"),
    ],
)
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, values: dict[str, str], message: str) -> None:
    with pytest.raises(FintankError, match=message):
        load(written(tmp_path, {**GOOD, **values}))


def test_the_example_of_the_page_reads_a_message_of_its_form(tmp_path: Path) -> None:
    page = (PROJECT_ROOT / "docs" / "producers.md").read_text()
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "feeds.toml").write_text(example)
    feed = load(tmp_path / "feeds.toml")["desk"]
    assert json.loads(feed.subscriptions(["IVE"])[0]) == {"op": "subscribe", "symbols": ["IVE"]}
    sides = '"bids": [{"price": 93.97, "qty": 100}], "asks": [{"price": 94.19, "qty": 200}]'
    message = f'{{"data": {{"sym": "IVE", {sides}, "ts": 1764000000123}}}}'
    assert feed.parsed(message) == VenueQuote(
        *("IVE", "93.97", "94.19", "100", "200"), time_us=1_764_000_000_123_000
    )


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match="desk: ask is missing"):
        load(written(tmp_path, {key: value for key, value in GOOD.items() if key != "ask"}))


def test_an_iso_time_without_a_zone_says_so(tmp_path: Path) -> None:
    feed = load(written(tmp_path, {**GOOD, "time": "'t'", "time_unit": "'iso'"}))["desk"]
    quote = feed.parsed('{"s": "IVE", "b": 1, "a": 2, "t": "1970-01-01T01:00:01+01:00"}')
    assert isinstance(quote, VenueQuote)
    assert quote.time_us == 1_000_000
    with pytest.raises(ValueError, match=r"^2026-01-01T00:00:00 has no zone, such as Z"):
        feed.parsed('{"s": "IVE", "b": 1, "a": 2, "t": "2026-01-01T00:00:00"}')
