"""Line protocol: escapes, types and times. The texts were read back from an InfluxDB 1.6.7 as they are."""

from decimal import Decimal

import pytest

from fintank.wire.points.line_protocol import message_time_ns, point, record_time_ns


def test_a_point_has_tags_fields_and_a_time():
    line = point("m", {"a": "x", "b": "y"}, {"c": "text", "d": 5, "e": Decimal("1.50")}, 7)
    assert line == 'm,a=x,b=y c="text",d=5i,e=1.5 7'


def test_none_is_left_out():
    assert point("m", {"a": None, "b": "y"}, {"c": None, "d": 5}, 7) == "m,b=y d=5i 7"


@pytest.mark.parametrize(
    ("value", "written"),
    [("A B", "A\\ B"), ("a,b", "a\\,b"), ("a=b", "a\\=b"), ('q"q', 'q"q'), ("a\\b", "a\\b"), ("é", "é")],
)
def test_a_tag_is_escaped(value, written):
    assert point("m", {"a": value}, {"n": 1}, 7) == f"m,a={written} n=1i 7"


@pytest.mark.parametrize(
    ("value", "written"),
    [("a,b=c d", "a,b=c d"), ('q"q', 'q\\"q'), ("back\\", "back\\\\"), ('\\"', '\\\\\\"'), ("1i", "1i")],
)
def test_a_text_is_escaped(value, written):
    assert point("m", {}, {"t": value}, 7) == f'm t="{written}" 7'


@pytest.mark.parametrize(
    ("value", "written"),
    [("1", "1"), ("1.00", "1"), ("1E+3", "1000"), ("1E-7", "0.0000001"), ("-0.5", "-0.5"), ("0", "0")],
)
def test_a_decimal_is_a_float_in_plain_notation(value, written):
    assert point("m", {}, {"d": Decimal(value)}, 7) == f"m d={written} 7"


def test_a_ticks_offset_fills_the_digits_below_its_own_time():
    assert record_time_ns(1_438_539_936_355_217, 123_456_789) == 1_438_539_936_355_217_789
    assert record_time_ns(1_438_539_936_355_000, 123_456_789) == 1_438_539_936_355_456_789


def test_a_messages_time_is_its_millisecond_and_its_offset():
    assert message_time_ns(1_438_539_936_355_217, 123_456_789) == 1_438_539_936_355_456_789
    times = {message_time_ns(1_438_539_936_355_217, offset) for offset in range(2_500)}
    assert len(times) == 2_500
