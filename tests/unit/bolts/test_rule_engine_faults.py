"""Failed commits, restarts and replays: each order is decided once, whatever ends the rule engine."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_engine import (
    NAMES,
    START,
    SYMBOLS,
    Kafka,
    Tick,
    cancel,
    order,
    orders_tuple,
    run_engine,
    storm_tick,
    ticks_tuple,
)

from fintank.bolts.owners import owner_of
from fintank.trading.ids import join
from fintank.trading.messages import ExecType, Order, OrdType, State, TradingState

DAY_SECONDS = 24 * 3600


@pytest.mark.parametrize("fault", ["lost", "unknown"])
def test_a_failed_commit_ends_the_process_and_acks_nothing(kafka: Kafka, fault: str) -> None:
    kafka.faults = [fault]
    status, acked = run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[0])), storm_tick()])
    assert (status, acked) == (1, [])
    assert {name for name, _ in kafka.events} <= {"adopt", "commit", "error"}
    said = {"lost": "the broker is away", "unknown": "no answer in time"}
    assert kafka.events[-1] == ("error", said[fault])


def test_a_writer_that_was_replaced_acks_nothing_of_what_it_decides(kafka: Kafka) -> None:
    class Replaced(Kafka):
        def adopt(self, address: str, shard: int, progress: object):  # type: ignore[no-untyped-def]
            found = super().adopt(address, shard, progress)
            self.shards[shard].writer += 1
            return found

    replaced = Replaced()
    status, acked = run_engine(replaced, [kafka.orders("o", order("o-1", SYMBOLS[0]))])
    assert (status, acked, replaced.reports) == (1, [], [])


def test_a_symbol_of_another_tasks_shard_ends_the_process(kafka: Kafka) -> None:
    status, acked = run_engine(kafka, [kafka.orders("o", order("o-1", SYMBOLS[1]))], owner=0, owners=2)
    assert (status, acked, kafka.reports) == (1, [], [])
    assert [name for name, _ in kafka.events] == ["adopt", "adopt", "error", "sync"]


def test_an_order_that_waits_trades_after_a_restart_on_the_quote_from_before_it(kafka: Kafka) -> None:
    symbol = SYMBOLS[0]
    run_engine(kafka, [kafka.ticks("t", Tick(symbol, 3)), storm_tick()])
    run_engine(kafka, [kafka.orders("o", order("o-1", symbol))])
    assert [report.quote_ids for report in kafka.reports] == [(), ("0-3",)]


def test_the_trading_state_and_cancels_are_known_after_a_restart(kafka: Kafka) -> None:
    symbol = SYMBOLS[2]
    messages = [
        kafka.orders("c", cancel("c-1", symbol, "o-1")),
        kafka.orders("h", TradingState(State.SELL_ONLY, START, 17, "orders-0-17")),
    ]
    run_engine(kafka, messages)
    later = [order("o-1", symbol, side="SELL"), order("o-2", symbol)]
    run_engine(kafka, [*messages, kafka.orders("o", *later)])
    assert [report.exec_type for report in kafka.reports] == [
        *("CANCEL_REJECTED", "NEW", "CANCELED", "REJECTED"),
    ]


@pytest.mark.parametrize("text", ['{"schema_version":4}', '{"schema_version":3}', "{"])
def test_a_journal_that_can_not_be_read_ends_the_process_with_the_cure(kafka: Kafka, text: str) -> None:
    kafka.shards[1].journal["clock|3:IVE"] = text
    assert run_engine(kafka, []) == (1, [])
    name, said = kafka.events[-1]
    assert name == "error"
    assert str(said).endswith("; `invoke reset` deletes all data, open orders too")


def test_a_journal_of_the_version_before_is_read_and_written_anew(kafka: Kafka) -> None:
    symbol = SYMBOLS[1]
    done, waits = order("done", symbol), order("waits", symbol, ord_type=OrdType.LIMIT, price=Decimal(99))
    sent = [kafka.orders("o", done, waits), kafka.ticks("t", Tick(symbol, 3)), storm_tick()]
    run_engine(kafka, sent)
    journal = kafka.shards[1].journal
    wanted = {key: json.loads(text) for key, text in journal.items()}
    done_key, waits_key = (f"order|{join(*found.identity)}" for found in (done, waits))
    old = {key: value | {"schema_version": 2} for key, value in wanted.items()}
    old[done_key] = wanted[waits_key] | old[done_key]
    old[waits_key]["closed_us"] = None
    journal |= {key: json.dumps(value) for key, value in old.items()}
    kafka.faults = [None, "lost"]
    assert run_engine(kafka, [])[0] == 1
    assert json.loads(journal["positions|"])["schema_version"] == 2
    run_engine(kafka, sent)
    assert {key: json.loads(text) for key, text in journal.items()} == wanted
    kafka.events.clear()
    run_engine(kafka, [])
    assert [name for name, _ in kafka.events] == ["adopt"] * 4
    assert [report.exec_type for report in kafka.reports] == ["NEW", "NEW", "TRADE"]


def test_orders_leave_the_journal_after_the_retention_and_do_not_trade_again(kafka: Kafka) -> None:
    symbol, late = SYMBOLS[0], 2 * DAY_SECONDS
    first = kafka.orders("o", order("o-1", symbol))
    run_engine(
        kafka,
        [first, kafka.ticks("t", Tick(symbol, 3)), kafka.ticks("u", Tick(symbol, 4, at=late)), storm_tick()],
    )
    assert not any(key.startswith("order|") for key in kafka.shards[0].journal)
    run_engine(kafka, [first])
    assert [report.exec_type for report in kafka.reports] == [ExecType.NEW, ExecType.TRADE]
    run_engine(kafka, [kafka.orders("a copy", order("o-1", symbol))])
    assert [report.exec_type for report in kafka.reports][2:] == [ExecType.REJECTED]


@dataclass(frozen=True)
class Sent:
    """Records of one topic before they are shared out to the owners."""

    first: int
    orders: tuple[Order, ...] = ()
    ticks: tuple[Tick, ...] = ()

    def tuples(self, name: str, owners: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (owner, tuple) for each owner."""
        end = self.first + len(self.orders) + len(self.ticks)
        for owner in range(owners):
            orders = [found for found in self.orders if owner_of(found.symbol, owners) == owner]
            ticks = [tick for tick in self.ticks if owner_of(tick.symbol, owners) == owner]
            if self.orders:
                yield owner, orders_tuple(f"{name} orders {owner}", self.first, end, orders)
            else:
                yield owner, ticks_tuple(f"{name} ticks {owner}", self.first, end, ticks)


