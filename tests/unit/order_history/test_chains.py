from collections.abc import Sequence
from decimal import Decimal

import factories as make
import pytest

from fintank.order_history import cancel_target, search
from fintank.order_history.cancel_target import CancelTarget
from fintank.order_history.chains import Chain, chains
from fintank.order_history.life import Life, timeline
from fintank.trading.deciding import Message, decide
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.shard import Shard
from fintank.wire.kafka.records import Record

LIMITS = Limits()
FIRST = make.order("10", price="90", cl_ord_id="o-1", input="orders-0-1")
REPLACE = make.replace_request("o-1", cl_ord_id="r-1", order_qty=Decimal(8), input="orders-0-2")
REFUSED = make.replace_request("o-1", cl_ord_id="r-1", order_qty=Decimal(-8), input="orders-0-2")
NEXT = make.order("5", price="80", cl_ord_id="r-1", content_hash="hash-2", input="orders-0-3")
ELSEWHERE = make.order("5", price="70", cl_ord_id="r-1", account="other", input="orders-0-4")


def found(order_id: str, messages: Sequence[Message]) -> list[Chain]:
    """Return the chains of an id, when a shard has decided on these messages."""
    shard = Shard(LIMITS)
    outcomes = [decide(shard, message, 1) for message in messages]
    reports = [report for outcome in outcomes if outcome is not None for report in outcome.reports]
    sent = [(Record("orders", 0, number, 0), message) for number, message in enumerate(messages)]
    reported = [(Record("executions", 0, number, 0), report) for number, report in enumerate(reports)]
    return list(chains(order_id, sent, reported, LIMITS))  # type: ignore[arg-type]


def told(chain: Chain) -> list[str]:
    return [f"{report.cl_ord_id} {report.exec_type}" for _, report in chain.reports]


@pytest.mark.parametrize("order_id", ["o-1", "r-1"])
def test_a_replaced_order_is_found_by_each_of_its_ids(order_id: str) -> None:
    (chain,) = found(order_id, [FIRST, REPLACE, make.cancel("r-1", input="orders-0-9")])
    assert (chain.first_id, len(chain.sent)) == ("o-1", 3)
    assert told(chain) == ["o-1 NEW", "r-1 REPLACED", "c-1 CANCELED"]


def test_a_replace_without_an_answer_may_still_be_carried_out() -> None:
    sent = [(Record("orders", 0, 1, 0), FIRST), (Record("orders", 0, 2, 0), REPLACE)]
    assert [chain.first_id for chain in chains("r-1", sent, [], LIMITS)] == ["o-1"]


def test_the_id_of_a_refused_replace_may_be_that_of_another_order() -> None:
    messages = [FIRST, REFUSED, NEXT]
    (chain,) = found("r-1", messages)
    assert chain.first_id == "r-1"
    assert [message for _, message in chain.sent] == [REFUSED, NEXT]
    assert told(chain) == ["r-1 CANCEL_REJECTED", "r-1 NEW"]
    (chain,) = found("o-1", messages)
    assert [message for _, message in chain.sent] == [FIRST, REFUSED]
    assert told(chain) == ["o-1 NEW", "r-1 CANCEL_REJECTED"]


def test_a_refused_replace_that_comes_again_links_nothing_either() -> None:
    again = make.replace_request("o-1", cl_ord_id="r-1", order_qty=Decimal(-8), input="orders-0-5")
    assert [chain.first_id for chain in found("r-1", [FIRST, REFUSED, again, NEXT])] == ["r-1"]


def test_an_order_with_the_id_that_a_replace_gave_to_another_accounts_is_one_of_its_own() -> None:
    own, replaced = found("r-1", [FIRST, REPLACE, ELSEWHERE])
    assert (own.first_id, told(own)) == ("r-1", ["r-1 NEW"])
    assert (replaced.first_id, told(replaced)) == ("o-1", ["o-1 NEW", "r-1 REPLACED"])


def test_an_order_with_the_present_id_of_its_accounts_own_order_is_none() -> None:
    (chain,) = found("r-1", [FIRST, REPLACE, NEXT])
    assert told(chain) == ["o-1 NEW", "r-1 REPLACED", "r-1 REJECTED"]


def test_a_portfolio_order_has_the_replaces_of_its_components() -> None:
    message = make.portfolio_order({"IVE": "0.5", "VTI": "0.5"}, order_id="p-1", input="orders-0-1")
    request = make.replace_request("p-1-IVE", cl_ord_id="r-1", cash_order_qty=Decimal(40))
    sent: list[Order | PortfolioOrder] = [message, request]  # type: ignore[list-item]
    for order_id, first_id in {"p-1": "p-1", "p-1-IVE": "p-1-IVE", "r-1": "p-1-IVE"}.items():
        placed = [(Record("orders", 0, number, 0), each) for number, each in enumerate(sent)]
        (chain,) = chains(order_id, placed, [], LIMITS)
        assert (chain.first_id, len(chain.sent)) == (first_id, 2)


@pytest.mark.parametrize(
    ("messages", "targets"),
    [
        ([FIRST, REFUSED, NEXT], {"acc": "r-1"}),
        ([FIRST, REPLACE], {"acc": "r-1"}),
        ([FIRST, REPLACE, ELSEWHERE], {"acc": "r-1", "other": "r-1"}),
    ],
)
def test_a_cancel_of_an_id_means_the_order_that_has_it(
    monkeypatch: pytest.MonkeyPatch, messages: list[Message], targets: dict[str, str]
) -> None:
    lives = [Life(*chain, {}, {}, LIMITS) for chain in found("r-1", messages)]
    monkeypatch.setattr(search, "find", lambda *_: lives)
    for account, name in targets.items():
        target = cancel_target.find("kafka:9092", "r-1", None, account, LIMITS)
        assert target == CancelTarget(account, "IVE", name, None)


def test_the_life_of_an_order_does_not_tell_of_another_one() -> None:
    (chain,) = found("r-1", [FIRST, REFUSED, NEXT])
    lines = [" ".join(line.split()) for line in timeline(Life(*chain, {}, {}, LIMITS))]
    assert lines[0] == "Order r-1"
    assert lines[-1] == "acc IVE NEW 0 0 USD 0 - -"
    assert not any("again" in line for line in lines)
