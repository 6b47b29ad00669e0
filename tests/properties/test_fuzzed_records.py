"""Whatever a record holds, it becomes its message or one reject, and its neighbors are unaffected.

Seeded batches of valid and broken records go the whole way: parse, engine, report, point, back. `make test`
tries 20,000 records of each topic, `make soak` a million; a failure names the seed, which makes it again.
"""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties.fuzzed_records import records
from properties.valid_records import (
    APPEND_MS,
    EXECUTIONS,
    FILLS,
    LARGE_ORDERS,
    ORDERS,
    START_US,
    TICKS,
    Topic,
    trading_shard,
)

from fintank.trading.changes import ClosedOrder
from fintank.trading.deciding import decide
from fintank.trading.decimals import is_bounded
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, PortfolioOrder, Quote
from fintank.trading.portfolio import components
from fintank.trading.shard import Shard
from fintank.wire.bolts import order_stream
from fintank.wire.bolts.offsets import parse_offsets
from fintank.wire.bolts.owner_ticks import quotes
from fintank.wire.kafka import executions, fills, journal_records, orders, ticks
from fintank.wire.kafka.records import LineBatch
from fintank.wire.kafka.rejects import PAYLOAD_BYTES_MAX, Reason, Reject
from fintank.wire.points import order_points, point_values

RECORDS = 200
MESSAGE_BYTES_MAX = 1_000_000
"""The largest record of our producers; the broker's limit is 1,048,588 bytes."""

