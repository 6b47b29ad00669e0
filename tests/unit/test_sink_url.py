"""The URL of the sink, from the environment and as a Storm option."""

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
