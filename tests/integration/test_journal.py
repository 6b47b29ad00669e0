"""Adopting a shard and committing to it, with a real broker: who may write, and what is read back."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
from factories import SECOND, START, cancel, order, quote, report
from support.order_reports import committed
from support.stack import Stack
from support.timers import forget
from support.waiting import wait_until

from fintank.adapters import kafka, kafka_topics
from fintank.adapters.journal import JournalError, ShardLog, adopt
from fintank.adapters.topic_reader import open_reader
from fintank.services import lifecycle
from fintank.trading import ledger
from fintank.trading.changes import Change, Forgotten, SymbolClock
from fintank.trading.clock import ClockState
from fintank.trading.instruments import Instrument
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.messages import ExecType, OrdStatus
from fintank.trading.recovery import Recovery
from fintank.trading.shard import Shard
from fintank.trading.working_order import Closing, WorkingOrder
from fintank.wire.kafka import journal_records

RECORDS = 200_000
ADOPTION_CPU_SECONDS_MAX = 8
ADOPTION_SECONDS_MAX = 120
OPEN_SECONDS_MAX = 5
COMPACTION_SECONDS_MAX = 60
COMPACTED_AT_ONCE = {
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
}
"""The active segment is never compacted: here a new one begins every 200 ms."""

# The previous owner of a shard: it adopts the shard and commits one record for each line of stdin.
WRITER = """
import sys
from fintank.adapters.journal import JournalError, adopt
from fintank.trading.changes import SymbolClock
from fintank.trading.clock import ClockState
log, _ = adopt(sys.argv[1], int(sys.argv[2]), print)
print("adopted", flush=True)
for line in sys.stdin:
    try:
        log.commit([], [], [SymbolClock(line.strip(), ClockState(1, 1), 0)])
        print("committed", flush=True)
    except JournalError as error:
        print(error, flush=True)
"""


@pytest.fixture(scope="module")
def address(own_stack: Stack) -> str:
    lifecycle.up(own_stack.settings, print)
    with kafka.connect(own_stack.settings.kafka) as admin:
        kafka.ensure_topics(admin)
    return own_stack.settings.kafka


def adopted(address: str, shard: int) -> tuple[ShardLog, dict[str, int]]:
    """Adopt a shard; return the clocks that its journal holds, by symbol."""
    log, entries = adopt(address, shard, print)
    recovery = Recovery()
    for entry in entries:
        recovery.take(entry)
    clocks = [entry for entry in recovery.entries() if isinstance(entry, SymbolClock)]
    return log, {clock.symbol: clock.state.tick_time_us for clock in clocks}


def clock(symbol: str, tick_time_us: int = 1) -> SymbolClock:
    return SymbolClock(symbol, ClockState(tick_time_us, 1), 0)


def open_transaction(address: str, shard: int, record_id: str) -> Producer:
    """Write a record to the journal and leave its transaction open."""
    options = {"bootstrap.servers": address, "transactional.id": f"rule-engine-{shard}"}
    producer = Producer({**options, "transaction.timeout.ms": 10_000})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce("journal", b"{}", f"clock|{record_id}", shard)
    assert producer.flush(10) == 0
    return producer


@contextmanager
def previous_owner(address: str, shard: int) -> Iterator[subprocess.Popen[str]]:
    """Run another process that owns a shard."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, address, str(shard)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "adopted\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_adoption_reads_the_latest_record_of_each_id_and_no_tombstones(address: str) -> None:
    log, _ = adopted(address, 0)
    log.commit([], [], [clock("kept"), clock("changed"), clock("ended")])
    log.commit([], [], [clock("changed", 2), Forgotten(clock("ended"))])
    _, records = adopted(address, 0)
    assert records == {"kept": 1, "changed": 2}


def test_reports_go_to_the_partition_of_their_symbol_and_fills_to_that_of_the_account(address: str) -> None:
    log, _ = adopted(address, 1)
    new, trade = report("o-1"), report("o-1", exec_type=ExecType.TRADE, last_qty=1, last_px=2, last_mkt="X")
    log.commit([new, trade], [ledger.booking(trade)], [clock("with them")])
    executions, fills = committed(address, "executions"), committed(address, "fills")
    partition = kafka_topics.partition_for(new.symbol, 4)
    assert [(found["_partition"], found["_key"]) for found in executions] == [(partition, "o-1")] * 2
    assert [found["exec_type"] for found in executions] == ["NEW", "TRADE"]
    assert [(found["_partition"], found["_key"]) for found in fills] == [
        (kafka_topics.partition_for("acc", 4), "acc")
    ]


def test_adoption_fences_the_previous_owner(address: str) -> None:
    first, _ = adopted(address, 0)
    second, _ = adopted(address, 0)
    with pytest.raises(JournalError, match="the transaction failed"):
        first.commit([report("of the first")], [], [clock("of the first")])
    second.commit([], [], [clock("of the second")])
    _, records = adopted(address, 0)
    assert "of the second" in records
    assert "of the first" not in records
    assert "of the first" not in [found["_key"] for found in committed(address, "executions")]


