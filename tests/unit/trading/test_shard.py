import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from support.journal import keys
from support.report_lines import report_lines
from support.rule_context import lots_of

from fintank.trading.effects import Effects
from fintank.trading.ids import exec_id
from fintank.trading.limits import Limits
from fintank.trading.messages import CodedReason, Quote
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
LOG_US = 5 * DAY


def test_an_order_without_a_price_is_new_and_waits(shard: Shard, order: Make) -> None:
    effects = shard.on_order(order("10"), LOG_US)
    assert report_lines(effects) == ["o-1 NEW NEW"]
    assert effects.fills == ()
    (report,) = effects.reports
    assert (report.order_qty, report.cum_qty, report.leaves_qty, report.avg_px) == (10, 0, 10, None)
    assert (report.last_qty, report.last_px, report.last_mkt) == (None, None, None)
    assert (report.bid, report.ask, report.quote_ids) == (None, None, ())
    assert (report.ord_rej_reason, report.text, report.input) == (None, None, "orders-0-17")
    assert report.exec_id == exec_id(order("10").identity, "NEW", order("10").content_hash)


def test_it_trades_at_the_next_quote(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_order(order("10"), LOG_US)
    effects = shard.on_quote(quote(at=2, partition=1, offset=7), LOG_US)
    assert effects is not None
    assert report_lines(effects) == ["o-1 TRADE FILLED 10 @ 94.190756 NASDAQ"]
    (report,) = effects.reports
    assert (report.order_qty, report.cum_qty, report.leaves_qty) == (10, 10, 0)
    assert report.avg_px == Decimal("94.190756")
    assert (report.bid, report.ask) == (Decimal("93.97388"), Decimal("94.190756"))
    assert (report.quote_ids, report.input) == (("1-7",), "ticks-1-7")
    assert shard.on_quote(quote(at=3, offset=8), LOG_US) is None


def test_a_marketable_order_is_new_and_trades_at_once(shard: Shard, order: Make, quote: Make) -> None:
    assert shard.on_quote(quote(partition=1, offset=7), LOG_US) is None
    effects = shard.on_order(order("10", side="SELL"), LOG_US)
    assert report_lines(effects) == ["o-1 NEW NEW", "o-1 TRADE FILLED 10 @ 93.97388 NASDAQ"]
    new, trade = effects.reports
    assert (new.cum_qty, new.leaves_qty, new.quote_ids) == (0, 10, ())
    assert (new.bid, new.ask) == (trade.bid, trade.ask) == (Decimal("93.97388"), Decimal("94.190756"))
    assert (trade.quote_ids, trade.input) == (("1-7",), "orders-0-17")
    assert len({new.exec_id, trade.exec_id}) == 2
    (fill,) = effects.fills
    assert (fill.exec_id, fill.delta_shares) == (trade.exec_id, -10)


def test_quotes_of_another_symbol_are_not_used(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote(symbol="VTI"), LOG_US)
    assert report_lines(shard.on_order(order("10"), LOG_US)) == ["o-1 NEW NEW"]
    assert shard.on_quote(quote(symbol="VTI", at=1, offset=1), LOG_US) is None


def test_a_cash_order_gets_its_quantity_when_it_trades(shard: Shard, order: Make, quote: Make) -> None:
    (new,) = shard.on_order(order(cash="1000", list_id="p1"), LOG_US).reports
    assert (new.order_qty, new.leaves_qty, new.leaves_cash, new.residual_cash) == (None, None, 1000, None)
    effects = shard.on_quote(quote(), LOG_US)
    assert effects is not None
    (trade,) = effects.reports
    assert trade.last_qty == trade.order_qty == trade.cum_qty == Decimal("10.616753")
    assert (trade.cash_order_qty, trade.leaves_qty, trade.leaves_cash) == (1000, 0, 0)
    assert trade.residual_cash == Decimal("1000") - Decimal("10.616753") * Decimal("94.190756")
    assert effects.fills[0].delta_cash == trade.residual_cash - 1000
    assert effects.fills[0].list_id == "p1"


def test_a_cash_sell_raises_at_least_its_cash(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("93", "94"), LOG_US)
    trade = shard.on_order(order(cash="1000", side="SELL"), LOG_US).reports[1]
    assert trade.last_qty == Decimal("10.752689")
    assert trade.residual_cash == Decimal("-0.000077")


def test_cash_below_one_lot_is_canceled_at_the_first_price(order: Make, quote: Make) -> None:
    shard = Shard(lots_of(1))
    assert report_lines(shard.on_order(order(cash="50"), LOG_US)) == ["o-1 NEW NEW"]
    effects = shard.on_quote(quote("93", "94"), LOG_US)
    assert report_lines(effects) == [
        "o-1 CANCELED CANCELED code=BELOW_MIN_QTY leaves_cash=50 price=94 lot_size=1"
    ]
    assert effects is not None
    (report,) = effects.reports
    assert (report.order_qty, report.leaves_qty, report.leaves_cash, report.residual_cash) == (0, 0, 0, 50)
    assert (report.ord_rej_reason, effects.fills) == (None, ())


def test_a_market_with_quotes_that_cross_is_counted_when_orders_meet_it(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote("93", "94"), LOG_US)
    shard.on_quote(quote("95", "96", exchange="NYSE", offset=1), LOG_US)
    assert shard.state.counts.crossed == 0  # no order met it
    effects = shard.on_order(order("1", price="94"), LOG_US)
    assert report_lines(effects) == ["o-1 NEW NEW"]
    assert (effects.reports[0].bid, effects.reports[0].ask) == (95, 96)
    assert shard.on_quote(quote("94.5", "96", exchange="NYSE", at=1, offset=2), LOG_US) is None
    assert shard.state.counts.crossed == 2
    effects = shard.on_quote(quote("94", "96", exchange="NYSE", at=2, offset=3), LOG_US)
    assert report_lines(effects) == ["o-1 TRADE FILLED 1 @ 94 NASDAQ"]
    assert shard.state.counts.crossed == 2


def test_a_trade_names_the_quote_it_used_and_the_tick_that_caused_it(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote("94.9", "95", exchange="NYSE", offset=1), LOG_US)
    shard.on_order(order("1", price="94"), LOG_US)
    assert shard.on_quote(quote("92", "94", exchange="ARCA", offset=0), LOG_US) is None
    effects = shard.on_quote(quote("93", "94.5", exchange="NYSE", at=1, offset=5), LOG_US)
    assert effects is not None
    (report,) = effects.reports
    assert (report.last_mkt, report.quote_ids, report.input) == ("ARCA", ("0-0",), "ticks-0-5")


def test_every_quote_of_a_batch_counts(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_order(order("1", price="94"), LOG_US)
    shard.on_order(order("1", cl_ord_id="o-2", side="SELL", price="96"), LOG_US)
    results = [
        shard.on_quote(tick, LOG_US)
        for tick in (quote("93", "94", offset=1), quote("96", "97", offset=2), quote("99", "99.5", offset=3))
    ]
    assert [report_lines(effects) for effects in results] == [
        ["o-1 TRADE FILLED 1 @ 94 NASDAQ"],
        ["o-2 TRADE FILLED 1 @ 96 NASDAQ"],
        [],
    ]


def test_an_order_trades_on_a_held_quote_older_than_itself(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("93", "94"), LOG_US)
    effects = shard.on_order(order("1", at=3599), LOG_US + HOUR)
    assert report_lines(effects)[1] == "o-1 TRADE FILLED 1 @ 94 NASDAQ"


def test_an_order_does_not_trade_on_a_quote_beyond_its_age(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("93", "94"), LOG_US)
    assert report_lines(shard.on_order(order("1", at=3600), LOG_US + HOUR + 1)) == ["o-1 NEW NEW"]
    effects = shard.on_quote(quote("93", "95", at=3601, offset=1), LOG_US + HOUR + SECOND)
    assert report_lines(effects) == ["o-1 TRADE FILLED 1 @ 95 NASDAQ"]


def test_orders_do_not_move_the_clock(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("93", "94"), LOG_US)
    effects = shard.on_order(order("1", at=7200), LOG_US)
    assert len(report_lines(effects)) == 2


def test_the_time_of_a_transaction_is_the_orders_or_the_latest_ticks(
    shard: Shard, order: Make, quote: Make
) -> None:
    first: Quote = quote(at=10)
    (new,) = shard.on_order(order("1", at=5), LOG_US).reports
    assert new.transact_time_us == new.order_time_us == first.time_us - 5 * SECOND
    effects = shard.on_quote(first, LOG_US)
    assert effects is not None
    assert effects.reports[0].transact_time_us == effects.fills[0].transact_time_us == first.time_us
    later = shard.on_order(order("1", cl_ord_id="o-2", at=15), LOG_US + 60 * SECOND).reports
    assert {report.transact_time_us for report in later} == {first.time_us + 5 * SECOND}
    before = shard.on_order(order("1", cl_ord_id="o-3", at=5), LOG_US + 60 * SECOND).reports
    assert {report.transact_time_us for report in before} == {first.time_us}


def test_orders_of_a_symbol_trade_in_the_order_of_their_arrival(
    shard: Shard, order: Make, quote: Make
) -> None:
    for number in (3, 1, 2):
        shard.on_order(order("1", cl_ord_id=f"o-{number}", at=-number), LOG_US)
    effects = shard.on_quote(quote("93", "94"), LOG_US)
    assert [line.split()[0] for line in report_lines(effects)] == ["o-3", "o-1", "o-2"]


def test_a_new_order_does_not_overtake_the_ones_that_wait(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("93", "96", ask_size="1"), LOG_US)
    shard.on_order(order("1", cl_ord_id="first"), LOG_US)
    assert report_lines(shard.on_order(order("1"), LOG_US)) == ["o-1 NEW NEW"]
    shard.state.books["IVE"].accept(quote("93", "94", at=1), LOG_US)  # without the step that a quote leads to
    effects = shard.on_order(order("1", cl_ord_id="o-2"), LOG_US)
    assert report_lines(effects) == [
        "o-2 NEW NEW",
        "o-1 TRADE FILLED 1 @ 94 NASDAQ",
        "o-2 TRADE FILLED 1 @ 94 NASDAQ",
    ]


def test_the_same_content_again_is_ignored(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_order(order("1"), LOG_US)
    assert shard.on_order(order("1", input="orders-0-99"), LOG_US) == Effects()
    shard.on_quote(quote(), LOG_US)
    assert shard.on_order(order("1"), LOG_US) == Effects()


def test_other_content_under_a_known_identity_is_rejected_once_and_the_first_order_untouched(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_order(order("1"), LOG_US)
    other = order("5", content_hash="hash-2", input="orders-0-18")
    effects = shard.on_order(other, LOG_US)
    assert report_lines(effects) == ["o-1 REJECTED REJECTED code=DUPLICATE_ORDER cl_ord_id=o-1"]
    (report,) = effects.reports
    assert (report.ord_rej_reason, report.order_qty, report.leaves_qty) == (6, 5, 0)
    assert report.input == "orders-0-18"
    assert keys(effects.journal) == ["refusal 3:acc,3:IVE,3:o-1,6:hash-2"]
    assert shard.on_order(other, LOG_US) == Effects()
    third = shard.on_order(order("5", content_hash="hash-3"), LOG_US)
    assert third.reports[0].exec_id != report.exec_id
    assert report_lines(shard.on_quote(quote("93", "94"), LOG_US)) == ["o-1 TRADE FILLED 1 @ 94 NASDAQ"]


def test_the_same_cl_ord_id_of_another_account_or_symbol_is_another_order(shard: Shard, order: Make) -> None:
    made = [order("1"), order("1", account="other"), order("1", symbol="VTI")]
    reports = [shard.on_order(each, LOG_US).reports[0] for each in made]
    assert {report.ord_status for report in reports} == {"NEW"}
    assert len({report.exec_id for report in reports}) == 3


def test_an_order_with_a_refusal_is_rejected_once(shard: Shard, order: Make, quote: Make) -> None:
    refused = order(refusal=CodedReason("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9"))
    effects = shard.on_order(refused, LOG_US)
    assert report_lines(effects) == ["o-1 REJECTED REJECTED code=WEIGHTS_SUM sum=0.9"]
    (report,) = effects.reports
    assert (report.ord_rej_reason, report.order_qty, report.leaves_qty, report.cum_qty) == (99, None, 0, 0)
    assert keys(effects.journal) == ["order 3:acc,3:IVE,3:o-1"]
    assert shard.on_order(refused, LOG_US) == Effects()
    assert shard.on_quote(quote(), LOG_US) is None


def test_a_rejected_cash_order_keeps_all_of_its_cash(shard: Shard, order: Make) -> None:
    (report,) = shard.on_order(order(cash="-5"), LOG_US).reports
    assert (report.ord_status, report.ord_rej_reason) == ("REJECTED", 13)
    assert (report.order_qty, report.leaves_cash, report.residual_cash) == (0, 0, -5)


def test_an_order_older_than_the_retention_is_stale(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote(), LOG_US)
    shard.on_order(order("1", price="50", cl_ord_id="open"), LOG_US)
    assert report_lines(shard.on_order(order("1"), LOG_US + DAY + 1)) == [
        "o-1 REJECTED REJECTED code=STALE_ORDER age_us=86400000001 retention_us=86400000000"
    ]


def test_2500_resting_orders_filled_by_one_tick_take_well_under_a_second(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    for number in range(2500):
        shard.on_order(order(cash="100.01", cl_ord_id=f"o-{number}"), LOG_US)
    start = time.process_time()
    effects = shard.on_quote(quote(), LOG_US)
    seconds = time.process_time() - start
    assert effects is not None
    assert len(effects.reports) == len(effects.fills) == 2500
    assert len({report.exec_id for report in effects.reports}) == 2500
    assert len(effects.journal) == 2503
    assert seconds < 1
