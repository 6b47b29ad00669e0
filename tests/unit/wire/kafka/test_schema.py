"""Writing messages; what the messages look like stands with executions and fills."""

from decimal import Decimal

import pytest

from fintank.wire.kafka.schema import decimal_text


@pytest.mark.parametrize(
    ("value", "text"), [("1.50", "1.5"), ("1E+2", "100"), ("1E-7", "0.0000001"), ("-3", "-3"), ("0.00", "0")]
)
def test_a_decimal_is_plain_text(value, text):
    assert decimal_text(Decimal(value)) == text


@pytest.mark.parametrize("value", [object(), {1}, 1j])
def test_nothing_else_is_written(value):
    with pytest.raises(TypeError, match="has no form on the wire"):
        decimal_text(value)
