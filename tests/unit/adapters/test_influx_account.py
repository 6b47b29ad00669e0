"""The account for InfluxDB."""

import base64

from fintank.adapters import influx_account


def test_the_account_of_the_environment_is_sent():
    sent = influx_account.headers({"FINTANK_INFLUX_USER": "fintank", "FINTANK_INFLUX_PASSWORD": "p:w"})
    assert sent == {"authorization": "Basic " + base64.b64encode(b"fintank:p:w").decode()}


def test_without_a_user_nothing_is_sent():
    assert influx_account.headers({"FINTANK_INFLUX_PASSWORD": "secret"}) == {}
    assert influx_account.headers({}) == {}
