"""Records of the topic timeline."""

import pytest

from fintank.trading.log_positions import Reached
from fintank.trading.partition_log import Partition
from fintank.trading.timeline import Adoption, Behind, Jump, Resharded, Shift, TimelineEvent
from fintank.wire.kafka import timeline_records
from fintank.wire.kafka.records import Record

TICKS, ORDERS = Partition("ticks", 3), Partition("orders", 0)
EVENTS = [
    Adoption({}, 0, Reached(0, None), {"lot_size": "0.01", "symbols": ["IVE"]}, 4, "0.1.0", "2026c", 0),
    Adoption(
        {TICKS: 2**50, ORDERS: 7}, 1_764_345_600_250, Reached(5, "IVE"), {}, 4, "0.1.0", "unknown", 10**6
    ),
    Jump({ORDERS: 7}, 1_764_345_600_250, TICKS, "an id-with-dashes", None, 0),
    Jump({TICKS: 5, ORDERS: 7}, 1_764_345_600_250, TICKS, "id", 5, 0),
    Shift({TICKS: 5, ORDERS: 7}, 1_764_345_600_250, TICKS, 5, 9),
    Behind({TICKS: 5}, 5_000),
    Resharded({TICKS: 5, ORDERS: 7}, 1_764_345_600_250, {Partition("executions", 3): 17}),
]


def read(text: str | bytes) -> object:
    value = text.encode() if isinstance(text, str) else text
    return timeline_records.from_record(Record("timeline", 2, 17, 0, None, value))


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_survives_the_round_trip(event: TimelineEvent) -> None:
    assert read(timeline_records.to_record(event)[1]) == event


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "5", "null", b"\xff", '{"kind":"other"}', '{"kind":["shift"]}'),
        '{"kind":"jump","positions":""}',
        '{"kind":"shift","positions":"ticks-0-1","log_ms":1,"partition":"ticks","first":1,"next":2}',
        '{"kind":"shift","positions":5,"log_ms":1,"partition":"ticks-0","first":1,"next":2}',
        '{"kind":"shift","positions":"ticks-0-1","log_ms":1,"partition":"ticks-0","first":1,"next":2,"more":1}',
    ],
)
def test_what_is_no_event_is_named(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"^timeline-2-17 is not a record of the timeline: "):
        read(text)
