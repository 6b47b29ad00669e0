import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading import journal
from fintank.trading.clock import ClockState
from fintank.trading.journal import ClosedRecord, JournalRecord, Kind
from fintank.trading.messages import OrdStatus, OrdType
from fintank.trading.orders import WorkingOrder

Make = Callable[..., Any]


def through_json(record: JournalRecord) -> dict[str, Any]:
    """The record's value as it comes back from the journal; it must be plain data."""
    value = json.loads(json.dumps(record.value))
    assert value == record.value
    return journal.checked(value)


def test_an_order_and_its_progress_come_back_as_they_were(order: Make) -> None:
    made = order(cash="1000.50", side="SELL", list_id="p1", ord_type=OrdType.STOP_LIMIT, price=Decimal("9.5"))
    partly = WorkingOrder(made, 7).traded(Decimal("3.5"), Decimal("94.123"), OrdStatus.PARTIALLY_FILLED, 1)
    for working in (WorkingOrder(order("10"), 0), partly, partly.ended(OrdStatus.CANCELED, 5)):
        record = journal.order_record(working)
        assert (record.kind, record.id) == (Kind.ORDER, "3:acc,3:IVE,3:o-1")
        assert journal.working_order(through_json(record)) == working


def test_an_orders_record_is_readable(order: Make) -> None:
    value = through_json(journal.order_record(WorkingOrder(order("10.50"), 7)))
    assert value["schema_version"] == 1
    assert (value["order_qty"], value["cum_qty"], value["ord_status"]) == ("10.5", "0", "NEW")
    assert (value["arrival_seq"], value["content_hash"], value["input"]) == (7, "hash-1", "orders-0-17")


def test_a_quote_comes_back_as_it_was(quote: Make) -> None:
    for made in (quote("93.97388", "94.190756", partition=3, offset=9), quote("1", None, bid_size="2.50")):
        record = journal.quote_record(made)
        assert (record.kind, record.id) == (Kind.QUOTE, "3:IVE,6:NASDAQ")
        assert journal.quote(through_json(record)) == made


def test_a_clock_comes_back_as_it_was() -> None:
    record = journal.clock_record("IVE", ClockState(1, 2, 3))
    assert (record.kind, record.id) == (Kind.CLOCK, "3:IVE")
    assert journal.clock_state(through_json(record)) == ClockState(1, 2, 3)


def test_a_refusal_comes_back_as_it_was_and_its_id_has_the_content(order: Make) -> None:
    closed = ClosedRecord(5, Kind.REFUSAL, order("1").identity, "hash-2")
    record = journal.refusal_record(closed)
    assert (record.kind, record.id) == (Kind.REFUSAL, "3:acc,3:IVE,3:o-1,6:hash-2")
    assert journal.closed_record(Kind.REFUSAL, through_json(record)) == closed


def test_a_terminal_order_is_remembered_by_what_makes_it_known(order: Make) -> None:
    working = WorkingOrder(order("1"), 7).ended(OrdStatus.REJECTED, None)
    closed = journal.closed_record(Kind.ORDER, through_json(journal.order_record(working)))
    assert closed == ClosedRecord(working.order.order_time_us, Kind.ORDER, working.order.identity, "hash-1")


def test_a_tombstone_has_the_id_of_what_it_ends(order: Make) -> None:
    working = WorkingOrder(order("1"), 7).ended(OrdStatus.REJECTED, None)
    record = journal.order_record(working)
    closed = journal.closed_record(Kind.ORDER, through_json(record))
    assert closed.tombstone == JournalRecord(record.kind, record.id, None)


def test_a_record_of_another_schema_is_not_read() -> None:
    with pytest.raises(ValueError, match="journal schema_version 2 is not 1"):
        journal.checked({"schema_version": 2})
