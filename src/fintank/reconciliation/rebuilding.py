"""Filling a database from the topics: the points are those that the topology wrote, or would write."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from fintank.adapters import kafka, rules_file
from fintank.adapters.sinks import Sink, no_answer, open_sink
from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.spout_batches import SpoutBatch, read_batches
from fintank.reconciliation.storage import EXECUTIONS_TOPIC, FILLS_TOPIC, StoredTopic, ticks_topic
from fintank.settings import Settings
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.wire.kafka import orders
from fintank.wire.points.order_points import component_line, portfolio_line

LINES_MAX = 5_000

LinesOf = Callable[[SpoutBatch], Sequence[str]]


class Rebuilt(NamedTuple):
    """What became of a topic: points written, those that the database refused, and why the first was."""

    topic: str
    points: int
    refused: int
    reason: str


def rebuild(settings: Settings, since_ms: int | None, say: Callable[[str], None]) -> Iterator[Rebuilt]:
    """Write the points of all records, or of those appended since then, topic by topic; `say` gets warnings.

    Nothing is committed, so the topology may run meanwhile; a point that is there stays as it is.
    FintankError if Kafka or the database goes away: the next run starts over.
    """
    limits = rules_file.load(settings)
    sink = open_sink(settings.sink)
    if not sink.answers():
        raise no_answer(settings.sink)
    with kafka.connect(settings.kafka) as admin:
        kafka.ensure_topics(admin)
    for warning in sink.prepare():
        say(warning)
    stored = (ticks_topic(limits.instruments), EXECUTIONS_TOPIC, FILLS_TOPIC)
    for topic in stored:
        yield _rebuild(settings, sink, topic.topic, partial(_lines, topic), since_ms)
    yield _rebuild(settings, sink, "orders", partial(_order_lines, limits), since_ms)


def _rebuild(settings: Settings, sink: Sink, topic: str, lines_of: LinesOf, since_ms: int | None) -> Rebuilt:
    points = refused = 0
    reason = ""
    with open_reader(settings.kafka, topic) as reader:
        positions = reader.starts(since_ms=since_ms)
        for batch in read_batches(reader, positions, f"loading {topic}"):
            lines = lines_of(batch) if batch.offsets else ()
            for start in range(0, len(lines), LINES_MAX):
                part = lines[start : start + LINES_MAX]
                refusals = sink.write("\n".join(part))
                points += len(part) - len(refusals)
                refused += len(refusals)
                reason = reason or (refusals[0].answer if refusals else "")
    return Rebuilt(topic, points, refused, reason)


def _lines(topic: StoredTopic, batch: SpoutBatch) -> Sequence[str]:
    lines = topic.to_lines(topic.topic, batch.partition, batch.runs, batch.records).lines
    return lines.split("\n") if lines else ()


def _order_lines(limits: Limits, batch: SpoutBatch) -> Sequence[str]:
    """Return the points of portfolio orders and of orders for one symbol."""
    lines = list[str]()
    for message in orders.read("orders", batch.partition, batch.runs, batch.records).messages:
        if isinstance(message, PortfolioOrder):
            lines.append(portfolio_line(message))
            lines += map(component_line, components(message, limits))
        elif isinstance(message, Order):
            lines.append(component_line(message))
    return lines
