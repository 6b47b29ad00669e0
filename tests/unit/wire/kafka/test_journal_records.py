"""What a shard remembers as records of the topic `journal`."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from support.journal import value

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import (
    BlockWindow,
    Change,
    ClosedOrder,
    Entry,
    EntryId,
    EntryKind,
    Forgotten,
    HeldQuote,
    RejectedDuplicate,
    SymbolClock,
    id_of,
)
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.instruments import Instrument
from fintank.trading.limits import Limits
from fintank.trading.log_positions import LogPosition, Positions, Reached
from fintank.trading.messages import Identity, OrdStatus, OrdType, Side, State, TradingState
from fintank.trading.partition_log import Partition
from fintank.trading.recovery import restore
from fintank.trading.working_order import Closing, WorkingOrder
from fintank.wire.kafka.journal_records import SCHEMA_VERSION, from_record, key_of, to_record

Make = Callable[..., Any]
IDENTITY = Identity("A", "IVE", "o-1")


def written_again(change: Change) -> Entry | EntryId:
    """Return what is read back of a change's record."""
    key, text = to_record(change)
    assert text is not None
    return from_record(key, text)


def closed(working: WorkingOrder) -> ClosedOrder:
    """Return what is remembered of a terminal order."""
    assert working.closed_us is not None
    order = working.order
    return ClosedOrder(
        *(working.closed_us, order.order_time_us, order.identity),
        *(order.content_hash, working.ord_status, working.by_log),
    )


def test_an_open_order_and_its_progress_come_back_as_they_were(make: Make) -> None:
    stop = {"ord_type": OrdType.STOP_LIMIT, "price": Decimal("9.5"), "stop_px": Decimal("9.75")}
    of_list = {"order_qty": None, "cash_order_qty": Decimal("1000.50"), "list_id": "p1"}
    made = make.order(side=Side.SELL, expire_time_us=99, **of_list, **stop)
    waiting = WorkingOrder(made, 7, accepted_us=8, end_us=99, is_checked=False)
    partly = replace(waiting, is_checked=True, is_triggered=True).traded(
        Decimal("3.5"), Decimal("94.123"), Instrument()
    )
    fresh = WorkingOrder(make.order(cl_ord_id="|"), 0, accepted_us=1, end_us=None, is_checked=True)
    for working, key in ((fresh, "order|6:A-1001,3:IVE,1:|"), (waiting, None), (partly, None)):
        assert key in (None, key_of(working))
        assert written_again(working) == working


def test_an_orders_record_is_readable(make: Make) -> None:
    working = WorkingOrder(
        make.order(order_qty=Decimal("10.50")), 7, accepted_us=8, end_us=None, is_checked=True
    )
    assert list(value(working).items())[:4] == [
        ("schema_version", 3),
        ("account", "A-1001"),
        ("symbol", "IVE"),
        ("cl_ord_id", "ticket-1"),
    ]
    found = value(working)
    assert (found["order_qty"], found["cum_qty"], found["ord_status"]) == ("10.5", "0", "NEW")
    assert (found["arrival_seq"], found["content_hash"], found["is_checked"]) == (7, "0" * 64, True)


def test_of_a_terminal_order_comes_back_what_makes_it_known(make: Make) -> None:
    open_order = WorkingOrder(make.order(), 7, accepted_us=8, end_us=None, is_checked=True)
    for status in (OrdStatus.REJECTED, OrdStatus.FILLED):
        working = open_order.ended(status, Closing(0, by_log=True))
        assert value(working) == {
            "schema_version": 3,
            **working.order.identity._asdict(),
            "content_hash": "0" * 64,
            "ord_status": status,
            "order_time_us": working.order.order_time_us,
            "closed_us": working.closed_us,
            "by_log": True,
        }
        assert written_again(working) == closed(working)
        assert to_record(Forgotten(closed(working))) == (key_of(working), None)


@pytest.mark.parametrize(
    ("entry", "key", "fields"),
    [
        (
            RejectedDuplicate(5, 4, IDENTITY, "hash-2", True),
            "refusal|1:A,3:IVE,3:o-1,6:hash-2",
            {
                **IDENTITY._asdict(),
                "content_hash": "hash-2",
                "order_time_us": 4,
                "closed_us": 5,
                "by_log": True,
            },
        ),
        (
            RememberedCancel(5, "A", "c-1", "IVE", "o-1", None, 4, "hash-3", True, False),
            "cancel|1:A,3:IVE,0:,3:c-1,6:hash-3",
            {
                "closed_us": 5,
                "account": "A",
                "cl_ord_id": "c-1",
                "symbol": "IVE",
                "orig_cl_ord_id": "o-1",
                "list_id": None,
                "order_time_us": 4,
                "content_hash": "hash-3",
                "is_refused": True,
                "by_log": False,
            },
        ),
        (
            TradingState(State.HALTED, 5, 19, "orders-0-19", account="A"),
            "trading_state|0:,1:A",
            None,
        ),
        (
            RememberedCancel(5, None, "c-1", None, None, None, 4, "hash-3", True, True),
            "cancel|0:,0:,0:,3:c-1,6:hash-3",
            None,
        ),
        (
            RememberedCancel(5, "A", "c-1", None, None, "p1", 4, "hash-3", False, True),
            "cancel|1:A,0:,2:p1,3:c-1,6:hash-3",
            None,
        ),
        (SymbolClock("I|E", ClockState(1, 2), 0), "clock|3:I|E", None),
        (
            SymbolClock("IVE", ClockState(1, 2), 0),
            "clock|3:IVE",
            {"symbol": "IVE", "tick_time_us": 1, "arrival_us": 2, "forgotten_us": 0},
        ),
        (
            BlockWindow("IVE", 2, Side.SELL, 77),
            "window|3:IVE,1:2,4:SELL",
            {"symbol": "IVE", "priority": 2, "side": "SELL", "window_end_us": 77},
        ),
        (
            TradingState(State.SELL_ONLY, 5, 19, "orders-0-19"),
            "trading_state|",
            {
                "state": "SELL_ONLY",
                "time_us": 5,
                "offset": 19,
                "input": "orders-0-19",
                "symbol": None,
                "account": None,
            },
        ),
    ],
)
def test_an_entry_comes_back_as_it_was_and_ends_in_a_tombstone(
    entry: Any, key: str, fields: dict[str, object] | None
) -> None:
    assert key_of(entry) == key
    if fields is not None:
        assert list(value(entry).items()) == [("schema_version", 3), *fields.items()]
    found = written_again(entry)
    assert (found, type(found)) == (entry, type(entry))
    assert to_record(Forgotten(entry)) == (key, None)


