import itertools
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.sink_url import SinkUrl

CASES = json.loads((PROJECT_ROOT / "tests" / "secrets.json").read_text())
"""Shared with the JVM: see tests/clj/fintank/storm/security_test.clj."""
INFLUXDB = SinkUrl("influxdb", "localhost:8086")
KAFKA = {"FINTANK_KAFKA_USER": "trader", "FINTANK_KAFKA_PASSWORD": "p w"}


def secrets(folder: Path, mode: int, text: str) -> dict[str, str]:
    file = folder / "secrets"
    file.write_bytes(text.encode())
    file.chmod(mode)
    return {"FINTANK_SECRETS": str(file)}


def test_without_a_user_nothing_is_sent() -> None:
    assert credentials.sink_login(INFLUXDB, {}) == ("", "")
    assert credentials.secret("FINTANK_KAFKA_USER", {}) == ""


def test_credentials_may_be_in_any_script() -> None:
    login = credentials.sink_login(INFLUXDB, {"FINTANK_INFLUX_USER": "中", "FINTANK_INFLUX_PASSWORD": "é:"})
    assert login == ("中", "é:")
    assert credentials.sink_login(replace(INFLUXDB, login="%E4%B8%AD:%C3%A9%3A"), {}) == ("中", "é:")


def test_a_password_that_is_not_utf8_is_refused_and_not_shown() -> None:
    with pytest.raises(FintankError, match=r"^FINTANK_SINK_PASSWORD is not valid UTF-8$"):
        credentials.sink_login(INFLUXDB, {"FINTANK_SINK_PASSWORD": os.fsdecode(b"secret\xff")})


def test_secrets_must_not_be_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(FintankError, match=r"^FINTANK_SECRETS=.*/pipe is a pipe: name a file$"):
        credentials.secret("FINTANK_KAFKA_USER", {"FINTANK_SECRETS": str(tmp_path / "pipe")})


def test_the_url_goes_before_the_sinks_login_and_that_before_influxdbs() -> None:
    influxdbs = {"FINTANK_INFLUX_USER": "a", "FINTANK_INFLUX_PASSWORD": "b"}
    environ = {**influxdbs, "FINTANK_SINK_USER": "c", "FINTANK_SINK_PASSWORD": "d"}
    assert credentials.sink_login(INFLUXDB, influxdbs) == ("a", "b")
    assert credentials.sink_login(INFLUXDB, environ) == ("c", "d")
    assert credentials.sink_login(replace(INFLUXDB, login="e:f"), environ) == ("e", "f")
    assert credentials.sink_login(INFLUXDB, {"FINTANK_SINK_PASSWORD": "token"}) == ("", "token")
    assert credentials.sink_login(SinkUrl("questdb", "localhost:9000"), influxdbs) == ("", "")


def test_the_file_has_what_the_environment_lacks(tmp_path: Path) -> None:
    text = "# FINTANK_INFLUX_USER=x\nFINTANK_KAFKA_USER=filed\n\nFINTANK_KAFKA_PASSWORD=a=b\n"
    environ = secrets(tmp_path, 0o600, text)
    assert credentials.secret("FINTANK_KAFKA_PASSWORD", environ) == "a=b"
    assert credentials.secret("FINTANK_KAFKA_USER", environ) == "filed"
    assert credentials.secret("FINTANK_KAFKA_USER", environ | KAFKA) == "trader"
    assert credentials.secret("FINTANK_INFLUX_USER", environ) == ""


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(FintankError, match="can be read by others: run `chmod 600"):
        credentials.sink_login(INFLUXDB, secrets(tmp_path, mode, "FINTANK_INFLUX_USER=a\n"))


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(FintankError, match=r"FINTANK_SECRETS=/none can't be read: No such file"):
        credentials.secret("FINTANK_KAFKA_USER", {"FINTANK_SECRETS": "/none"})


@pytest.mark.parametrize("case", CASES["read"], ids=itertools.count())
def test_a_file_may_be_written_by_editors_and_shells(tmp_path: Path, case: dict[str, str]) -> None:
    assert credentials.secret(case["name"], secrets(tmp_path, 0o600, case["text"])) == case["value"]


@pytest.mark.parametrize("text", CASES["refused"])
def test_an_unknown_line_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(FintankError, match="only lines NAME=VALUE of FINTANK_KAFKA_USER, ") as error:
        credentials.secret("FINTANK_KAFKA_USER", secrets(tmp_path, 0o600, text))
    assert "trader" not in str(error.value)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    environ = secrets(tmp_path, 0o600, "")
    (tmp_path / "secrets").write_bytes(b"FINTANK_KAFKA_USER=\xe9")
    with pytest.raises(FintankError, match=r"can.t be read: it is not UTF-8 text$"):
        credentials.secret("FINTANK_KAFKA_USER", environ)
