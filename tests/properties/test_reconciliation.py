"""What the core decided is clean, whatever it was; what is changed in a report afterwards is found."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.odd_records import ODD_RULES, ODD_STEPS
from properties.random_records import RULES, STEPS, Step
from properties.test_reference_equivalence import FORGETFUL, emitted
from scenarios.core_world import CoreWorld

from fintank.adapters.kafka_topics import topics
from fintank.reconciliation.bookings import check_bookings
from fintank.reconciliation.findings import Break
from fintank.reconciliation.order_cancels import check_cancels
from fintank.reconciliation.order_reports import check_orders
from fintank.reconciliation.order_terms import check_terms
from fintank.reconciliation.snapshot import Recorded
from fintank.reconciliation.topic_logs import PartitionLog, TopicLogs
from fintank.reconciliation.trade_quotes import TradeQuotes
from fintank.trading.limits import Limits
from fintank.trading.messages import ExecType
from fintank.trading.portfolio import split_message
from fintank.trading.reports import ExecutionReport
from fintank.trading.requests import CancelRequest
from fintank.wire.kafka import executions, fills, orders, ticks

TIME_MS = 1_700_000_000_000
LOGS = TopicLogs(
    {(name, n): PartitionLog() for name, topic in topics().items() for n in range(topic.partitions)}
)


class Topics:
    """What the topics hold after a run of the core."""

    def __init__(self, rules: dict[str, Any], steps: list[Step]) -> None:
        world = CoreWorld(rules)
        self.limits: Limits = world.limits
        self.steps = steps
        self.reports: list[Recorded[ExecutionReport]] = []
        self.rejects: list[Any] = []
        self.fills: list[Any] = []
        for part in emitted(world, steps):
            for text in map(json.dumps, part.executions):
                found = executions.from_json(text)
                place = f"executions-0-{len(self.reports) + len(self.rejects)}"
                to = self.reports if isinstance(found, ExecutionReport) else self.rejects
                to.append(Recorded(place, TIME_MS, found))  # type: ignore[arg-type]
            for text in map(json.dumps, part.fills):
                self.fills.append(Recorded(f"fills-0-{len(self.fills)}", TIME_MS, fills.from_json(text)))

    def breaks(self) -> list[Break]:
        """Do what `invoke reconcile` does with the topics."""
        requests: list[Any] = []
        requested: list[Any] = []
        quotes = TradeQuotes(self.reports)
        for step in (step for step in self.steps if step.topic != "second"):
            offsets = f"{step.place.offset},1,{step.place.append_us // 1000}"
            where = step.topic, step.place.partition, offsets, step.text
            if step.topic == "ticks":
                batch = ticks.to_lines(*where, self.limits.instruments.allows_negative)
                if batch.lines:
                    quotes.see(step.place.partition, [step.place.offset], [batch.lines])
                continue
            for message in orders.read(*where).messages:
                if isinstance(message, CancelRequest):
                    requests.append(Recorded(step.place.input, TIME_MS, message))
                for order in split_message(message, self.limits):
                    requested.append(Recorded(step.place.input, TIME_MS, order))
        quotes.finish(LOGS)
        results = [
            *check_orders(requested, self.reports, LOGS, self.limits.retention_us),
            check_terms(requests, self.reports, LOGS),
            check_cancels(requests, self.rejects, self.reports, LOGS),
            *check_bookings(self.reports, self.fills, LOGS),
            quotes.result,
        ]
        return [found for result in results for found in result.named]


RUNS = {"remembering": (RULES, STEPS), "forgetting": (FORGETFUL, STEPS), "odd": (ODD_RULES, ODD_STEPS)}


@pytest.mark.parametrize("name", RUNS)
@given(data=st.data())
def test_what_the_core_decided_has_no_breaks(name: str, data: st.DataObject) -> None:
    rules, steps = RUNS[name]
    assert Topics(rules, data.draw(steps)).breaks() == []


TERMS = {
    "price": Decimal("77.7"),
    "stop_px": Decimal("77.7"),
    "order_qty": Decimal("77.7"),
    "cash_order_qty": Decimal("77.7"),
    "cl_ord_id": "another",
    "orig_cl_ord_id": "another",
    "priority": 9,
    "list_id": "another",
    "order_time_us": 1,
}


@given(STEPS, st.integers(0, 10**6), st.sampled_from(sorted(TERMS)))
def test_a_report_with_another_term_is_a_break(steps: list[Step], number: int, name: str) -> None:
    topics = Topics(RULES, steps)
    replaced = [at for at, entry in enumerate(topics.reports) if entry.message.exec_type is ExecType.REPLACED]
    places = replaced if replaced and number % 2 else range(len(topics.reports))
    if not places:
        return
    at = places[number % len(places)]
    entry = topics.reports[at]
    is_replaced = entry.message.exec_type is ExecType.REPLACED
    if not is_replaced and (name == "orig_cl_ord_id" or entry.message.orig_cl_ord_id is not None):
        return  # the name of a cancel
    topics.reports[at] = entry._replace(message=replace(entry.message, **{name: TERMS[name]}))
    assert topics.breaks() != []
