"""What must hold at the end of a fault run, whatever happened in it."""

import base64
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping

from faults.traffic import Identity, identities_of
from faults.world import World
from support.auditing import check_audit
from support.order_reports import TERMINAL, check_order, committed
from support.order_traffic import Message
from support.stack import fintank
from support.waiting import wait_until

from fintank.adapters import kafka
from fintank.adapters.consumer_groups import partition_states

SETTLED_S = 150
"""The longest time without progress."""
MEBIBYTE = 1024 * 1024
GROWTH_MB_MAX = 100
"""How much more memory a process may have at the end than after its warm-up."""


def settle(world: World) -> float:
    """Wait until all that was sent is decided and stored; return the seconds.

    How long that takes depends on the machine and on what the faults left undone, so what counts is progress.
    """
    started = progressed = time.monotonic()
    least = sys.maxsize
    while left := _lag(world):
        if sum(left.values()) < least:
            least, progressed = sum(left.values()), time.monotonic()
        is_moving = time.monotonic() - progressed < SETTLED_S
        assert is_moving, f"no progress for {SETTLED_S} s: lag {left}\n{world.topology.text()}"
        time.sleep(1)
    return time.monotonic() - started


def _lag(world: World) -> dict[str, int]:
    with kafka.connect(world.stack.settings.kafka) as admin:
        lags: dict[str, int] = Counter()
        for state in partition_states(admin):
            lags[state.topic] += (state.lag or 0) + state.hidden
    return {topic: count for topic, count in lags.items() if count}


def check(world: World) -> str:
    """Check reports, their order, the database and every decision again; return the figures."""
    reports = committed(world.stack.settings.kafka, "executions")
    decided = check_decided_once(world.traffic.identities, rejected_orders(world), reports)
    check_order([report for report in reports if not _is_of_a_duplicate(report)])
    _wait_until_reconciled(world)
    assert check_audit(world.stack, len(reports)).not_audited == 0
    kinds = Counter(report["exec_type"] for report in reports)
    return f"{decided} orders, " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _wait_until_reconciled(world: World) -> None:
    """Wait until Kafka and InfluxDB agree: orders still expire, so there may always be something pending."""
    said = ""

    def is_clean() -> bool:
        nonlocal said
        said = fintank(world.stack, "reconcile")
        return "Clean: no break." in said

    wait_until(is_clean, SETTLED_S, lambda: said)


def rejected_orders(world: World) -> set[Identity]:
    """Return the orders that became rejects, too far ahead of a broker whose clock was slow."""
    payloads = [
        base64.b64decode(reject["payload"])
        for reject in committed(world.stack.settings.kafka, "rejects")
        if reject["topic"] == "orders" and reject["reason"] == "TIMESTAMP_OUT_OF_RANGE"
    ]
    return {identity for payload in payloads for identity in identities_of(json.loads(payload))}


def check_decided_once(sent: set[Identity], rejected: set[Identity], reports: list[Message]) -> int:
    """Check that each order has one NEW or REJECTED, and at most one terminal report, after it.

    `sent` are the orders in Kafka, `rejected` those for which a reject will do; return how many were decided.
    """
    of_order: dict[str, list[Message]] = defaultdict(list)
    for report in reports:
        if report["exec_type"] != "CANCEL_REJECTED" and not _is_of_a_duplicate(report):
            of_order[report["order_id"]].append(report)
    for found in of_order.values():
        first = [report["exec_type"] in ("NEW", "REJECTED") for report in found]
        assert first == [True] + [False] * (len(found) - 1), found
        assert all(report["ord_status"] not in TERMINAL for report in found[:-1]), found
    assert len({report["exec_id"] for report in reports}) == len(reports)
    news = [found[0] for found in of_order.values()]
    decided = {(new["account"], new["symbol"], new["cl_ord_id"]) for new in news}
    assert len(decided) == len(news)
    assert decided <= sent, decided - sent
    assert sent - decided <= rejected, sent - decided - rejected
    return len(news)


def _is_of_a_duplicate(report: Message) -> bool:
    return str(report.get("text")).startswith("code=DUPLICATE_ORDER")


def memory_mb(world: World) -> dict[str, int]:
    """Return the resident memory in MiB of the largest process of each kind."""
    sizes: dict[str, int] = defaultdict(int)
    kinds = {**world.bolts(), **dict.fromkeys(world.topology.workers(), "worker")}
    for process, kind in kinds.items():
        if process.is_running():
            sizes[kind] = max(sizes[kind], process.memory_info().rss // MEBIBYTE)
    return sizes


def check_memory(warm_mb: Mapping[str, int], end_mb: Mapping[str, int]) -> str:
    """Check that no kind of process has grown; return the figures."""
    grown = {kind: end_mb[kind] - size for kind, size in warm_mb.items() if kind in end_mb}
    assert all(size <= GROWTH_MB_MAX for size in grown.values()), (warm_mb, end_mb)
    return ", ".join(f"{kind} {warm_mb[kind]} -> {end_mb[kind]} MiB" for kind in grown)