def test_a_quote_comes_back_as_it_was(make: Make) -> None:
    taken = Sizes(Decimal("0.50"), Decimal(2))
    for quote in (make.quote(partition=3, offset=9), make.quote(bid_size="2.50", ask_size="1e2")):
        held = HeldQuote(quote, taken)
        assert key_of(held) == "quote|3:IVE,4:NYSE"
        assert (value(held)["bid_taken"], value(held)["ask_taken"]) == ("0.5", "2")
        assert written_again(held) == held


def test_everything_that_a_shard_writes_comes_back_as_it_was(written: Any) -> None:
    changes: list[Change] = written.journal
    assert {key_of(change).partition("|")[0] for change in changes} == set(EntryKind)
    assert any(isinstance(change, Forgotten) for change in changes)
    for change in changes:
        if isinstance(change, Forgotten):
            assert to_record(change)[1] is None
            continue
        is_closed = isinstance(change, WorkingOrder) and not change.is_open
        found = written_again(change)
        assert found == (closed(change) if is_closed else change)
    latest = dict(map(to_record, changes))
    assert restore(Limits(), [from_record(key, text) for key, text in latest.items() if text is not None])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("future|x", "{}"), ("x", "{}"), ("order|x", "[]"), ("order|x", "{")),
        *(("order|x", '{"schema_version":3}'), ("clock|x", '{"schema_version":3,"symbol":"IVE"}')),
        ("quote|x", '{"schema_version":3,"bid_taken":"x"}'),
    ],
)
def test_an_unreadable_record_is_an_error(key: str, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each its own
        from_record(key, text)


def test_records_of_the_schema_before_are_read() -> None:
    clock = {"schema_version": 2, "symbol": "IVE", "tick_time_us": 1, "arrival_us": 2, "floor_us": 3}
    assert from_record("clock|3:IVE", json.dumps(clock)) == SymbolClock("IVE", ClockState(1, 2), 0)
    places = [{"topic": "ticks", "partition": 0, "next": 42, "log_ms": 5}]
    positions = {"schema_version": 2, "now_ms": 6, "topic_ids": {"ticks": "id"}, "partitions": places}
    assert from_record("positions|", json.dumps(positions)) == Positions(
        6, {"ticks": "id"}, {Partition("ticks", 0): LogPosition(42, 5)}, Reached(6_000, None)
    )


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION + 1])
def test_a_record_of_another_schema_is_not_read(version: int) -> None:
    clock = {"schema_version": version, "symbol": "IVE", "tick_time_us": 1, "arrival_us": 2}
    with pytest.raises(ValueError, match=f"schema_version of 'clock.3:IVE' is {version} and not 3"):
        from_record("clock|3:IVE", json.dumps(clock))


def test_the_full_records_of_version_2_are_read(make: Make) -> None:
    working = WorkingOrder(make.order(), 7, accepted_us=8, end_us=None, is_checked=True)
    filled = replace(working, ord_status=OrdStatus.FILLED, closed_us=9)
    key, text = to_record(working)
    assert text is not None
    for closed_us, ord_status, entry in ((None, "NEW", working), (9, "FILLED", closed(filled))):
        fields = {"schema_version": 2, "closed_us": closed_us, "ord_status": ord_status}
        assert from_record(key, json.dumps(json.loads(text) | fields)) == entry


def test_a_tombstone_names_what_is_forgotten(make: Make, written: Any) -> None:
    odd = WorkingOrder(make.order(cl_ord_id=" 1:2,é|"), 0, accepted_us=1, end_us=None, is_checked=True)
    for change in [*written.journal, odd]:
        entry = change.entry if isinstance(change, Forgotten) else change
        assert from_record(key_of(change), None) == id_of(entry)


@pytest.mark.parametrize("key", ["order|3:IV", "order|3:IVEE", "order|x:IVE", "order|3:IVE,", "order|-1:IVE"])
def test_a_tombstone_with_another_key_is_an_error(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each its own
        from_record(key, None)


def test_a_value_that_has_no_json_form_is_not_written() -> None:
    with pytest.raises(TypeError):
        to_record(SymbolClock("IVE", ClockState(1, object()), 0))
