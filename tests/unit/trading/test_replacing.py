"""What the tables of replaces and mass cancels can't show: ids, recovery, and many orders."""

from typing import Any

from factories import SECOND, cancel, mass_cancel, order, quote, replace_request
from scenarios.core_world import ShardLog
from support.report_lines import report_lines, type_lines

from fintank.bolts.owned_shard import OwnedShard
from fintank.trading.limits import Limits
from fintank.trading.recovery import restore
from fintank.trading.reports import ExecutionReport
from fintank.trading.shard import Shard

LOG_US = 1_700_000_000 * SECOND


def executions(shard: Shard, message: Any) -> list[ExecutionReport]:
    effects = (
        shard.on_order(message, LOG_US) if hasattr(message, "side") else shard.on_cancel(message, LOG_US)
    )
    return [report for report in effects.reports if isinstance(report, ExecutionReport)]


def test_an_order_keeps_its_order_id_through_all_replaces() -> None:
    shard = Shard(Limits())
    (new,) = executions(shard, order("10", price="90"))
    (first,) = executions(shard, replace_request("o-1", order_qty="9", content_hash="a"))
    (second,) = executions(shard, replace_request("r-1", cl_ord_id="r-2", order_qty="8", content_hash="b"))
    assert {new.order_id, first.order_id, second.order_id} == {new.order_id}
    assert len({new.exec_id, first.exec_id, second.exec_id}) == 3


def test_a_replace_is_held_to_a_number_of_open_orders_that_became_lower() -> None:
    shard = Shard(Limits())
    accepted = [shard.on_order(order("10", cl_ord_id=name), LOG_US) for name in ("o-1", "o-2")]
    entries = [entry for effects in accepted for entry in effects.journal]
    for max_open_orders, outcome in ((1, "CANCEL_REJECTED"), (2, "REPLACED")):
        restored = restore(Limits(max_open_orders=max_open_orders), entries)
        replaced = restored.on_cancel(replace_request("o-1", order_qty="9"), LOG_US)
        assert [report.exec_type for report in replaced.reports] == [outcome]


def test_a_restart_forgets_no_replace() -> None:
    log = ShardLog()
    owned = OwnedShard(Shard(Limits()), log)
    owned.decide([order("10", price="90")], LOG_US)
    owned.decide([order("10", price="90", cl_ord_id="o-2", content_hash="2")], LOG_US)
    owned.decide([replace_request("o-1", order_qty="9", content_hash="a")], LOG_US)
    owned.decide([replace_request("o-2", cl_ord_id="r-2", price="91", content_hash="b")], LOG_US)
    owned.commit()
    before = {report["cl_ord_id"]: report["order_id"] for report in log.executions}
    shard = restore(Limits(), log.records())
    traded = shard.on_quote(quote("80", "85"), LOG_US)
    assert report_lines(traded) == ["r-2 TRADE FILLED 10 @ 85 NASDAQ", "r-1 TRADE FILLED 9 @ 85 NASDAQ"]
    assert traded is not None
    after = {
        report.cl_ord_id: report.order_id for report in traded.reports if isinstance(report, ExecutionReport)
    }
    assert after == {name: before[name] for name in ("r-1", "r-2")}
    assert after["r-1"] == before["o-1"]
    again = replace_request("o-1", order_qty="9", content_hash="a")
    assert report_lines(shard.on_cancel(again, LOG_US)) == []
    late = shard.on_cancel(cancel("o-1"), LOG_US)
    assert [report.text for report in late.reports] == ["code=TOO_LATE ord_status=REPLACED"]


def test_a_mass_cancel_ends_ten_thousand_orders_at_once_and_is_known_after_a_restart() -> None:
    log = ShardLog()
    owned = OwnedShard(Shard(Limits()), log)
    count = 10_000
    for number in range(count):
        name = f"o-{number}"
        owned.decide([order("10", cl_ord_id=name, symbol=f"S{number % 7}", content_hash=name)], LOG_US)
    owned.decide([mass_cancel()], LOG_US)
    owned.commit()
    ended = [report["orig_cl_ord_id"] for report in log.executions if report["exec_type"] == "CANCELED"]
    assert ended == [f"o-{number}" for number in range(count)]
    shard = restore(Limits(), log.records())
    assert shard.state.registry.open_count == 0
    shard.on_order(order("1", cl_ord_id="later"), LOG_US)
    assert type_lines(shard.on_cancel(mass_cancel(), LOG_US)) == []
    assert type_lines(shard.on_cancel(mass_cancel(symbol="IVE", content_hash="c"), LOG_US)) == [
        "later CANCELED code=CANCEL_REQUESTED cl_ord_id=m-1"
    ]
