"""`invoke reshard` on a real broker: open orders go along, whatever step it is killed at."""

import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from support.auditing import check_audit
from support.log_topology import LogTopology, topic_names
from support.order_reports import committed
from support.order_traffic import market_order, portfolio_orders, tick
from support.stack import Stack, run_fintank, running_stack, start_fintank
from support.waiting import wait_until

from fintank import scale
from fintank.adapters import generations, journal, kafka, kafka_topics
from fintank.adapters.consumer_groups import GROUPS
from fintank.errors import FintankError
from fintank.resharding import new_journals
from fintank.resharding.old_shards import OldShards
from fintank.resharding.reshard import reshard
from fintank.scale import Scale

SYMBOLS = [f"S{number}" for number in range(12)]


@pytest.fixture
def stack() -> Iterator[Stack]:
    """Services of a test's own."""
    with running_stack() as made:
        yield made


@pytest.fixture
def sized(tmp_path: Path, stack: Stack) -> Iterator[Callable[[int], None]]:
    """Says how many shards scale.toml has, to this process and to the commands."""
    file, before = tmp_path / "scale.toml", scale.current()

    def say(shards: int) -> None:
        file.write_text(f"shards = {shards}\n")
        scale.use(Scale(shards))

    stack.environ["FINTANK_SCALE"] = str(file)
    say(4)
    yield say
    scale.use(before)
    kafka_topics.use_generation(0)


def limit(name: str, symbol: str, **given: Any) -> dict[str, Any]:
    return {**market_order(name, symbol), "ord_type": "LIMIT", "price": "98.5", **given}


def prices(bid: str, ask: str) -> list[dict[str, Any]]:
    return [{**tick(symbol, bid, ask), "ask_size": "1000", "bid_size": "1000"} for symbol in SYMBOLS]


def open_orders() -> list[dict[str, Any]]:
    """Orders that rest: of every kind, for all symbols."""
    found: list[dict[str, Any]] = []
    for number, symbol in enumerate(SYMBOLS):
        found += [
            limit(f"limit-{number}", symbol),
            limit(f"sell-{number}", symbol, side="SELL", price="101"),
            {**market_order(f"stop-{number}", symbol), "ord_type": "STOP", "stop_px": "100.5"},
            limit(f"block-{number}", symbol, priority=2, price="98.4"),
            limit(f"part-{number}", symbol, order_qty="1500", price="99.9"),
            market_order(f"filled-{number}", symbol),
        ]
    early = {"msg_type": "cancel", "cl_ord_id": "early", "account": "acc-1", "list_id": "to-come"}
    return [*found, {**early, "timestamp": time.time() + 30}]


class Killed(BaseException):
    """Ends the command as kill -9 does: nothing after it runs."""


