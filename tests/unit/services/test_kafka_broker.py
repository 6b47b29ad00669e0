from fintank.services.kafka_broker import login_properties


def test_without_a_user_the_broker_needs_no_login() -> None:
    assert login_properties({}) == ""


def test_the_broker_logs_in_as_the_only_user() -> None:
    lines = login_properties({"FINTANK_KAFKA_USER": "trader", "FINTANK_KAFKA_PASSWORD": "pw"})
    assert 'username="trader" password="pw" user_trader="pw";\n' in lines
    assert "sasl.enabled.mechanisms=PLAIN\n" in lines


def test_a_password_is_escaped_for_jaas_and_for_javas_properties() -> None:
    lines = login_properties({"FINTANK_KAFKA_USER": "u", "FINTANK_KAFKA_PASSWORD": 'a"b\\c'})
    # JAAS reads \" and \\ between quotes, and properties read \\ as one backslash before that.
    assert r'password="a\\"b\\\\c"' in lines
