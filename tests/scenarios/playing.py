"""Play a scenario on an engine, and compare what it emits with the table."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol
from zlib import crc32

from reference import Engine, Place
from scenarios.table import MICROSECONDS, START_US, Expected, Row, Scenario

PARTITIONS = 4
LOG_US = START_US + 86_400 * 365 * MICROSECONDS
"""When a scenario is played: long after its messages' own times, as with recorded quotes."""

Record = dict[str, Any]


def record(text: str) -> Record:
    """Read a record of executions or fills; times stay text."""
    found: Record = json.loads(text, parse_float=str)
    return found


@dataclass
class Emitted:
    """What an engine emits for a row: records of executions and fills, and the reasons of rejects."""

    executions: list[Record] = field(default_factory=list)
    fills: list[Record] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)


class World(Protocol):
    """An engine that takes records as text; the times in what it emits are text."""

    def take(self, topic: str, text: str, place: Place, log_us: int) -> Emitted: ...

    def run_timers(self, log_us: int) -> Emitted: ...


class ReferenceWorld:
    """The reference engine."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.engine = Engine(rules)

    def take(self, topic: str, text: str, place: Place, log_us: int) -> Emitted:
        if topic == "ticks":
            self.engine.tick(json.loads(text), place, log_us)
        else:
            self.engine.order(json.loads(text, parse_float=Fraction), place, log_us)
        return self._emitted()

    def run_timers(self, log_us: int) -> Emitted:
        self.engine.pass_to(log_us)
        return self._emitted()

    def _emitted(self) -> Emitted:
        engine = self.engine
        emitted = Emitted(engine.executions, engine.fills, [reason for _, reason in engine.rejects])
        engine.executions, engine.fills, engine.rejects = [], [], []
        return emitted


class Places:
    """Assigns each record an offset in the partition of its key."""

    def __init__(self) -> None:
        self.ends: Counter[tuple[str, int]] = Counter()
        self.named: dict[str, Place] = {}

    def of(self, row: Row, log_us: int) -> Place:
        if row.is_redelivered:
            assert row.name is not None
            return self.named[row.name]
        key = row.message.get("symbol" if row.kind == "ticks" else "account") or row.message.get("symbol")
        partition = crc32(str(key).encode()) % PARTITIONS if row.partition is None else row.partition
        place = Place(
            row.kind,
            partition,
            self.ends[row.kind, partition],
            log_us if row.append_us is None else row.append_us,
        )
        self.ends[row.kind, partition] += 1
        if row.name is not None:
            self.named.setdefault(row.name, place)
        return place


def play(scenario: Scenario, world: World, between: Callable[[World], World] = lambda world: world) -> None:
    """Play a scenario row by row; AssertionError where an engine emits something else than the table says.

    between: what happens to the world before each row, such as a restart.
    """
    places, log_us = Places(), LOG_US
    for number, row in enumerate(scenario.rows, 1):
        world = between(world)
        log_us += row.log_us
        if row.kind in ("pass", "unseen"):
            emitted = world.run_timers(log_us) if row.kind == "pass" else Emitted()
        else:
            place = places.of(row, log_us)
            emitted = world.take(row.kind, json.dumps(row.message), place, log_us)
        check_emitted(row, emitted, places.named, f"{scenario.id}, row {number}")


def check_emitted(row: Row, emitted: Emitted, named: dict[str, Place], where: str) -> None:
    """Compare what an engine emitted with a row; named: the records that have names in the table."""
    check_heads(row, emitted, where)
    for expected, execution in zip(row.expected, emitted.executions, strict=False):
        fill = next((fill for fill in emitted.fills if fill["exec_id"] == execution["exec_id"]), {})
        check_fields(expected, {**fill, **execution}, named, f"{where}, {expected.head}")
    check_bookings(emitted, where)


def check_heads(row: Row, emitted: Emitted, where: str) -> None:
    found = [head(execution) for execution in emitted.executions] + [
        f"reject {why}" for why in emitted.rejects
    ]
    expected = [expected.head for expected in row.expected]
    assert found == expected, f"{where}:\n  emitted {'; '.join(found)}\n  table {'; '.join(expected)}"


def head(execution: Record) -> str:
    """Write a report as tables do: `o1 10 @ 100.5 NYSE FILLED`, `o2 CANCELED NO_QUOTE crossed=no`."""
    name, exec_type = execution["cl_ord_id"], execution["exec_type"]
    if exec_type == "CANCELED":
        name = execution["orig_cl_ord_id"] or name
    if exec_type == "TRADE":
        done = " FILLED" if execution["ord_status"] == "FILLED" else ""
        return f"{name} {execution['last_qty']} @ {execution['last_px']} {execution['last_mkt']}{done}"
    text = execution.get("text")
    return f"{name} {exec_type}" + (f" {text.removeprefix('code=')}" if text else "")


def check_fields(expected: Expected, record: Record, named: dict[str, Place], where: str) -> None:
    for name, wanted in expected.fields.items():
        found = written(name, record[name], named)
        assert found == wanted, f"{where}: {name} is {found}, in the table {wanted}"


def written(name: str, value: Any, named: dict[str, Place]) -> str:
    """Write a field's value as tables do: times in seconds of the scenario, records by their names."""
    if value is None:
        return "null"
    if name in ("transact_time", "order_time", "log_time"):
        start_us = LOG_US if name == "log_time" else START_US
        return f"{float(value) - start_us / MICROSECONDS:g}"
    if name == "as_of":
        ends = {f"{place.partition}-{place.offset + 1}": known for known, place in named.items()}
        return ",".join(ends.get(end, end) for end in value.split(" "))
    if name == "input":
        found = (known for known, place in named.items() if place.input == value)
        return next(found, str(value)).replace(" ", "_")
    if name == "quote_ids":
        ids = {f"{place.partition}-{place.offset}": known for known, place in named.items()}
        return ",".join(ids.get(quote_id, quote_id) for quote_id in value)
    return str(value)


def check_bookings(emitted: Emitted, where: str) -> None:
    """Every trade is booked, in the same order, and nothing else is."""
    trades = [report for report in emitted.executions if report["exec_type"] == "TRADE"]
    assert [fill["exec_id"] for fill in emitted.fills] == [trade["exec_id"] for trade in trades], where
    for fill, trade in zip(emitted.fills, trades, strict=True):
        shares = Fraction(fill["last_qty"]) * (1 if fill["side"] == "BUY" else -1)
        assert Fraction(fill["delta_shares"]) == shares, where
        money = shares * Fraction(fill["last_px"]) * Fraction(trade["multiplier"])
        assert Fraction(fill["delta_cash"]) == -money, where
