from collections.abc import Sequence
from decimal import Decimal

import factories as make

from fintank.order_history.life import Life
from fintank.order_history.open_order import open_order
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import Order
from fintank.trading.shard import Shard
from fintank.trading.working_order import WorkingOrder
from fintank.wire.kafka.records import Record


def found(order: Order, outcomes: Sequence[Effects | None]) -> WorkingOrder | None:
    """Return the order as the reports of these outcomes leave it."""
    reports = [report for outcome in outcomes if outcome is not None for report in outcome.reports]
    reported = [(Record("executions", 0, number, 0), report) for number, report in enumerate(reports)]
    return open_order(Life(order.cl_ord_id, (), reported, {}, {}, Limits()), order)


def test_an_order_without_a_report_or_with_an_end_is_not_open() -> None:
    shard, order = Shard(Limits()), make.order("10", cl_ord_id="o-1")
    assert found(order, []) is None
    taken = [shard.on_order(order, 1)]
    assert found(order, taken) is not None
    assert found(order, [*taken, shard.on_cancel(make.cancel("o-1"), 2)]) is None


def test_it_has_the_id_and_the_terms_of_its_last_replace() -> None:
    shard, order = Shard(Limits()), make.order("10", price="90", cl_ord_id="o-1")
    request = make.replace_request("o-1", cl_ord_id="r-1", price=Decimal(80))
    working = found(order, [shard.on_order(order, 1), shard.on_cancel(request, 2)])
    assert working is not None
    assert (working.order.cl_ord_id, working.order.price, working.order.order_qty) == ("r-1", 80, 10)


def test_a_stop_stays_triggered_also_when_it_is_replaced() -> None:
    shard = Shard(Limits())
    order = make.order("10", stop_px="95", price="94", cl_ord_id="o-1")
    taken = [shard.on_quote(make.quote("94", "95"), 1), shard.on_order(order, 1)]
    working = found(order, taken[:1])
    assert working is None
    working = found(order, taken)
    assert working is not None
    assert not working.is_stop
    request = make.replace_request("o-1", cl_ord_id="r-1", price=Decimal(93))
    working = found(order, [*taken, shard.on_cancel(request, 2)])
    assert working is not None
    assert (working.order.price, working.is_stop) == (93, False)


def test_a_stop_that_waits_is_not_triggered() -> None:
    order = make.order("10", stop_px="99", cl_ord_id="o-1")
    working = found(order, [Shard(Limits()).on_order(order, 1)])
    assert working is not None
    assert working.is_stop


def test_an_id_that_was_given_again_has_the_terms_of_its_latest_order() -> None:
    first = make.order("10", price="90", cl_ord_id="o-1")
    second = make.order("10", cl_ord_id="o-1", side="SELL", priority=2, content_hash="hash-2")
    yesterday, today = Shard(Limits()), Shard(Limits())
    taken = [yesterday.on_order(first, 1), yesterday.on_cancel(make.cancel("o-1"), 2)]
    working = found(first, [*taken, today.on_order(second, 3)])
    assert working is not None
    order = working.order
    assert (order.side, order.ord_type, order.priority, order.price) == ("SELL", "MARKET", 2, None)
