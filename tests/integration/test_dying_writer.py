"""A writer that dies within a commit, with a real broker: all of the commit is there, or nothing."""

from typing import Any

import pytest
from confluent_kafka import Producer
from factories import report
from support.order_reports import committed
from support.stack import Stack

from fintank.adapters.journal import ShardLog, adopt
from fintank.trading import ledger
from fintank.trading.changes import SymbolClock
from fintank.trading.clock import ClockState
from fintank.trading.messages import ExecType
from fintank.trading.recovery import Recovery

SHARD = 3
STEPS = 4
"""A record each for the journal, executions and fills, and the commit."""


class DiedError(Exception):
    """The writer died."""


class DyingProducer:
    """A producer that dies before its step of this number; what it wrote until then is at the broker.

    A step is a record or a commit.
    """

    def __init__(self, producer: Producer, steps: int) -> None:
        self._producer = producer
        self._left = steps

    def begin_transaction(self) -> None:
        self._producer.begin_transaction()

    def produce(self, *record: Any) -> None:
        self._step()
        self._producer.produce(*record)

    def commit_transaction(self, seconds: float) -> None:
        self._step()
        self._producer.commit_transaction(seconds)

    def _step(self) -> None:
        if self._left == 0:
            assert self._producer.flush(10) == 0
            raise DiedError
        self._left -= 1


def adopted(address: str) -> tuple[ShardLog, set[str]]:
    """Adopt the shard; return the symbols whose clocks its journal holds."""
    log, entries = adopt(address, SHARD, print)
    recovery = Recovery()
    for entry in entries:
        recovery.take(entry)
    return log, {entry.symbol for entry in recovery.entries() if isinstance(entry, SymbolClock)}


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("steps", range(STEPS + 1))
def test_a_commit_is_written_whole_or_not_at_all(stack: Stack, steps: int) -> None:
    address, name = stack.settings.kafka, f"died-{steps}"
    log, _ = adopted(address)
    log._producer = DyingProducer(log._producer, steps)  # type: ignore[assignment]
    trade = report(name, exec_type=ExecType.TRADE, last_qty=1, last_px=2, last_mkt="X")
    content = [trade], [ledger.booking(trade)], [SymbolClock(name, ClockState(1, 1), 0)]
    if steps < STEPS:
        with pytest.raises(DiedError):
            log.commit(*content)
    else:
        log.commit(*content)
    _, symbols = adopted(address)
    executions, fills = (
        {found["cl_ord_id"] for found in committed(address, topic)} for topic in ("executions", "fills")
    )
    assert [name in symbols, name in executions, name in fills] == [steps == STEPS] * 3
