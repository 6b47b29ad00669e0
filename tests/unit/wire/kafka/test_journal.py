"""The journal's records as Kafka's keys and values."""

import json

import pytest

from fintank.trading.journal import JournalRecord, Kind
from fintank.trading.limits import Limits
from fintank.trading.shard import Shard
from fintank.wire.kafka.journal import from_record, to_record


def test_a_record_is_a_key_of_kind_and_id_and_a_json_value():
    record = JournalRecord(Kind.CLOCK, "3:I|E", {"schema_version": 1, "symbol": "I|E", "é": None})
    key, value = to_record(record)
    assert key == "clock|3:I|E"
    assert json.loads(value) == record.value
    assert from_record(key, value) == record


def test_a_tombstone_has_no_value():
    record = JournalRecord(Kind.ORDER, "x", None)
    assert to_record(record) == ("order|x", None)
    assert from_record("order|x", None) == record


def test_everything_that_a_shard_writes_comes_back_as_it_was(written):
    kinds = {record.kind for record in written.journal}
    assert kinds == set(Kind)
    assert None in [record.value for record in written.journal]
    read = [from_record(*to_record(record)) for record in written.journal]
    assert read == written.journal
    assert Shard.restore(Limits(), read)


@pytest.mark.parametrize(
    ("key", "value"), [("future|x", "{}"), ("x", "{}"), ("order|x", "[]"), ("order|x", "{")]
)
def test_what_is_no_record_is_an_error(key, value):
    with pytest.raises(ValueError):  # noqa: PT011 - each its own
        from_record(key, value)
