from dataclasses import replace
from pathlib import Path

import pytest
from support.certificates import Authority

from fintank.adapters.kafka_security import KafkaSecurity
from fintank.errors import FintankError
from fintank.services import broker_security

PLAIN = KafkaSecurity("SASL_PLAINTEXT", "PLAIN", "trader", "open-sesame", "")
SCRAM = KafkaSecurity("SASL_SSL", "SCRAM-SHA-512", "trader", "open-sesame", "/ca.pem")


def test_without_a_user_the_broker_needs_no_login() -> None:
    assert broker_security.properties(KafkaSecurity("PLAINTEXT", "", "", "", ""), "") == ""


def test_the_broker_logs_in_as_the_only_user() -> None:
    lines = broker_security.properties(PLAIN, "")
    assert 'username="trader" password="open-sesame" user_trader="open-sesame";\n' in lines
    assert "sasl.enabled.mechanisms=PLAIN\n" in lines
    lines = broker_security.properties(SCRAM, "/server.pem")
    assert "listener.name.broker.scram-sha-512.sasl.jaas.config=" in lines
    assert 'scram.ScramLoginModule required username="trader" password="open-sesame";\n' in lines
    assert "ssl.keystore.location=/server.pem\n" in lines
    assert "ssl.truststore.location=/ca.pem\n" in lines


def test_a_password_is_escaped_for_jaas_and_for_javas_properties() -> None:
    # JAAS reads \" and \\ between quotes, and properties read \\ as one backslash before that.
    assert r'password="a\\"b\\\\c"' in broker_security.properties(replace(PLAIN, password='a"b\\c'), "")


def test_a_broker_that_no_client_could_reach_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match="with its private key and certificate in FINTANK_KAFKA_KEYSTORE"):
        broker_security.check(SCRAM, "")
    with pytest.raises(FintankError, match="FINTANK_KAFKA_KEYSTORE=/none can't be read"):
        broker_security.check(SCRAM, "/none")
    authority = Authority(tmp_path / "ca")
    broker_security.check(SCRAM, str(authority.sign()))
    with pytest.raises(
        FintankError, match=r"FINTANK_KAFKA_KEYSTORE=.*ca\.pem is not an unencrypted private key"
    ):
        broker_security.check(SCRAM, str(authority.ca))
    with pytest.raises(FintankError, match="set FINTANK_KAFKA_CA too"):
        broker_security.check(PLAIN, "/server.pem")
    with pytest.raises(FintankError, match="a user name can't contain ,"):
        broker_security.check(replace(SCRAM, protocol="SASL_PLAINTEXT", user="a,b"), "")


def test_data_knows_the_scram_user_it_was_made_for(tmp_path: Path) -> None:
    file = tmp_path / "kafka-user"
    assert broker_security.scram_user(PLAIN, file, is_formatted=False) == ""
    made = broker_security.scram_user(SCRAM, file, is_formatted=False)
    assert made.startswith('SCRAM-SHA-512=[name="trader",iterations=8192,salt="')
    assert "open-sesame" not in made  # base64 has no -, so it can't be there by chance
    assert (file.stat().st_mode & 0o777, file.read_text()) == (0o600, made)
    # Of three brokers each is formatted with it, and it outlives restarts.
    assert broker_security.scram_user(SCRAM, file, is_formatted=False) == made
    assert broker_security.scram_user(SCRAM, file, is_formatted=True) == made
    for other in ({"password": "x"}, {"user": "x"}, {"mechanism": "SCRAM-SHA-256"}):
        with pytest.raises(FintankError, match="Kafka's data here was made with another"):
            broker_security.scram_user(replace(SCRAM, **other), file, is_formatted=True)
    for damaged in (b"", b'salt="A"', b"\xff"):
        file.write_bytes(damaged)
        with pytest.raises(FintankError, match="Kafka's data here was made with another"):
            broker_security.scram_user(SCRAM, file, is_formatted=True)
    with pytest.raises(FintankError, match="delete all data with `invoke reset`"):
        broker_security.scram_user(SCRAM, tmp_path / "none", is_formatted=True)