SEEDS = st.integers(0, 2**32)
batches = settings(
    max_examples=25 if settings.default.max_examples < 1_000 else 5_000,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def made(topic: Topic, seed: int) -> tuple[list[str], list[bool], str]:
    """Make the texts of a batch, whether each is valid, and the batch's offsets."""
    batch = records(topic, Random(seed), RECORDS)
    return [text for text, _ in batch], [is_good for _, is_good in batch], f"0,{RECORDS},{APPEND_MS}"


def holds_for_each(
    texts: Sequence[str], goods: Sequence[bool], found: Sequence[int], rejects: list[Reject]
) -> None:
    """Check that every record is found or rejected, exactly once, and every valid one is found."""
    bad = [reject.offset for reject in rejects]
    assert sorted([*found, *bad]) == list(range(len(texts)))
    assert [texts[offset] for offset in bad if goods[offset]] == []
    for reject in rejects:
        assert reject.reason is not Reason.NOT_PROCESSED, (reject.detail, reject.payload[:500])
        assert reject.payload == texts[reject.offset]
        assert len(reject.message()) < 2 * PAYLOAD_BYTES_MAX


def is_told(outcome: Effects) -> None:
    """Reports and fills can be written, stored and read back unchanged."""
    for report in outcome.reports:
        text = executions.to_json(report)
        assert executions.from_json(text) == report
        is_stored(executions.to_lines("executions", 0, f"7,1,{APPEND_MS}", text), point_values.EXECUTIONS)
        assert len(text.encode()) < MESSAGE_BYTES_MAX
    for fill in outcome.fills:
        text = fills.to_json(fill)
        assert fills.from_json(text) == fill
        is_stored(fills.to_lines("fills", 0, f"7,1,{APPEND_MS}", text), point_values.FILLS)
    for change in outcome.journal:
        key, value = journal_records.to_record(change)
        if value is not None:
            found = journal_records.from_record(key, value)
            assert found == change or isinstance(found, ClosedOrder)
        assert len(key.encode()) + len((value or "").encode()) < MESSAGE_BYTES_MAX


def is_stored(batch: LineBatch, measurement: point_values.Measurement) -> None:
    assert batch.rejects == []
    assert len(point_values.of_lines(measurement, batch.lines)) == 1


@batches
@given(SEEDS)
def test_ticks(seed: int) -> None:
    texts, goods, offsets = made(TICKS, seed)
    batch = ticks.to_lines("ticks", 3, offsets, "\n".join(texts))
    found = parse_offsets(batch.offsets) if batch.offsets else []
    holds_for_each(texts, goods, found, batch.rejects)
    lines = batch.lines.split("\n") if found else []
    taken = quotes(3, "\n".join(batch.quotes)) if found else []
    assert [quote.offset for quote in taken] == found
    shard = trading_shard()
    for line, quote in zip(lines, taken, strict=True):
        stored = point_values.quote_of(line, 3, quote.offset)
        assert stored._replace(time_us=min(stored.time_us, APPEND_MS * 1000)) == quote
        is_within_bounds(quote)
        is_told(shard.on_quote(quote, START_US) or Effects())
    is_told(Effects(journal=tuple(shard.changed_quotes())))
    for offset, line in zip(found, lines, strict=True):
        alone = ticks.to_lines("ticks", 3, f"{offset},1,{APPEND_MS}", texts[offset])
        assert alone.lines == line


def is_within_bounds(quote: Quote) -> None:
    for text in filter(None, (quote.bid, quote.ask, quote.bid_size, quote.ask_size)):
        assert is_bounded(Decimal(text))
        assert not Decimal(text).is_signed()


@batches
@given(SEEDS)
def test_orders(seed: int) -> None:
    texts, goods, offsets = made(ORDERS, seed)
    messages, rejects = orders.read("orders", 0, offsets, "\n".join(texts))
    holds_for_each(texts, goods, [order_points.offset_of(message.input) for message in messages], rejects)
    are_decided(messages)


@pytest.mark.parametrize("text", LARGE_ORDERS, ids=range(len(LARGE_ORDERS)))
def test_orders_that_become_far_more_than_they_are(text: str) -> None:
    messages, rejects = orders.read("orders", 0, f"0,1,{APPEND_MS}", text)
    assert rejects == []
    are_decided(messages)


def are_decided(messages: Sequence[order_stream.OrderMessage]) -> None:
    """Each message passes through bolts and engine; the second time it is a duplicate."""
    shard = trading_shard()
    prices = ticks.to_lines("ticks", 0, *_ticks_before())
    for quote in quotes(0, "\n".join(prices.quotes)):
        shard.on_quote(quote, START_US)
    for message in messages:
        assert order_stream.from_line(order_stream.to_line(message)) == message
        split = components(message, Limits()) if isinstance(message, PortfolioOrder) else (message,)
        if isinstance(message, PortfolioOrder):
            assert order_points.portfolio_line(message)
        for owned in split:
            assert order_stream.from_line(order_stream.to_line(owned)) == owned
            is_told(decided(shard, owned))
            assert decided(shard, owned) == Effects()


def _ticks_before() -> tuple[str, str]:
    quoted = [
        f'{{"symbol":"{symbol}","exchange":"NYSE","bid":99.5,"ask":100,"timestamp":1764345590}}'
        for symbol in ("IVE", "VTI", "EUR/USD")
    ]
    return f"0,{len(quoted)},{APPEND_MS}", "\n".join(quoted)


def decided(shard: Shard, message: order_stream.OwnedMessage) -> Effects:
    if isinstance(message, Order):
        assert order_points.component_line(message)
    return decide(shard, message, START_US) or Effects()


@pytest.mark.parametrize(
    ("topic", "wire", "measurement"),
    [(EXECUTIONS, executions, point_values.EXECUTIONS), (FILLS, fills, point_values.FILLS)],
    ids=["executions", "fills"],
)
@batches
@given(seed=SEEDS)
def test_what_was_decided(topic: Topic, wire, measurement: point_values.Measurement, seed: int) -> None:
    texts, goods, offsets = made(topic, seed)
    batch = wire.to_lines(topic.name, 2, offsets, "\n".join(texts))
    found = parse_offsets(batch.offsets) if batch.offsets else []
    holds_for_each(texts, goods, found, batch.rejects)
    assert len(point_values.of_lines(measurement, batch.lines)) == len(found)
    for offset in found:
        message = wire.from_json(texts[offset])
        assert wire.from_json(wire.to_json(message)) == message
