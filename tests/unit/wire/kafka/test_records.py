"""The records of one spout tuple."""

import pytest

from fintank.trading.messages import State, TradingState
from fintank.wire.kafka import orders
from fintank.wire.kafka.fields import MalformedError
from fintank.wire.kafka.records import Record, messages, offset_of, partition_of, read_each
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
    found, rejects = read_each("orders", 3, "7,2,1000 12,1,2000", "a\nb\nc", read)
    assert found == [
        ("a", Record("orders", 3, 7, 1_000)),
        ("b", Record("orders", 3, 8, 1_000)),
        ("c", Record("orders", 3, 12, 2_000)),
    ]
    assert [record.latest_us for _, record in found] == [61_000_000, 61_000_000, 62_000_000]
    assert rejects == []


def test_an_unreadable_record_is_a_reject_at_its_place():
    found, rejects = read_each("orders", 3, "7,3,1000", "malformed\nb\nrefused", read)
    assert [text for text, _ in found] == ["b"]
    assert rejects == [
        Reject("orders", 3, 7, Reason.BAD_TYPE, 'field="x"', "malformed"),
        Reject("orders", 3, 9, Reason.BAD_VALUE, 'error="the core said no"', "refused"),
    ]


def test_an_unexpected_exception_rejects_only_its_own_record():
    found, (reject,) = read_each("orders", 3, "7,3,1000", "a\nunforeseen\nc", read)
    assert [text for text, _ in found] == ["a", "c"]
    assert (reject.offset, reject.reason) == (8, Reason.NOT_PROCESSED)
    assert reject.detail.startswith('error="KeyError: \'x\'" at="read:')


@pytest.mark.parametrize("offsets", ["7,2,1000", "7,1", "", "7,1,1000 "])
def test_mismatched_offsets_and_records_are_an_error(offsets):
    with pytest.raises(ValueError, match=r"orders-3: [02] offsets for 1 records|offsets: expected a run of"):
        read_each("orders", 3, offsets, "a", read)


def record(value: bytes | None) -> Record:
    return Record("orders", 3, 17, 1_000, b"key", value)


def test_a_record_has_its_place_and_the_text_that_a_spout_emits():
    place = record(b"a\nb\rc").place
    assert (place, partition_of(place), offset_of(place)) == ("orders-3-17", 3, 17)
    assert record(b"a\nb\rc").text == "a b c"
    assert record(None).text == ""


def test_records_that_are_not_messages_are_skipped():
    found = messages(map(record, (b"1", b"x", b"\xff", b"2")), lambda record: int(record.text))
    assert [number for _, number in found] == [1, 2]


def test_a_record_of_orders_is_a_message_or_a_reject():
    assert orders.from_record(record(b"[\n]")) == Reject(
        "orders", 3, 17, Reason.NOT_AN_OBJECT, 'type="array"', "[ ]"
    )
    halt = b'{"msg_type": "trading_state", "state": "HALTED", "timestamp": 1438539936.5}'
    message = orders.from_record(Record("orders", 0, 18, 1_438_540_000_000, b"", halt))
    assert message == TradingState(State.HALTED, 1_438_539_936_500_000, 18, "orders-0-18")
    assert orders.from_record(record(b"\xff")) == Reject("orders", 3, 17, Reason.NOT_UTF8, "", "")
