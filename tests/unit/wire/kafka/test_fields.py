"""Reading the fields of a JSON message."""

from decimal import Decimal

import pytest

from fintank.trading.decimals import plain
from fintank.wire.kafka.fields import MalformedError, parsed


def test_null_counts_as_absent():
    fields = parsed('{"a": null, "b": 0}')
    assert [fields.has(name) for name in "abc"] == [False, True, False]
    with pytest.raises(MalformedError, match='MISSING_FIELD field="a"'):
        fields.number("a")


def test_a_number_can_be_text():
    fields = parsed('{"number": 0.10, "text": "0.10", "exponent": 1E-1}')
    assert {fields.number(name) for name in ("number", "text", "exponent")} == {Decimal("0.1")}


def test_a_whole_number_can_have_a_point_but_not_be_text():
    fields = parsed('{"a": 5.0, "b": "5", "c": 5.5, "d": 9223372036854775807, "e": 9223372036854775808}')
    assert (fields.whole_number("a"), fields.whole_number("d")) == (5, 2**63 - 1)
    for name in "bc":
        with pytest.raises(MalformedError, match=r"expected=.integer"):
            fields.whole_number(name)
    with pytest.raises(MalformedError, match="out of range"):
        fields.whole_number("e")


@pytest.mark.parametrize("zero", ["-0", "-0.0", '"-0"', '"-0.00"', "-0e-9", "0"])
def test_minus_zero_is_zero(zero):
    assert plain(parsed(f'{{"n": {zero}}}').number("n")) == "0"
    assert not parsed(f'{{"n": {zero}}}').number("n").is_signed()


def test_a_number_has_a_bounded_exponent():
    fields = parsed('{"a": 1e1000, "b": 1e1001, "c": "1e-1000", "d": 0.5e-1000}')
    assert (fields.number("a"), fields.number("c")) == (Decimal("1e1000"), Decimal("1e-1000"))
    for name in "bd":
        with pytest.raises(MalformedError, match="out of range"):
            fields.number(name)


def test_an_error_inside_a_list_names_the_index():
    fields = parsed('{"list": [{"n": 1}, {"n": true}], "texts": ["a", 5]}')
    first, second = fields.objects("list")
    assert first.number("n") == 1
    with pytest.raises(
        MalformedError, match=r'BAD_TYPE field="list\[1\]\.n" expected="number" type="boolean"'
    ):
        second.number("n")
    with pytest.raises(MalformedError, match=r'BAD_TYPE field="texts\[1\]" expected="string"'):
        fields.texts("texts")


def test_of_two_fields_with_one_name_the_last_one_counts():
    assert parsed('{"a": 1, "a": 2}').number("a") == 2
