import json

import pytest

from fintank import settings
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT

ADDRESSES = json.loads((PROJECT_ROOT / "tests" / "addresses.json").read_text())
"""Addresses that the JVM accepts and refuses too: tests/clj/fintank/storm/settings_test.clj."""


def test_kafka_may_be_several_brokers() -> None:
    loaded = settings.load({"FINTANK_KAFKA": "a:9092, b:9093"})
    assert loaded.kafka == "a:9092,b:9093"
    assert settings.from_storm({"fintank.kafka": "c:1,d:2"}, {}).kafka == "c:1,d:2"


@pytest.mark.parametrize("wrong", ADDRESSES["refused"])
def test_an_invalid_address_among_them_is_named(wrong: str) -> None:
    with pytest.raises(FintankError, match=r"FINTANK_KAFKA=['\"].*['\"] is not an address"):
        settings.load({"FINTANK_KAFKA": f"a:1,{wrong}"})


@pytest.mark.parametrize("address", ADDRESSES["taken"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    assert settings.load({"FINTANK_KAFKA": address}).kafka == address.replace(" ", "")


def test_the_brackets_of_an_address_are_not_part_of_its_host() -> None:
    assert settings.host_and_port("[::1]:9092") == ("::1", 9092)


@pytest.mark.parametrize(
    "host", ["http://a", "a:9092", "a b", "a,b", "::1", "[a]", " ", "a..b", "a" * 64, "a." * 128]
)
def test_a_host_has_no_port_or_scheme(host: str) -> None:
    with pytest.raises(FintankError, match=r"^FINTANK_HOST='.*' is not a host: "):
        settings.load({"FINTANK_HOST": host})


@pytest.mark.parametrize("character", [*",;:%$#*?\\\"'", "\n", "\t", "\x7f", "\u2028", "\udcff"])
def test_a_home_with_special_characters_is_refused(character: str) -> None:
    with pytest.raises(FintankError, match=r"^FINTANK_HOME=['\"]/tmp/a.*b['\"]: .* can't be in the path"):
        settings.load({"FINTANK_HOME": f"/tmp/a{character}b"})


def test_a_path_may_begin_with_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/tmp/me")
    loaded = settings.load(dict.fromkeys(("FINTANK_HOME", "FINTANK_RULES", "FINTANK_INSTRUMENTS"), "~/it"))
    assert {str(loaded.home), str(loaded.rules), str(loaded.instruments)} == {"/tmp/me/it"}
    with pytest.raises(FintankError, match=r"^FINTANK_RULES='~nobody-here/r': there is no such user$"):
        settings.load({"FINTANK_RULES": "~nobody-here/r"})


@pytest.mark.parametrize("home", ["/tmp/a b", "/tmp/höme (1)", "/tmp/中文", "/tmp/a&b=c@d+e~f!"])
def test_other_homes_are_accepted(home: str) -> None:
    assert str(settings.load({"FINTANK_HOME": home}).home) == home


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FINTANK_HOST", "me:secret@a"),
        ("FINTANK_KAFKA", "SASL_SSL://me:secret@a:9092"),
        ("FINTANK_KAFKA", "SASL_SSL://me:secret,more@a:9092"),
        ("FINTANK_KAFKA", "b:9092,me:sec,secret@a:9092"),
        ("FINTANK_NIMBUS", "me:secret@a:6627"),
    ],
)
def test_no_message_shows_what_may_be_a_password(name: str, value: str) -> None:
    with pytest.raises(FintankError, match=rf"^{name}='\.\.\.@a.* is not a") as found:
        settings.load({name: value})
    assert "sec" not in str(found.value)


@pytest.mark.parametrize("name", ["fintank.kafka", "fintank.sink", "fintank.influx"])
@pytest.mark.parametrize("value", [9092, ["a:9092"], True])
def test_a_storm_option_that_is_no_text_is_one_line(name: str, value: object) -> None:
    with pytest.raises(FintankError, match=f"^{name} must be text"):
        settings.from_storm({name: value}, {})
