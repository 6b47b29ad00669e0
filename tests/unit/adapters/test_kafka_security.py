import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority

from fintank.adapters import kafka_security
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT

CASES = json.loads((PROJECT_ROOT / "tests" / "kafka_security.json").read_text())
"""Shared with the JVM: see tests/clj/fintank/storm/security_test.clj."""
KAFKA = {"FINTANK_KAFKA_USER": "trader", "FINTANK_KAFKA_PASSWORD": "p w"}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Authority(tmp_path_factory.mktemp("ca") / "ca").ca


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_ROOT)


def environ_of(case: dict[str, Any], ca: Path) -> dict[str, str]:
    return {name: value.replace("$CA", str(ca)) for name, value in case["environ"].items()}


@pytest.mark.parametrize("case", CASES["taken"], ids=itertools.count())
def test_protocol_and_mechanism_follow_from_what_is_set(ca: Path, case: dict[str, Any]) -> None:
    environ = environ_of(case, ca)
    security = kafka_security.load(environ)
    assert (security.protocol, security.mechanism) == (case["protocol"], case["mechanism"])
    options = kafka_security.confluent_options(environ)
    assert options.get("security.protocol", "PLAINTEXT") == case["protocol"]
    assert options.get("sasl.mechanism", "") == case["mechanism"]
    assert options.get("ssl.ca.location", "") == environ.get("FINTANK_KAFKA_CA", "")


@pytest.mark.parametrize("case", CASES["refused"], ids=itertools.count())
def test_what_is_unknown_or_contradicts_itself_is_refused(ca: Path, case: dict[str, Any]) -> None:
    with pytest.raises(FintankError) as error:
        kafka_security.load(environ_of(case, ca))
    assert case["fault"] in str(error.value)
    assert "\n" not in str(error.value)


def test_both_clients_of_python_get_the_same() -> None:
    assert kafka_security.confluent_options({}) == kafka_security.kafka_python_options({}) == {}
    assert kafka_security.confluent_options(KAFKA) == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "trader",
        "sasl.password": "p w",
    }
    assert kafka_security.kafka_python_options(KAFKA) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "trader",
        "sasl_plain_password": "p w",
    }


def test_the_ca_has_a_name_of_its_own_in_each_client(ca: Path) -> None:
    environ = {"FINTANK_KAFKA_CA": str(ca)}
    assert kafka_security.confluent_options(environ)["ssl.ca.location"] == str(ca)
    assert kafka_security.kafka_python_options(environ)["ssl_cafile"] == str(ca)
