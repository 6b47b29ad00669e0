"""The audit reads records as the spout and the deserializers do."""

import json
from hashlib import sha256
from zlib import crc32

import pytest
from support.order_traffic import market_order, portfolio_orders, tick

from fintank.adapters.kafka_topics import partition_for, shards
from fintank.audit.input_log import RECORD_BYTES_MAX, part_of, starts_of
from fintank.errors import FintankError
from fintank.trading.messages import Order, PortfolioOrder, Quote
from fintank.trading.partition_log import Partition, Run
from fintank.wire.kafka.records import Record

TICKS, ORDERS = Partition("ticks", 2), Partition("orders", 1)
START_MS = 1_764_345_600_000


def record(partition: Partition, offset: int, value: object, later_ms: int = 0) -> Record:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Record(*partition, offset, START_MS + later_ms, None, text)


def quoted(symbol: str, bid: str = "1", ask: str = "2") -> dict[str, object]:
    return {**tick(symbol), "bid": bid, "ask": ask, "timestamp": START_MS / 1000}


def test_ticks_are_quotes_of_their_symbols_shard() -> None:
    symbols = [f"S{number}" for number in range(20)]
    part = part_of(TICKS, 5, 30, [record(TICKS, 7 + at, quoted(name)) for at, name in enumerate(symbols)])
    assert (part.first, part.next) == (5, 30)
    assert part.runs == [Run(7, 20, START_MS)]
    for shard in range(shards()):
        mine = [name for name in symbols if partition_for(name, shards()) == shard]
        found = part.range(shard, shards())
        assert [quote.symbol for quote in found.records if isinstance(quote, Quote)] == mine
        assert list(found.offsets) == [7 + symbols.index(name) for name in mine]


def test_what_the_topology_rejects_is_left_out_and_keeps_its_append_time_if_it_is_text() -> None:
    records = [
        record(TICKS, 0, b"\xff"),
        record(TICKS, 1, b"no tick", 1),
        record(TICKS, 2, b" " * (RECORD_BYTES_MAX + 1), 2),
        record(TICKS, 3, json.dumps(quoted("IVE"), indent=1).encode(), 3),
    ]
    part = part_of(TICKS, 0, 4, records)
    assert part.runs == [Run(1, 1, START_MS + 1), Run(3, 1, START_MS + 3)]
    assert part.offsets == [3]


def test_a_part_without_records_covers_its_offsets() -> None:
    no_text = part_of(ORDERS, 3, 9, [record(ORDERS, 4, b"\xff")])
    assert part_of(ORDERS, 3, 9, []).range(0, shards()) == no_text.range(0, shards())


def test_orders_are_of_their_shard_and_portfolio_orders_and_trading_states_of_all() -> None:
    (portfolio,) = portfolio_orders("p", [f"S{number}" for number in range(20)], 1)
    state = {"msg_type": "trading_state", "state": "HALTED", "timestamp": START_MS / 1000}
    order = {**market_order("o-1", "IVE"), "timestamp": START_MS / 1000}
    portfolio = {**portfolio, "timestamp": START_MS / 1000}
    place = Partition("orders", 0)
    part = part_of(
        place, 0, 3, [record(place, at, each) for at, each in enumerate([order, portfolio, state])]
    )
    assert [type(message) for message in part.messages][:2] == [Order, PortfolioOrder]
    assert part.hashes == [crc32(b"IVE"), None, None]


def test_the_rules_of_a_tick_are_those_of_its_offset() -> None:
    records = [record(TICKS, at, quoted("OIL", "-3", "-2")) for at in range(4)]
    rules = [(0, lambda _: False), (2, lambda symbol: symbol == "OIL")]
    part = part_of(TICKS, 0, 4, records, rules)
    assert part.offsets == [2, 3]
    assert part_of(TICKS, 0, 4, records).offsets == []


def test_what_was_rejected_then_is_left_out_though_it_can_be_read_now() -> None:
    records = [record(TICKS, at, quoted(f"S{at}")) for at in range(4)]
    digests = {at: {sha256(records[at].value or b"").digest()} for at in (1, 3)}
    part = part_of(TICKS, 0, 4, records, rejected=digests)
    assert (part.offsets, len(part.messages), len(part.hashes)) == ([0, 2], 2, 2)
    assert part.runs == part_of(TICKS, 0, 4, records).runs


def test_what_stands_where_another_record_was_rejected_before_the_topic_was_made_anew_is_read() -> None:
    records = [record(TICKS, at, quoted("IVE")) for at in range(2)]
    assert part_of(TICKS, 0, 2, records, rejected={1: {sha256(b"another").digest()}}).offsets == [0, 1]


def test_a_log_that_ends_before_what_was_decided_is_named() -> None:
    assert starts_of({TICKS: (5, 9), ORDERS: (0, 3)}, {TICKS: 9, ORDERS: 2}) == {TICKS: 5, ORDERS: 0}
    with pytest.raises(FintankError, match="ticks-2 ends at offset 8, and 9 were decided on"):
        starts_of({TICKS: (0, 8)}, {TICKS: 9})