def is_killed(stack: Stack, shards: int, step: int) -> bool:
    """Kill it before one of its transactions; whether it had so many."""
    written, left = journal.write, [step]

    def write(*given: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        written(*given)

    journal.write = write
    try:
        reshard(stack.settings, shards, print)
    except Killed:
        assert generations.complete(stack.settings.kafka, topic_names(stack)) == [0]
        return True
    finally:
        journal.write = written
    return False


def exec_ids(stack: Stack) -> Counter[str]:
    return Counter(report["exec_id"] for report in committed(stack.settings.kafka, "executions"))


@contextmanager
def reading(address: str) -> Iterator[None]:
    """Read `ticks` as a topology does."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": GROUPS["ticks"], "log_level": 0})
    consumer.subscribe(["ticks"])
    wait_until(lambda: consumer.poll(0.1) is not None or consumer.assignment(), 30)
    try:
        yield
    finally:
        consumer.close()


def refused(stack: Stack, shards: int) -> str:
    with pytest.raises(FintankError) as caught:
        reshard(stack.settings, shards, print)
    return str(caught.value)


def check_refusals(stack: Stack, flow: LogTopology) -> None:
    """One line each for what can't be done; nothing is changed."""
    assert run_fintank(stack, "reshard", "4").stderr == (
        "there are 4 shards already: scale.toml must say shards = 4\n"
    )
    with reading(stack.settings.kafka):
        assert refused(stack, 16) == "the topology is running: stop it, then run `invoke reshard` again"
    flow.send("ticks", "symbol", *prices("99.4", "100"))
    flow.decide(shards=2)
    assert refused(stack, 16).startswith("these shards are behind the others: 2, 3: start the topology")


def check_old(stack: Stack, old: LogTopology) -> None:
    """A topology of before can't write any more, and none starts with the old number."""
    old.send("ticks", "symbol", *prices("99.3", "100"))
    with pytest.raises(journal.JournalError, match="the transaction failed"):
        old.decide()
    with pytest.raises(FintankError, match=r"scale.toml says 4: write shards = \d+ into it, or"):
        journal.adopt(stack.settings.kafka, 0, print)


def check_two_at_once(stack: Stack) -> None:
    """A call that this one fences creates its topics all the same: none is written to with another number."""

    class Overtaken(OldShards):
        def __init__(self, address: str, generation: int, shards: int) -> None:
            super().__init__(address, generation, shards)
            with kafka.connect(address) as admin:
                kafka.create(admin, dict.fromkeys(("journal-1", "timeline-1"), kafka_topics.Topic(16, {})))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fintank.resharding.reshard.OldShards", Overtaken)
        assert refused(stack, 3).startswith("nothing was changed, as another `invoke reshard` has begun")
    assert generations.complete(stack.settings.kafka, topic_names(stack)) == [0]


def kill_now_and_then(stack: Stack, shards: int) -> None:
    """Kill the command after some time, then let it end."""
    for delay_s in (1.2, 2.0):
        with start_fintank(stack, "reshard", str(shards)) as running:
            time.sleep(delay_s)
            running.send_signal(signal.SIGKILL)
    done = run_fintank(stack, "reshard", str(shards))
    says = f"16 shards became {shards}: now write shards = {shards} into scale.toml"
    assert says in done.stdout or f"there are {shards} shards already" in done.stderr


def begun(stack: Stack) -> LogTopology:
    """A topology with open orders."""
    flow = LogTopology(stack)
    flow.send("ticks", "symbol", *prices("99.5", "100"))
    flow.decide()
    flow.send("orders", "account", *open_orders())
    state = {"msg_type": "trading_state", "state": "SELL_ONLY", "symbol": "S11", "timestamp": time.time()}
    flow.write("orders", json.dumps(state), "")
    flow.decide()
    flow.load()
    return flow


def ended(stack: Stack) -> None:
    """The orders trade, and every proof holds."""
    flow = LogTopology(stack)
    to_come = {**portfolio_orders("to-come", SYMBOLS, 1)[0], "order_id": "to-come", "account": "acc-1"}
    flow.send("orders", "account", to_come)
    # The third time, for what the large orders left of the second.
    flow.send("ticks", "symbol", *prices("100.5", "100.8"), *prices("98", "98.3"), *prices("98", "98.2"))
    flow.decide()
    flow.load()
    check_all(stack)


def test_open_orders_go_along_to_3_shards(stack: Stack, sized: Callable[[int], None]) -> None:
    old = begun(stack)
    before = exec_ids(stack)
    check_two_at_once(stack)
    assert is_killed(stack, 3, 0)
    assert not is_killed(stack, 3, 100)
    assert exec_ids(stack) == before
    check_old(stack, old)
    sized(3)
    ended(stack)
    assert before.keys() < exec_ids(stack).keys()


@pytest.mark.soak
def test_open_orders_go_along_from_4_to_16_to_3_shards(
    stack: Stack, sized: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = begun(stack)
    check_refusals(stack, flow)
    old = LogTopology(stack)
    old.decide()
    before = exec_ids(stack)
    monkeypatch.setattr(new_journals, "TRANSACTION_RECORDS", 60)
    steps = next(step for step in count() if not is_killed(stack, 16, step))
    assert steps >= 3
    check_old(stack, old)
    sized(16)
    flow = LogTopology(stack)
    flow.send("ticks", "symbol", *prices("99", "99.8"))
    flow.send("orders", "account", *portfolio_orders("p", SYMBOLS, 4), limit("late", "S1"))
    flow.decide()
    kill_now_and_then(stack, 3)
    sized(3)
    ended(stack)
    assert before.keys() < exec_ids(stack).keys()
    dropped = run_fintank(stack, "reshard", "--drop-old")
    assert dropped.stdout.startswith("Deleted: journal, journal-")
    assert run_fintank(stack, "reshard", "--drop-old").stderr == "there are no journals of earlier shards\n"
    check_audit(stack, 150)


def check_all(stack: Stack) -> None:
    """Every order is filled once, reconcile and audit are clean."""
    reports = committed(stack.settings.kafka, "executions")
    filled = Counter(report["cl_ord_id"] for report in reports if report["ord_status"] == "FILLED")
    for number in range(11):
        assert filled[f"limit-{number}"] == filled[f"stop-{number}"] == 1
    assert max(exec_ids(stack).values()) == 1
    clean = run_fintank(stack, "reconcile")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    findings = check_audit(stack, 100)
    assert (findings.not_audited, findings.undecided, findings.notes) == (0, 0, [])
    assert findings.reports == len(reports)
