"""The records of one spout tuple."""

import pytest

from fintank.wire.kafka.fields import MalformedError
from fintank.wire.kafka.records import Place, offset_of, read_each
from fintank.wire.kafka.rejects import Reason, Reject


def read(text, place):
    if text == "malformed":
        raise MalformedError(Reason.BAD_TYPE, field="x")
    if text == "refused":
        raise ValueError("the core said no")
    if text == "unforeseen":
        return {}["x"]
    return text, place


def test_every_record_is_read_with_its_place():
    messages, rejects = read_each("orders", 3, "7,2,1000 12,1,2000", "a\nb\nc", read)
    assert messages == [
        ("a", Place("orders", 3, 7, 61_000_000)),
        ("b", Place("orders", 3, 8, 61_000_000)),
        ("c", Place("orders", 3, 12, 62_000_000)),
    ]
    assert rejects == []


def test_what_can_not_be_read_is_a_reject_at_its_place():
    messages, rejects = read_each("orders", 3, "7,3,1000", "malformed\nb\nrefused", read)
    assert [text for text, _ in messages] == ["b"]
    assert rejects == [
        Reject("orders", 3, 7, Reason.BAD_TYPE, 'field="x"', "malformed"),
        Reject("orders", 3, 9, Reason.BAD_VALUE, 'error="the core said no"', "refused"),
    ]


def test_whatever_a_record_raises_is_its_own_reject():
    messages, (reject,) = read_each("orders", 3, "7,3,1000", "a\nunforeseen\nc", read)
    assert [text for text, _ in messages] == ["a", "c"]
    assert (reject.offset, reject.reason) == (8, Reason.NOT_PROCESSED)
    assert reject.detail.startswith('error="KeyError: \'x\'" at="read:')


@pytest.mark.parametrize("offsets", ["7,2,1000", "7,1", "", "7,1,1000 "])
def test_offsets_that_do_not_go_with_the_records_are_an_error(offsets):
    with pytest.raises(ValueError, match=r"orders-3: 2 offsets for 1 records|offsets: a run of"):
        read_each("orders", 3, offsets, "a", read)


def test_a_place_has_the_identity_of_its_record():
    place = Place("orders", 3, 17, 0)
    assert place.input == "orders-3-17"
    assert offset_of(place.input) == 17