def some_messages(rng: random.Random) -> list[Sent]:
    """Make orders and ticks of every shard; every symbol has a tick, so every order trades in the end."""
    messages: list[Sent] = []
    order_count = tick_count = 0
    for batch in range(12):
        symbols = rng.sample(NAMES, 5)
        if batch % 3:
            offsets = range(order_count, order_count := order_count + 5)
            found = tuple(
                order(f"o-{offset}", symbol, input=f"orders-0-{offset}")
                for offset, symbol in zip(offsets, symbols, strict=True)
            )
            messages.append(Sent(offsets[0], orders=found))
        else:
            offsets = range(tick_count, tick_count := tick_count + 5)
            ticks = tuple(
                Tick(symbol, offset, at=batch) for offset, symbol in zip(offsets, symbols, strict=True)
            )
            messages.append(Sent(offsets[0], ticks=ticks))
    last = tuple(Tick(symbol, tick_count + i, at=20) for i, symbol in enumerate(NAMES))
    return [*messages, Sent(tick_count, ticks=last)]


FAULTS = st.lists(st.sampled_from([None, None, None, "lost", "unknown"]), max_size=12)
LIVES = st.lists(st.tuples(FAULTS, st.integers(1, 2), st.none() | st.integers(0, 5)), max_size=5)


@given(rng=st.randoms(use_true_random=False), lives=LIVES, at_once=st.booleans())
def test_whatever_ends_it_and_in_whatever_order_tuples_come_again_each_order_is_decided_once(
    rng: random.Random, lives: list[tuple[list[str | None], int, int | None]], at_once: bool
) -> None:
    messages = list(enumerate(some_messages(rng)))
    kafka = Kafka()
    ends = {"orders": 40, "ticks": 30}
    undisturbed: tuple[list[str | None], int, int | None] = ([], 2, None)
    acked_parts: set[tuple[int, str]] = set()
    for faults, owners, acks_max in [*lives, undisturbed]:
        kafka.faults = list(faults)
        for owner in range(owners):
            tuples = [
                tuple_
                for number, message in messages
                for owner_, tuple_ in message.tuples(str(number), owners)
                if owner_ == owner and (owners, tuple_["id"]) not in acked_parts
            ]
            run = [*tuples, storm_tick()]
            _, acked = run_engine(
                kafka, run, owner=owner, owners=owners, acks_max=acks_max, at_once=at_once, ends=ends
            )
            assert max(Counter(acked).values(), default=1) == 1
            acked_parts |= {(owners, tuple_id) for tuple_id in acked}
        rng.shuffle(messages)
    wanted = {found.cl_ord_id for _, message in messages for found in message.orders}
    told = Counter((report.cl_ord_id, report.exec_type) for report in kafka.reports)
    assert told == {(name, kind): 1 for name in wanted for kind in (ExecType.NEW, ExecType.TRADE)}
    for state in kafka.shards.values():
        decided = [report.cl_ord_id for report in state.reports if report.exec_type is ExecType.NEW]
        assert decided == sorted(decided, key=lambda name: int(name.removeprefix("o-")))
    trades = [report for report in kafka.reports if report.exec_type is ExecType.TRADE]
    assert sorted(report.exec_id for report in trades) == sorted(fill.exec_id for fill in kafka.fills)
    assert all(report.last_qty == Decimal(10) and report.last_px == Decimal(101) for report in trades)
