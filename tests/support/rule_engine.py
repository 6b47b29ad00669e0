"""The surroundings of the rule engine: the shards' logs in Kafka, and Storm's tuples."""

import io
import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import factories
from factories import SECOND, START
from support.metrics import RecordedMetrics, measured
from support.rule_context import shipped_rules
from support.storm import stream_of

from fintank.adapters.journal import JournalEntries, JournalError
from fintank.bolts.owners import shard_of
from fintank.bolts.rule_engine import RuleEngine
from fintank.trading.changes import Change
from fintank.trading.messages import Cancel, Order
from fintank.trading.partition_log import Partition
from fintank.trading.reports import Fill, Report
from fintank.trading.timeline import TimelineEvent
from fintank.wire.bolts import order_stream
from fintank.wire.bolts.order_stream import OwnedMessage
from fintank.wire.kafka import journal_records

START_MS = START // 1000
NAMES = [f"A{letter}" for letter in "ABCDEFGHIJ"]
SYMBOLS = {shard_of(symbol): symbol for symbol in NAMES}
"""A symbol of each shard."""
ENDS = "ends"
"""How the ids of what the spouts say begin; their acks are no events."""


@dataclass(frozen=True)
class Tick:
    """A tick of one exchange; at: seconds after START."""

    symbol: str
    offset: int
    bid: str = "99"
    ask: str = "101"
    exchange: str = "NYSE"
    at: int = 0

    def line(self) -> str:
        """Write it as the tick-deserializer does for the rule engine."""
        time_us = START + self.at * SECOND
        return "\t".join(map(str, (self.symbol, self.exchange, time_us, self.offset, self.bid, self.ask)))


@dataclass
class ShardState:
    """The committed records of a shard. writer: the number of its latest adoption."""

    writer: int = 0
    journal: dict[str, str] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    timeline: list[TimelineEvent] = field(default_factory=list)


class Kafka:
    """The logs of all shards, and the partitions 0 of ticks and orders, which fill as tuples are made.

    faults: for the next commits, None (all is well), "lost" or "unknown". lost: by topic, the first offset of
    what the broker has lost.
    """

    def __init__(self) -> None:
        self.ends = {"ticks": 0, "orders": 0}
        self.shards = {number: ShardState() for number in range(4)}
        self.faults: list[str | None] = []
        self.lost: dict[str, int] = {}
        self.events: list[tuple[str, object]] = []

    def adopt(self, _address: str, shard: int, _progress: object) -> tuple["Log", JournalEntries]:
        state = self.shards[shard]
        state.writer += 1
        self.events.append(("adopt", shard))
        records = [(key.encode(), value.encode()) for key, value in state.journal.items()]
        return Log(self, shard, state.writer), JournalEntries(records)

    def log_ends(self, _address: str, _partitions: object) -> dict[Partition, int]:
        """Where logs end; those that are left out, where all is decided."""
        return {Partition(topic, 0): end for topic, end in self.lost.items()}

    def orders(self, tuple_id: str, *found: OwnedMessage) -> dict[str, Any]:
        """Append orders to the log; return the tuple of them."""
        first = self.ends["orders"]
        self.ends["orders"] += len(found)
        placed = [replace(message, input=f"orders-0-{first + i}") for i, message in enumerate(found)]
        return orders_tuple(tuple_id, first, self.ends["orders"], placed)

    def ticks(self, tuple_id: str, *found: Tick) -> dict[str, Any]:
        """Append ticks, which know their offsets, to the log, if they do not stand in it already; return the
        tuple of them."""
        first, end = min(self.ends["ticks"], found[0].offset), found[-1].offset + 1
        self.ends["ticks"] = max(self.ends["ticks"], end)
        return ticks_tuple(tuple_id, first, end, found)

    @property
    def decided(self) -> dict[str, int]:
        """How far a topic's partition 0 is decided in the shard that is farthest."""
        found = {"ticks": 0, "orders": 0}
        for state in self.shards.values():
            for place in json.loads(state.journal.get("positions|", '{"partitions":[]}'))["partitions"]:
                if place["partition"] == 0:
                    found[place["topic"]] = max(found[place["topic"]], place["next"])
        return found

    @property
    def reports(self) -> list[Report]:
        return [report for state in self.shards.values() for report in state.reports]

    @property
    def fills(self) -> list[Fill]:
        return [fill for state in self.shards.values() for fill in state.fills]


