"""Adopting a shard: what ends it before anything is decided, and what Storm hears while it takes long."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from support.rule_engine import START_MS, SYMBOLS, Kafka, log_ends, order, run_engine, storm_tick

from fintank.adapters import journal
from fintank.adapters.journal import JournalEntries
from fintank.bolts import rule_engine
from fintank.trading.changes import SymbolClock
from fintank.trading.clock import ClockState
from fintank.wire.kafka import journal_records

STORM_SECONDS_MAX = 120
"""Storm ends a bolt that is silent for longer: topology.subprocess.timeout.secs."""


class SlowBroker:
    """A consumer that waits half a second for each record, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self._offset = -1

    def poll(self, _timeout: float) -> Any:
        self.now_s += 0.5
        self._offset += 1
        key, value = journal_records.to_record(SymbolClock(f"S{self._offset}", ClockState(1, 1), 0))
        assert value is not None
        found = {"error": None, "offset": self._offset, "key": key.encode(), "value": value.encode()}
        return SimpleNamespace(**{name: lambda given=given: given for name, given in found.items()})

    def records(self, count: int, progress: journal.Progress) -> Iterator[tuple[bytes, bytes | None]]:
        return journal._records(self, 0, count, progress)  # type: ignore[arg-type]


@pytest.mark.parametrize("logs_to_a_file", [False, True])
def test_storm_hears_of_a_task_that_reads_a_journal_for_long(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, logs_to_a_file: bool
) -> None:
    broker = SlowBroker()
    clock = SimpleNamespace(
        monotonic=lambda: broker.now_s, monotonic_ns=lambda: int(broker.now_s * 1_000_000_000)
    )
    monkeypatch.setattr(journal, "time", clock)
    monkeypatch.setattr(rule_engine, "time", clock)
    adopt = kafka.adopt

    def adopt_slowly(address: str, shard: int, progress: journal.Progress) -> tuple[Any, JournalEntries]:
        return adopt(address, shard, progress)[0], JournalEntries(broker.records(400, progress))

    said_s = [broker.now_s]
    monkeypatch.setattr(kafka, "adopt", staticmethod(adopt_slowly))
    monkeypatch.setattr(kafka, "events", Heard(said_s, broker))
    conf = {"pystorm.log.path": str(tmp_path)} if logs_to_a_file else {}
    run_engine(kafka, [], owners=4, conf=conf)
    assert broker.now_s == 1_200
    gaps_s = [later - earlier for earlier, later in zip(said_s, [*said_s[1:], broker.now_s], strict=True)]
    assert max(gaps_s) < STORM_SECONDS_MAX / 10


class Heard(list[tuple[str, object]]):
    """The events, of which each sync is noted with its time."""

    def __init__(self, said_s: list[float], broker: SlowBroker) -> None:
        self._said_s = said_s
        self._broker = broker

    def append(self, event: tuple[str, object]) -> None:
        super().append(event)
        if event[0] == "sync":
            self._said_s.append(self._broker.now_s)


def test_partitions_that_were_added_to_a_topic_end_the_process_with_the_cure(kafka: Kafka) -> None:
    *before, ends, cuts, full = log_ends("ticks", 0, 1)["tuple"]
    more = log_ends("ticks", 0, 1) | {"tuple": [*before, f"{ends} 4,0,0", cuts, full]}
    assert run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[0])), more])[0] == 1
    name, said = kafka.events[-1]
    assert name == "error"
    assert str(said).startswith(
        "topic 'ticks' has 5 partitions, and scale.toml says 4: write partitions.ticks = 5 into it"
    )


def test_a_log_that_starts_after_the_position_is_told_before_anything_is_decided(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[0])), storm_tick()])
    ends = " ".join(f"{number},{7 if number == 0 else 0},{7 if number == 0 else 0}" for number in range(4))
    deleted = log_ends("orders", 7, 1) | {
        "tuple": ["orders", "id of orders", "jvm", 1_000, START_MS, True, ends, "", ""]
    }
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        run_engine(kafka, [deleted], ends={"ticks": 0, "orders": 7}, owners=4)
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line.startswith("shard 0: 6 offsets of 'orders' were deleted before they were decided on")