def test_a_paused_owner_that_wakes_after_another_adopted_its_shard_can_write_nothing(address: str) -> None:
    with previous_owner(address, 1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("before the pause\n")
        assert process.stdout.readline() == "committed\n"
        process.send_signal(signal.SIGSTOP)
        log, records = adopted(address, 1)
        assert "before the pause" in records
        log.commit([], [], [clock("while it was paused")])
        process.send_signal(signal.SIGCONT)
        process.stdin.write("after the pause\n")
        assert "the transaction failed" in process.stdout.readline()
    _, records = adopted(address, 1)
    assert "while it was paused" in records
    assert "after the pause" not in records


def test_adoption_aborts_the_open_transaction_of_the_previous_owner(address: str) -> None:
    log, _ = adopted(address, 2)
    log.commit([], [], [clock("committed")])
    left = open_transaction(address, 2, "left open")
    started = time.monotonic()
    _, records = adopted(address, 2)
    seconds = time.monotonic() - started
    print(f"adopted behind an open transaction in {seconds:.2f} s")
    assert set(records) == {"committed"}
    assert seconds < OPEN_SECONDS_MAX
    del left


def test_adoption_reads_records_behind_the_open_transaction_of_another_producer(
    address: str,
) -> None:
    log, _ = adopted(address, 2)
    options = {"bootstrap.servers": address, "transactional.id": "a stranger"}
    stranger = Producer({**options, "transaction.timeout.ms": 3_000})
    stranger.init_transactions(10)
    stranger.begin_transaction()
    stranger.produce("journal", b"{}", "clock|of a stranger", 2)
    assert stranger.flush(10) == 0
    log.commit([], [], [clock("behind it")])
    _, records = adopted(address, 2)
    assert "behind it" in records
    assert "of a stranger" not in records


def test_what_compaction_leaves_of_a_journal_gives_the_same_state(address: str) -> None:
    set_configs(address, ConfigResource("topic", "journal"), COMPACTED_AT_ONCE)
    (broker,) = AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).brokers
    set_configs(address, ConfigResource("broker", str(broker)), {"log.cleaner.backoff.ms": "100"})
    log, _ = adopt(address, 3, print)
    shard = Shard(Limits(retention_us=60 * SECOND))
    written: dict[str, str] = {}
    records = 0
    for second in range(200):
        now_us = START + second * SECOND
        changes = [*seconds_changes(shard, second, now_us), Positions(second)]
        log.commit([], [], changes)
        records += len(changes)
        for key, value in map(journal_records.to_record, changes):
            if value is None:
                written.pop(key, None)
            else:
                written[key] = value
    wait_until(lambda: kept_records(address, 3) < records / 2, seconds=COMPACTION_SECONDS_MAX)
    print(f"{records} records, {kept_records(address, 3)} after compaction, {len(written)} remembered")
    recovery = Recovery()
    for entry in adopt(address, 3, print)[1]:
        recovery.take(entry)
    assert dict(map(journal_records.to_record, [*recovery.entries(), recovery.positions])) == written
    kinds = Counter(key.partition("|")[0] for key in written)
    assert kinds.keys() >= {"order", "refusal", "cancel", "quote", "clock", "positions"}


def seconds_changes(shard: Shard, second: int, now_us: int) -> list[Change]:
    """Let a shard trade, reject, cancel and forget; return what it writes about it."""
    sent = {"order_time_us": now_us, "content_hash": f"of second {second}"}
    effects = [
        shard.on_quote(quote("99", "101", at=second, offset=second), now_us),
        shard.on_order(order("1", cl_ord_id=f"o-{second % 50}", **sent), now_us),
        shard.on_order(order("1", price="99", cl_ord_id=f"r-{second}", **sent), now_us),
        shard.on_cancel(cancel(f"r-{second - 3}", cl_ord_id=f"c-{second}", **sent), now_us),
    ]
    changes = [change for found in effects if found is not None for change in found.journal]
    return [*changes, *forget(shard, now_us)]


def set_configs(address: str, resource: ConfigResource, values: dict[str, str]) -> None:
    for name, value in values.items():
        resource.add_incremental_config(ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET))
    admin = AdminClient({"bootstrap.servers": address})
    admin.incremental_alter_configs([resource])[resource].result()


def kept_records(address: str, shard: int) -> int:
    """Count the records of a shard's journal."""
    with open_reader(address, "journal") as reader:
        return sum(1 for _ in reader.read(reader.starts([shard])))


def test_a_shard_of_200_000_orders_is_adopted_in_time(address: str) -> None:
    made = order(None, "1234.56", list_id="p-1", content_hash="0123456789abcdef0123456789abcdef")
    filled = WorkingOrder(made, arrival_seq=0, accepted_us=made.order_time_us, end_us=None, is_checked=True)
    filled = filled.traded(Decimal("13.104"), Decimal("94.2125"), Instrument())
    filled = filled.ended(OrdStatus.FILLED, Closing(0, by_log=True))
    log, _ = adopted(address, 3)
    for start in range(0, RECORDS, 20_000):
        records = [
            replace(filled, order=replace(made, cl_ord_id=f"o-{n}"), arrival_seq=n)
            for n in range(start, start + 20_000)
        ]
        started = time.monotonic()
        log.commit([], [], records)
        print(f"a transaction of {len(records):,} records: {time.monotonic() - started:.2f} s")
    started, started_cpu = time.monotonic(), time.process_time()
    _, found = adopt(address, 3, print)
    recovery = found.recovery()
    recovery.shard(Limits())
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - started_cpu
    print(f"{len(recovery):,} entries restored in {seconds:.1f} s, {cpu_seconds:.1f} s of CPU")
    assert len(recovery) >= RECORDS
    assert cpu_seconds < ADOPTION_CPU_SECONDS_MAX  # a busy machine takes twice the CPU of an idle one
    assert seconds < ADOPTION_SECONDS_MAX
