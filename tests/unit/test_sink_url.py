"""The URL of the sink, from the environment and as a Storm option."""

import re

import pytest

from fintank import settings
from fintank.errors import FintankError


def sink(**environ: str) -> settings.SinkUrl:
    return settings.load(environ).sink


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "influxdb://localhost:8086/prices_development"),
        ({"FINTANK_HOST": "box"}, "influxdb://box:8086/prices_development"),
        ({"FINTANK_INFLUX": "box:1"}, "influxdb://box:1/prices_development"),
        ({"FINTANK_SINK": "influxdb", "FINTANK_INFLUX": "box:1"}, "influxdb://box:1/prices_development"),
        ({"FINTANK_SINK": "influxdbs://a:b@box/mine"}, "influxdbs://box:8086/mine"),
        ({"FINTANK_SINK": "influxdb://a:p%40ss@[::1]:99"}, "influxdb://[::1]:99/prices_development"),
        ({"FINTANK_SINK": "questdb", "FINTANK_HOST": "box"}, "questdb://box:9000"),
        ({"FINTANK_SINK": "questdb://[::1]"}, "questdb://[::1]:9000"),
        ({"FINTANK_SINK": "postgres"}, "postgresql://localhost:5432/prices_development"),
        ({"FINTANK_SINK": "postgresql://db/trades"}, "postgresql://db:5432/trades"),
        ({"FINTANK_SINK": "questdb://q:1/", "FINTANK_INFLUX": "box:1"}, "questdb://q:1"),
        ({"FINTANK_SINK": "Postgres"}, "postgresql://localhost:5432/prices_development"),
        ({"FINTANK_SINK": "INFLUXDB://box/Mine"}, "influxdb://box:8086/Mine"),
        ({"FINTANK_SINK": "INFLUXDB", "FINTANK_INFLUX": "box:1"}, "influxdb://box:1/prices_development"),
        ({"FINTANK_SINK": "postgresql://u@h"}, "postgresql://h:5432/prices_development"),
    ],
)
def test_a_url_or_a_kind_names_the_sink(environ: dict[str, str], url: str) -> None:
    assert str(sink(**environ)) == url


def test_a_login_is_read_and_never_shown() -> None:
    url = sink(FINTANK_SINK="influxdbs://trader:p%40ss@box/mine")
    assert url.user_and_password == ("trader", "p@ss")
    assert url.with_login == "influxdbs://trader:p%40ss@box:8086/mine"
    assert "p%40ss" not in f"{url} {url!r} {url.shown}"


@pytest.mark.parametrize(
    ("login", "user", "password"),
    [("u", "u", ""), (":token==", "", "token=="), ("u:p@s/s:?#", "u", "p@s/s:?#"), ("u:%2Fp%25", "u", "/p%")],
)
def test_a_login_may_lack_a_part_and_hold_any_sign(login: str, user: str, password: str) -> None:
    url = sink(FINTANK_SINK=f"postgresql://{login}@h/db")
    assert (url.user_and_password, str(url)) == ((user, password), "postgresql://h:5432/db")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("influxdb://u:secret/mine", "with its @, comes host or host:port"),
        ("postgresql://u:secret@h:70000/db", "as in postgresql://localhost:5432 or postgresql://[::1]"),
        ("postgresql://u:secret@::1/db", "comes host or host:port"),
        ("postgresql://u:secret@h:/db", "comes host or host:port"),
        ("postgresql://u:secret@h/db/", "comes only the database"),
        ("postgresql://u:secret@h/db?sslmode=require", "comes only the database"),
        ("influxdb://h/my%20secret", "comes only the database"),
        ("questdb://h/secret", "a QuestDB has no databases"),
        ("questdb://u:secret%00@h", "write influxdb, "),
        ("questdb://u:secret%FC@h", "its login is not UTF-8: write ü as %C3%BC"),
    ],
)
def test_what_is_wrong_in_a_url_is_named_and_not_shown(text: str, cure: str) -> None:
    with pytest.raises(FintankError, match=re.escape(cure)) as caught:
        sink(FINTANK_SINK=text)
    assert "secret" not in str(caught.value)


def test_an_address_with_a_login_is_refused_without_it() -> None:
    with pytest.raises(FintankError, match=r"^FINTANK_INFLUX='\.\.\.@h:8086' is not an address") as caught:
        sink(FINTANK_INFLUX="http://u:secret@h:8086")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "mysql://localhost",
        "questdb://",
        "questdb://localhost:0",
        "questdb://localhost:70000",
        "questdb://localhost/db",
        "questdb://local host",
        "influxdb://secret@",
        "influxdb://localhost/a/b",
        "localhost:9000",
        "http://u:secret@localhost:9000",
    ],
)
def test_another_text_is_one_line_without_what_may_be_a_password(text: str) -> None:
    with pytest.raises(FintankError) as caught:
        sink(FINTANK_SINK=text)
    assert "FINTANK_SINK" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_storm_option_wins_but_never_holds_a_login() -> None:
    environ = {"FINTANK_SINK": "questdb://u:p@here"}
    url = settings.from_storm({"fintank.sink": "questdb://there"}, environ).sink
    assert (str(url), url.user_and_password) == ("questdb://there:9000", ("u", "p"))
    other = settings.from_storm({"fintank.sink": "influxdb://there"}, environ).sink
    assert (str(other), other.login) == ("influxdb://there:8086/prices_development", "")
    assert str(settings.from_storm({"fintank.influx": "a:1"}, environ).sink).startswith("influxdb://a:1/")
    with pytest.raises(FintankError, match=r"fintank\.sink holds a login, and Storm shows its options"):
        settings.from_storm({"fintank.sink": "questdb://u:p@there"}, environ)
