"""The judge of a fault run finds what must not happen."""

from typing import Any

import pytest
from faults.judge import check_decided_once, check_memory
from support.order_reports import check_order

ORDERS = {("acc", "IVE", "o-1"), ("acc", "IVE", "o-2")}


def report(order: str, exec_type: str, ord_status: str, **given: Any) -> dict[str, Any]:
    made = {"account": "acc", "symbol": "IVE", "cl_ord_id": order, "order_id": f"id of {order}"}
    made |= {"exec_type": exec_type, "ord_status": ord_status, "exec_id": f"{order} {exec_type}"}
    return {**made, "input": "orders-0-17", "text": None, **given}


GOOD = [
    report("o-1", "NEW", "NEW"),
    report("o-2", "REJECTED", "REJECTED", input="orders-0-18"),
    report("o-1", "TRADE", "PARTIALLY_FILLED"),
    report("c-1", "CANCELED", "CANCELED", order_id="id of o-1"),
    report("o-1", "REJECTED", "REJECTED", exec_id="duplicate", text="code=DUPLICATE_ORDER cl_ord_id=o-1"),
    report("c-2", "CANCEL_REJECTED", "CANCELED", order_id="id of o-1"),
]


def test_a_run_without_a_fault_is_good() -> None:
    assert check_decided_once(ORDERS, set(), GOOD) == 2


def test_an_order_may_be_a_reject_instead() -> None:
    assert check_decided_once({*ORDERS, ("acc", "IVE", "o-3")}, {("acc", "IVE", "o-3")}, GOOD) == 2


@pytest.mark.parametrize(
    "reports",
    [
        GOOD[:1],
        [*GOOD, report("o-1", "NEW", "NEW", exec_id="2")],
        [*GOOD, report("o-2", "TRADE", "FILLED")],
        [*GOOD, GOOD[-1]],
        [*GOOD, report("o-3", "NEW", "NEW")],
        GOOD[1:],
    ],
    ids=["an order is lost", "decided twice", "after its end", "the same report twice", "nobody's", "no NEW"],
)
def test_a_lost_or_doubled_decision_is_found(reports: list[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError):
        check_decided_once(ORDERS, set(), reports)


def test_orders_of_a_partition_in_another_order_are_found() -> None:
    check_order(GOOD[:2])
    with pytest.raises(AssertionError):
        check_order(GOOD[1::-1])


def test_a_process_that_grows_is_found() -> None:
    assert check_memory({"RuleEngine": 50}, {"RuleEngine": 90}) == "RuleEngine 50 -> 90 MiB"
    with pytest.raises(AssertionError):
        check_memory({"RuleEngine": 50}, {"RuleEngine": 200})
