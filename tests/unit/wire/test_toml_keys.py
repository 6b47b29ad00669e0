"""A name or a value of a TOML file in a message: one short line, whatever is in it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fintank import scale
from fintank.errors import FintankError
from fintank.feeds import own_feed
from fintank.trading.sessions import Sessions
from fintank.wire import instruments_toml, rules_toml
from fintank.wire.toml_keys import shown, shown_name

NAMES = ["a\\nb", "\\u001b[31m", "\\u202e", "", "k" * 100_000]
CHARS_MAX = 600


def no_calendar(_: str) -> Sessions:
    raise ValueError


READERS: Mapping[str, Callable[[Path], object]] = {
    "rules": lambda file: rules_toml.from_toml(file.read_text(), "x.toml"),
    "instruments": lambda file: instruments_toml.from_toml(file.read_text(), "x.toml", no_calendar),
    "scale": lambda file: scale.load({"FINTANK_SCALE": str(file)}),
    "feeds": own_feed.load,
    "a feed": own_feed.load,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reader", READERS)
def test_any_name_is_told_in_one_line(tmp_path: Path, reader: str, name: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(("[desk]\n" if reader == "a feed" else "") + f'"{name}" = 1\n')
    with pytest.raises(FintankError) as found:
        READERS[reader](file)
    assert str(found.value).isprintable()
    assert len(str(found.value)) < CHARS_MAX


@pytest.mark.parametrize("value", ['"a\\n\\u001b"', f'"{"x" * 100_000}"'])
@pytest.mark.parametrize("key", ["exchange", "time_unit"])
def test_any_value_of_a_feed_is_told_in_one_line(tmp_path: Path, key: str, value: str) -> None:
    table = {"url": "'u'", "exchange": "'E'", "symbol": "'s'", "bid": "'b'", "ask": "'a'", key: value}
    file = tmp_path / "x.toml"
    file.write_text("[desk]\n" + "".join(f"{name} = {text}\n" for name, text in table.items()))
    with pytest.raises(FintankError) as found:
        own_feed.load(file)
    assert str(found.value).isprintable()
    assert len(str(found.value)) < CHARS_MAX


def test_a_name_is_shown_as_in_the_file_and_a_long_value_is_cut() -> None:
    assert [*map(shown_name, ("rule-engine", "a b", "é"))] == ["rule-engine", '"a b"', '"\\u00e9"']
    assert (shown("x" * 198), shown("x" * 199)) == (f'"{"x" * 198}"', f'"{"x" * 199}...')


def test_a_scale_that_is_a_pipe_is_one_line_and_not_waited_for() -> None:
    with pytest.raises(FintankError, match=r"^/dev/null can't be read \(not a file\): FINTANK_SCALE"):
        scale.load({"FINTANK_SCALE": "/dev/null"})
