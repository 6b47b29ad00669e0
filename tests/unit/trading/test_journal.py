import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading import journal
from fintank.trading.cancels import RememberedCancel
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.journal import JournalRecord, Kind
from fintank.trading.messages import OrdStatus, OrdType, Side, State, TradingState
from fintank.trading.order_registry import Closed
from fintank.trading.orders import WorkingOrder

Make = Callable[..., Any]


def through_json(record: JournalRecord) -> dict[str, Any]:
    """The record's value as it comes back from the journal; it must be plain data."""
    value = json.loads(json.dumps(record.value))
    assert value == record.value
    return journal.checked(value)


def test_an_order_and_its_progress_come_back_as_they_were(order: Make) -> None:
    made = order(
        cash="1000.50",
        side="SELL",
        list_id="p1",
        ord_type=OrdType.STOP_LIMIT,
        price=Decimal("9.5"),
        stop_px=Decimal("9.75"),
        expire_time_us=99,
    )
    waiting = WorkingOrder(made, 7, accepted_us=8, end_us=99, is_checked=False)
    partly = replace(waiting, is_checked=True, is_triggered=True).traded(Decimal("3.5"), Decimal("94.123"))
    ended = partly.ended(OrdStatus.CANCELED, 5)
    for working in (
        WorkingOrder(order("10"), 0, accepted_us=1, end_us=None, is_checked=True),
        waiting,
        partly,
        ended,
    ):
        record = journal.order_record(working)
        assert (record.kind, record.id) == (Kind.ORDER, "3:acc,3:IVE,3:o-1")
        assert journal.working_order(through_json(record)) == working


def test_an_orders_record_is_readable(order: Make) -> None:
    value = through_json(
        journal.order_record(WorkingOrder(order("10.50"), 7, accepted_us=8, end_us=None, is_checked=True))
    )
    assert value["schema_version"] == 2
    assert (value["order_qty"], value["cum_qty"], value["ord_status"]) == ("10.5", "0", "NEW")
    assert (value["arrival_seq"], value["content_hash"], value["input"]) == (7, "hash-1", "orders-0-17")


def test_a_quote_comes_back_as_it_was(quote: Make) -> None:
    taken = Sizes(Decimal("0.5"), Decimal(2))
    for made in (quote("93.97388", "94.190756", partition=3, offset=9), quote("1", "2", bid_size="2.50")):
        record = journal.quote_record(made, taken)
        assert (record.kind, record.id) == (Kind.QUOTE, "3:IVE,6:NASDAQ")
        assert journal.quote(through_json(record)) == (made, taken)


def test_a_clock_comes_back_as_it_was() -> None:
    record = journal.clock_record("IVE", ClockState(1, 2, 3))
    assert (record.kind, record.id) == (Kind.CLOCK, "3:IVE")
    assert journal.clock_state(through_json(record)) == ClockState(1, 2, 3)


def test_a_refusal_comes_back_as_it_was_and_its_id_has_the_content(order: Make) -> None:
    identity = order("1").identity
    record = journal.refusal_record(identity, "hash-2", 5)
    assert (record.kind, record.id) == (Kind.REFUSAL, "3:acc,3:IVE,3:o-1,6:hash-2")
    assert journal.refusal(through_json(record)) == (identity, "hash-2", 5)
    closed = Closed(5, Kind.REFUSAL, identity, "hash-2", OrdStatus.REJECTED)
    assert closed.tombstone == JournalRecord(record.kind, record.id, None)


def test_a_terminal_order_is_remembered_by_what_makes_it_known(order: Make) -> None:
    working = WorkingOrder(order("1"), 7, accepted_us=8, end_us=None, is_checked=True).ended(
        OrdStatus.REJECTED, None
    )
    record = journal.order_record(working)
    made = working.order
    found = journal.closed_order(through_json(record))
    assert found == (made.order_time_us, made.identity, "hash-1", OrdStatus.REJECTED)
    closed = Closed(made.order_time_us, Kind.ORDER, made.identity, "hash-1", OrdStatus.REJECTED)
    assert closed.tombstone == JournalRecord(record.kind, record.id, None)


def test_a_cancel_comes_back_as_it_was_and_its_id_has_the_content() -> None:
    of_order = RememberedCancel(5, "acc", "c-1", "IVE", "o-1", None, 4, "hash-3", True)
    of_list = RememberedCancel(5, "acc", "c-1", None, None, "p1", 4, "hash-3", False)
    for cancel, record_id in (
        (of_order, "3:acc,3:IVE,0:,3:c-1,6:hash-3"),
        (of_list, "3:acc,0:,2:p1,3:c-1,6:hash-3"),
    ):
        record = journal.cancel_record(cancel)
        assert (record.kind, record.id) == (Kind.CANCEL, record_id)
        assert journal.cancel(through_json(record)) == cancel
        assert journal.cancel_tombstone(cancel) == JournalRecord(Kind.CANCEL, record_id, None)


def test_a_window_comes_back_as_it_was_and_ends_in_a_tombstone() -> None:
    record = journal.window_record("IVE", 2, Side.SELL, 77)
    assert (record.kind, record.id) == (Kind.WINDOW, "3:IVE,1:2,4:SELL")
    assert journal.window(through_json(record)) == (2, Side.SELL, 77)
    tombstone = JournalRecord(Kind.WINDOW, record.id, None)
    assert journal.window_record("IVE", 2, Side.SELL, None) == tombstone


def test_the_trading_state_comes_back_as_it_was() -> None:
    message = TradingState(State.REDUCING, 5, 19, "orders-0-19")
    record = journal.trading_state_record(message)
    assert (record.kind, record.id) == (Kind.TRADING_STATE, "")
    assert journal.trading_state(through_json(record)) == message


def test_a_record_of_another_schema_is_not_read() -> None:
    with pytest.raises(ValueError, match="journal schema_version 1 is not 2"):
        journal.checked({"schema_version": 1})


def test_the_kinds_of_record_are_the_documented_ones() -> None:
    assert [str(kind) for kind in Kind] == [
        *("order", "refusal", "cancel", "quote", "clock", "window", "trading_state"),
    ]
