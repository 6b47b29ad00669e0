"""Which lines of ticks the real InfluxDB accepts and refuses."""

import json

import pytest
from support.stack import query

from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.wire.kafka.ticks import to_lines

APPEND_MS = 1_438_540_000_000


def line_of(bid, offset=0):
    fields = {"symbol": "IVE", "exchange": "NYSE", "bid": "BID", "ask": 94.2, "timestamp": 1438539936.5}
    record = json.dumps(fields).replace('"BID"', bid)
    batch = to_lines("ticks", 0, f"{offset},1,{APPEND_MS}", record)
    assert batch.rejects == []
    return batch.lines


@pytest.fixture
def writer(stack):
    query(stack.settings, "DROP MEASUREMENT bid_ask")
    return InfluxDB(stack.settings.sink)


@pytest.mark.parametrize(
    "bid",
    [
        *("110", "110.0", "1e-7", "1e-30", "1E+2", "9.999999999999999e17", "999999999999999999"),
        *('"94.10"', '"1e-7"', '"1E+2"', f'"{"9" * 18}"', '"0.1000000000000000055"', f'"0.{"0" * 29}1"'),
    ],
)
def test_every_valid_number_is_stored_as_its_double(stack, writer, bid):
    assert writer.write(line_of(bid)) == []
    (point,) = query(stack.settings, "SELECT bid FROM bid_ask")
    assert float(point["bid"]) == float(json.loads(bid))


def test_refused_lines_are_found_among_thousands_and_the_others_are_stored(stack, writer):
    lines = [line_of("94.1", offset) for offset in range(3_000)]
    lines[1_234] = lines[1_234].replace("bid=94.1", 'bid="text"')
    lines[2_999] = lines[2_999].replace("bid=94.1", "bid=nan")
    refusals = writer.write("\n".join(lines))
    assert [refusal.line_number for refusal in refusals] == [1_234, 2_999]
    assert "field type conflict" in refusals[0].answer
    assert "unable to parse" in refusals[1].answer
    (count,) = query(stack.settings, "SELECT count(bid) FROM bid_ask")
    assert count["count"] == 2_998


def test_a_batch_written_twice_is_stored_once(stack, writer):
    lines = "\n".join(line_of("94.1", offset) for offset in range(100))
    assert writer.write(lines) == writer.write(lines) == []
    (count,) = query(stack.settings, "SELECT count(bid) FROM bid_ask")
    assert count["count"] == 100


def test_a_dropped_database_is_created_again(stack, writer):
    query(stack.settings, "DROP DATABASE prices_development")
    assert writer.write(line_of("94.1")) == []
    assert len(query(stack.settings, "SELECT bid FROM bid_ask")) == 1