class Log:
    """One writer's view of a shard."""

    def __init__(self, kafka: Kafka, shard: int, writer: int) -> None:
        self._kafka = kafka
        self._shard = shard
        self._writer = writer

    def commit(
        self,
        reports: Sequence[Report],
        fills: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        state = self._kafka.shards[self._shard]
        if state.writer != self._writer:
            raise JournalError("fenced")
        fault = self._kafka.faults.pop(0) if self._kafka.faults else None
        if fault == "lost":
            raise JournalError("the broker is away")
        for key, value in map(journal_records.to_record, journal):
            if value is None:
                state.journal.pop(key, None)
            else:
                state.journal[key] = value
        state.reports += reports
        state.fills += fills
        state.timeline += events
        self._kafka.events.append(("commit", self._shard))
        if fault == "unknown":
            raise JournalError("no answer in time")


class Output(io.RawIOBase):
    """The pipe to Storm; it breaks after acks_max acks."""

    def __init__(self, kafka: Kafka, acks_max: int | None) -> None:
        self.acked: list[str] = []
        self._kafka = kafka
        self._acks_max = acks_max

    def write(self, message: Any) -> int:
        content = json.loads(bytes(message).removesuffix(b"\nend\n"))
        if str(content.get("id")).startswith(ENDS):
            return len(message)
        if content.get("command") == "ack":
            if len(self.acked) == self._acks_max:
                raise BrokenPipeError
            self.acked.append(content["id"])
            self._kafka.events.append(("ack", content["id"]))
        elif content.get("command") in ("fail", "error", "sync"):
            self._kafka.events.append((content["command"], content.get("msg", content.get("id"))))
        return len(message)


def orders_tuple(tuple_id: str, first: int, end: int, found: Sequence[OwnedMessage]) -> dict[str, Any]:
    """Make the message of a tuple of the component-order-creator."""
    lines = "\n".join(map(order_stream.to_line, found))
    return _tuple_of(tuple_id, "orders", first, end, lines)


def ticks_tuple(tuple_id: str, first: int, end: int, found: Sequence[Tick]) -> dict[str, Any]:
    """Make the message of a tuple of the tick-deserializer."""
    return _tuple_of(tuple_id, "ticks", first, end, "\n".join(tick.line() for tick in found))


def _tuple_of(tuple_id: str, topic: str, first: int, end: int, lines: str) -> dict[str, Any]:
    component = "tick-deserializer" if topic == "ticks" else "component-order-creator"
    values = [0, topic, f"id of {topic}", 0, first, end, f"{first},{end - first},{START_MS}", lines]
    return {"id": tuple_id, "comp": component, "stream": "by_owner", "task": 1, "tuple": values}


def log_ends(topic: str, end: int, seconds: int) -> dict[str, Any]:
    """Make the message of a spout: so many seconds after START its partition 0 ended there."""
    return ends_report(topic, {number: end if number == 0 else 0 for number in range(4)}, 1000 * seconds)


def ends_report(topic: str, ends: Mapping[int, int], asked_ms: int) -> dict[str, Any]:
    """Make the message of a spout: so many milliseconds after START its partitions ended there."""
    text = " ".join(f"{number},0,{end}" for number, end in ends.items())
    appended_ms = START_MS if asked_ms == 0 else None
    values = [topic, f"id of {topic}", "jvm", asked_ms, appended_ms, True, text, "", ""]
    component = f"{topic.removesuffix('s')}-spout"
    return {"id": f"{ENDS} {asked_ms}", "comp": component, "stream": "log_ends", "task": 1, "tuple": values}


def with_log_ends(
    messages: Sequence[dict[str, Any]], ends: dict[str, int] | None, decided: dict[str, int]
) -> list[dict[str, Any]]:
    """Put behind each message what the spouts say a second later: that the logs end with it, or at `ends`.
    At first they end at what was decided before."""
    found = [log_ends(topic, decided[topic], 0) for topic in ("ticks", "orders")]
    so_far = {"ticks": 0, "orders": 0}
    for seconds, message in enumerate(messages, 1):
        found.append(message)
        if message["stream"] == "by_owner":
            _, topic, _, _, _, end, *_ = message["tuple"]
            so_far[topic] = max(so_far[topic], end)
        for topic, end in (ends or so_far).items():
            found.append(log_ends(topic, end, seconds))
    return found


def storm_tick(tuple_id: str = "storm-tick") -> dict[str, Any]:
    """Make the message that Storm sends once a second."""
    return {"id": tuple_id, "comp": "__system", "stream": "__tick", "task": -1, "tuple": [1]}


def run_engine(
    kafka: Kafka,
    messages: Sequence[dict[str, Any]],
    *,
    owner: int = 0,
    owners: int = 1,
    acks_max: int | None = None,
    recorded: RecordedMetrics | None = None,
    at_once: bool = False,
    ends: dict[str, int] | None = None,
    are_all: bool = False,
    conf: dict[str, str] | None = None,
) -> tuple[int, list[str]]:
    """Run a task of the rule engine until the messages end or it exits; return its status and the acked ids.

    at_once: all messages are there from the start, instead of each when the one before was read. ends: where
    the logs end; where what was delivered ends, if none are given. are_all: the messages have what the spouts
    say already. conf: more options of Storm.
    """

    class Engine(RuleEngine):
        adopt = kafka.adopt
        log_ends = kafka.log_ends

        def _exit(self, status_code: int) -> None:
            raise SystemExit(status_code)

    bolt = Engine if recorded is None else measured(Engine, recorded.metrics)

    components = {str(task): "rule-engine" for task in range(5, 5 + owners)} | {"4": "order-spout"}
    context = {"taskid": 5 + owner, "componentid": "rule-engine", "task->component": components}
    output = Output(kafka, acks_max)
    handlers = list(logging.getLogger().handlers)
    with tempfile.TemporaryDirectory() as pid_folder:
        options = {"topology.name": "order_flow", "fintank.rules": shipped_rules(), **(conf or {})}
        handshake = {"pidDir": pid_folder, "conf": options, "context": context}
        sent = [handshake, *(messages if are_all else with_log_ends(messages, ends, kafka.decided))]
        text = "".join(f"{json.dumps(message)}\nend\n" for message in sent)
        try:
            bolt(input_stream=stream_of(text, at_once), output_stream=output).run()
        except SystemExit as ended:
            return int(str(ended.code)), output.acked
        finally:
            # pystorm adds a handler.
            for handler in logging.getLogger().handlers:
                if handler not in handlers:
                    handler.close()
            logging.getLogger().handlers = handlers
    raise AssertionError("a bolt runs until its process ends")


def order(cl_ord_id: str, symbol: str, quantity: str = "10", **given: Any) -> Order:
    """Make a market order with a content hash of its own."""
    return factories.order(
        quantity, cl_ord_id=cl_ord_id, symbol=symbol, content_hash=f"hash of {cl_ord_id}", **given
    )


def cancel(cl_ord_id: str, symbol: str | None, orig_cl_ord_id: str | None, **given: Any) -> Cancel:
    """Make a cancel of one order, or with a list_id of a list."""
    fields = {"symbol": symbol, "content_hash": f"hash of {cl_ord_id}", "input": "orders-0-17"}
    return factories.cancel(orig_cl_ord_id, cl_ord_id=cl_ord_id, **fields, **given)
