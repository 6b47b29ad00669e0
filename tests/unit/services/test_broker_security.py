from dataclasses import replace

import pytest

from fintank.adapters.kafka_security import KafkaSecurity
from fintank.errors import FintankError
from fintank.services import broker_security

PLAIN = KafkaSecurity("SASL_PLAINTEXT", "PLAIN", "trader", "pw", "")
SCRAM = KafkaSecurity("SASL_SSL", "SCRAM-SHA-512", "trader", "pw", "/ca.pem")


def test_without_a_user_the_broker_needs_no_login() -> None:
    assert broker_security.properties(KafkaSecurity("PLAINTEXT", "", "", "", ""), "") == ""


def test_the_broker_logs_in_as_the_only_user() -> None:
    lines = broker_security.properties(PLAIN, "")
    assert 'username="trader" password="pw" user_trader="pw";\n' in lines
    assert "sasl.enabled.mechanisms=PLAIN\n" in lines
    lines = broker_security.properties(SCRAM, "/server.pem")
    assert "listener.name.broker.scram-sha-512.sasl.jaas.config=" in lines
    assert 'scram.ScramLoginModule required username="trader" password="pw";\n' in lines
    assert "ssl.keystore.location=/server.pem\n" in lines
    assert "ssl.truststore.location=/ca.pem\n" in lines


def test_a_password_is_escaped_for_jaas_and_for_javas_properties() -> None:
    # JAAS reads \" and \\ between quotes, and properties read \\ as one backslash before that.
    assert r'password="a\\"b\\\\c"' in broker_security.properties(replace(PLAIN, password='a"b\\c'), "")


def test_a_broker_that_no_client_could_reach_is_not_started() -> None:
    with pytest.raises(FintankError, match="with its private key and certificate in FINTANK_KAFKA_KEYSTORE"):
        broker_security.check(SCRAM, "")
    with pytest.raises(FintankError, match="FINTANK_KAFKA_KEYSTORE=/none can't be read"):
        broker_security.check(SCRAM, "/none")
    with pytest.raises(FintankError, match="set FINTANK_KAFKA_CA too"):
        broker_security.check(PLAIN, "/server.pem")
    with pytest.raises(FintankError, match="a user name can't contain ,"):
        broker_security.check(replace(SCRAM, protocol="SASL_PLAINTEXT", user="a,b"), "")
