import pytest

from fintank.adapters.rejected_records import PAYLOAD_BYTES_KEPT_MAX, Rejected, reject_of
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason, Reject


def read(payload: str) -> Rejected:
    reject = Reject("orders", 2, 17, Reason.NOT_JSON, "error=x", payload)
    found = reject_of(Record("rejects", 0, 5, 1_234, b"", reject.message().encode()))
    assert found is not None
    return found


def test_a_reject_is_read_with_its_place_and_the_beginning_of_its_record() -> None:
    found = read("é" * 1_000)
    assert found[:5] == ("orders", 2, 17, "NOT_JSON", "error=x")
    assert (found.place, found.time_ms) == ("orders-2-17", 1_234)
    assert found.payload == ("é" * 1_000).encode()[:PAYLOAD_BYTES_KEPT_MAX]


@pytest.mark.parametrize(
    "value",
    [None, b"", b"\xff", b"[]", b"{}", b"[" * 9_000, b'{"topic": "ticks", "partition": "x"}']
    + [b'{"topic": "ticks", "partition": %b}' % number for number in (b"1e400", b"Infinity", b"9" * 5_000)],
)
def test_what_is_no_reject_is_left_out(value: bytes | None) -> None:
    assert reject_of(Record("rejects", 0, 5, 0, b"", value)) is None


@pytest.mark.parametrize(
    ("value", "is_it"), [(b"{\r\n}", True), (b"{  }", True), (b"{ }", False), (None, False)]
)
def test_a_reject_knows_its_record_by_its_content(value: bytes | None, is_it: bool) -> None:
    record = Record("orders", 2, 17, 0, None, value)
    assert read("{  }").is_of(record) is is_it
    assert read("").is_of(record._replace(value=None))
