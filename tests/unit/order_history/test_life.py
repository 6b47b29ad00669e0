from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import factories

from fintank.order_history.life import Life, orders_of, timeline
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, Order, PortfolioOrder, Quote
from fintank.trading.shard import Shard
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason, Reject

TIME_MS = 1_700_000_000_000
TIME_US = TIME_MS * 1000
QUOTE = Quote("IVE", "NYSE", TIME_US - 2_500_000, 0, 41, "94.10", "94.20", None, None)


def portfolio_order(*specs: tuple[str, str], content_hash: str = "one") -> PortfolioOrder:
    return factories.portfolio_order(
        specs,
        "1000.00",
        order_id="p-1",
        account="A-1",
        priority=1,
        order_time_us=TIME_US,
        content_hash=content_hash,
        input="orders-2-7",
    )


MESSAGE = portfolio_order(("IVE", "0.3"), ("VTI", "0.5"), ("CASH", "0.2"))


def record(topic: str, offset: int, later_ms: int = 0) -> Record:
    return Record(topic, 2, offset, TIME_MS + later_ms, None, None)


def decided(life_id: str, messages: Sequence[PortfolioOrder | Order], *quotes: Quote) -> Life:
    """Return the life of these messages, decided by the trading core after these quotes."""
    shard = Shard(Limits())
    outcomes: list[Effects | None] = [shard.on_quote(quote, TIME_US) for quote in quotes]
    for message in messages:
        outcomes += [shard.on_order(order, TIME_US) for order in orders_of(life_id, message, Limits())]
    made = [outcome for outcome in outcomes if outcome is not None]
    reports = [report for outcome in made for report in outcome.reports]
    fills = [fill for outcome in made for fill in outcome.fills]
    return Life(
        id=life_id,
        sent=[(record("orders", 7 + number), message) for number, message in enumerate(messages)],
        reports=[(record("executions", number, 5), report) for number, report in enumerate(reports)],
        fills={fill.exec_id: (record("fills", number, 5), fill) for number, fill in enumerate(fills)},
        quotes={quote.quote_id: quote for quote in quotes},
        limits=Limits(),
    )


def printed(life: Life) -> list[str]:
    return [" ".join(line.split()) for line in timeline(life)]


def test_a_life_is_printed_from_message_to_totals() -> None:
    assert printed(decided("p-1", [MESSAGE], QUOTE)) == [
        "Order p-1",
        "",
        "2023-11-14T22:13:20.000Z orders-2-7 portfolio order of A-1: BUY for 1000, priority 1, GTC, "
        "placed 2023-11-14T22:13:20.000Z",
        "component p-1-IVE: cash 300",
        "component p-1-VTI: cash 500",
        "CASH keeps 200",
        "2023-11-14T22:13:20.005Z executions-2-0 IVE NEW on arrival, NBBO 94.1 / 94.2",
        "decided at log time 2023-11-14T22:13:20.000Z, as of ticks 0-42",
        "2023-11-14T22:13:20.005Z executions-2-1 IVE TRADE FILLED: BUY 3.184713 at 94.2 on NYSE, "
        "on arrival, NBBO 94.1 / 94.2",
        "decided at log time 2023-11-14T22:13:20.000Z, as of ticks 0-42",
        "quote ticks-0-41: NYSE 94.10 / 94.20, 2.500000 s old at the decision",
        "booking fills-2-0: shares +3.184713, cash -299.9999646 USD",
        "2023-11-14T22:13:20.005Z executions-2-2 VTI NEW on arrival, NBBO - / -",
        "decided at log time 2023-11-14T22:13:20.000Z, without a quote",
        "",
        "account symbol status shares cash currency commission average price residual cash",
        "A-1 IVE FILLED 3.184713 -299.9999646 USD 0 94.2 0.0000354",
        "A-1 VTI NEW 0 0 USD 0 - -",
        "all 1 of 2 terminal -299.9999646 USD 0",
    ]


def test_a_components_life_leaves_the_others_out() -> None:
    lines = printed(decided("p-1-IVE", [MESSAGE], QUOTE))
    assert "component p-1-IVE: cash 300" in lines
    assert not any("VTI" in line or "CASH" in line for line in lines)
    assert lines[-1].startswith("A-1 IVE FILLED")


def test_orders_without_a_report_say_so() -> None:
    assert printed(replace(decided("p-1", [MESSAGE]), reports=[], fills={}))[-3:] == [
        "A-1 IVE no report yet 0 0 USD 0 - -",
        "A-1 VTI no report yet 0 0 USD 0 - -",
        "all 0 of 2 terminal 0 USD 0",
    ]


def test_an_order_that_waited_names_the_tick_that_filled_it() -> None:
    shard = Shard(Limits())
    (order,) = orders_of("p-1-IVE", MESSAGE, Limits())
    shard.on_order(order, TIME_US)
    outcome = shard.on_quote(QUOTE, TIME_US)
    assert outcome is not None
    reports = [(record("executions", 9), report) for report in outcome.reports]
    life = replace(decided("p-1-IVE", [MESSAGE]), reports=reports, quotes={QUOTE.quote_id: QUOTE})
    lines = printed(life)
    assert any("on NYSE, by ticks-0-41, NBBO" in line for line in lines)
    assert any(line.endswith("94.10 / 94.20, 0.000000 s old at the decision") for line in lines)


def test_the_empty_side_of_a_quote_is_a_dash() -> None:
    both = QUOTE._replace(time_us=QUOTE.time_us - 1, offset=40)
    lines = printed(decided("p-1-IVE", [MESSAGE], both, QUOTE._replace(bid=None)))
    assert "quote ticks-0-41: NYSE - / 94.20, 2.500000 s old at the decision" in lines


def test_a_quote_that_kafka_deleted_and_a_missing_booking_are_mentioned() -> None:
    lines = printed(replace(decided("p-1", [MESSAGE], QUOTE), quotes={}, fills={}))
    assert "quote ticks-0-41: no longer in the topic" in lines
    assert "booking: none in the topic fills" in lines


def test_a_replay_and_another_order_with_the_id_do_not_change_the_status() -> None:
    other = portfolio_order(("IVE", "1"), content_hash="other")
    lines = printed(decided("p-1", [MESSAGE, MESSAGE, other], QUOTE))
    assert sum(line.endswith("the same order again: it is processed once") for line in lines) == 1
    assert sum("the same id again with other content: portfolio order of A-1" in line for line in lines) == 1
    assert sum("REJECTED code=DUPLICATE_ORDER" in line for line in lines) == 1
    assert any(line.startswith("A-1 IVE FILLED") for line in lines)


def test_a_rejected_order_says_why_and_keeps_all_of_its_amount() -> None:
    lines = printed(decided("p-1", [portfolio_order(("IVE", "0.5"), ("CASH", "0.4"))]))
    assert "component p-1-IVE: rejected, code=WEIGHTS_SUM sum=0.9 tolerance=0.000000001" in lines
    assert "CASH keeps 1000" in lines
    assert lines[-1].startswith("A-1 IVE REJECTED 0 0")


def test_a_record_that_is_not_an_order_is_shown_as_a_reject() -> None:
    reject = Reject("orders", 2, 7, Reason.UNKNOWN_VALUE, 'field="side"', "")
    life = Life("p-1", [(record("orders", 7), reject)], [], {}, {}, Limits())
    assert printed(life)[2:] == [
        '2023-11-14T22:13:20.000Z orders-2-7 rejected, not an order: UNKNOWN_VALUE field="side"'
    ]


def test_an_order_with_the_id_of_a_portfolio_order_has_its_own_sums() -> None:
    portfolio = portfolio_order(("IVE", "1"))
    single = factories.order("5", cl_ord_id="p-1", account="A-1", order_time_us=TIME_US, content_hash="two")
    totals = printed(decided("p-1", [portfolio, single], QUOTE))[-3:]
    assert totals == [
        "A-1 IVE FILLED 10.615711 -999.9999762 USD 0 94.2 0.0000238",
        "A-1 IVE FILLED 5 -471 USD 0 94.2 -",
        "all 2 of 2 terminal -1470.9999762 USD 0",
    ]


def test_a_portfolio_of_cash_alone_has_no_totals() -> None:
    assert printed(decided("p-1", [portfolio_order(("CASH", "1"))]))[-1] == "CASH keeps 1000"


def test_a_cancel_and_its_rejection_are_shown() -> None:
    resting = factories.order(
        "5",
        account="A-1",
        priority=2,
        tif="GTD",
        order_time_us=TIME_US,
        content_hash="one",
        input="orders-2-7",
        price="90.5",
        stop_px="99",
        expire_time_us=TIME_US + 1_000_000,
    )
    cancels = [
        Cancel(f"c-{number}", "A-1", "IVE", "o-1", None, TIME_US, "two", f"orders-2-{number}")
        for number in (8, 9)
    ]
    shard = Shard(Limits())
    reports = list(shard.on_order(resting, TIME_US).reports)
    reports += [report for cancel in cancels for report in shard.on_cancel(cancel, TIME_US).reports]
    life = Life(
        "o-1",
        [(record("orders", 7 + number), each) for number, each in enumerate([resting, *cancels, cancels[0]])],
        [(record("executions", number, 5), report) for number, report in enumerate(reports)],
        {},
        {},
        Limits(),
    )
    moment = "2023-11-14T22:13:20"
    rests_on = f"decided at log time {moment}.000Z, without a quote"
    assert printed(life)[2:12] == [
        f"{moment}.000Z orders-2-7 STOP_LIMIT order at 90.5 stop 99 of A-1: BUY IVE, quantity 5, priority 2, "
        f"GTD until 2023-11-14T22:13:21.000Z, placed {moment}.000Z",
        f"{moment}.000Z orders-2-8 cancel c-8 of A-1: IVE o-1, placed {moment}.000Z",
        f"{moment}.000Z orders-2-9 cancel c-9 of A-1: IVE o-1, placed {moment}.000Z",
        f"{moment}.000Z orders-2-10 the same cancel again: it is processed once",
        f"{moment}.005Z executions-2-0 IVE NEW on arrival, NBBO - / -",
        rests_on,
        f"{moment}.005Z executions-2-1 IVE CANCELED code=CANCEL_REQUESTED cl_ord_id=c-8, "
        "by orders-2-8, NBBO - / -",
        rests_on,
        f"{moment}.005Z executions-2-2 IVE CANCEL_REJECTED c-9: code=TOO_LATE ord_status=CANCELED, "
        "the order is CANCELED",
        rests_on,
    ]


def test_what_happens_as_time_passes_says_so() -> None:
    life = decided("p-1-IVE", [MESSAGE], QUOTE)
    later = [
        (record("executions", number, 5 + 2_000 * (report.exec_type == "TRADE")), report)
        for number, (_, report) in enumerate(life.reports)
    ]
    assert any("on NYSE, as time passed, NBBO" in line for line in printed(replace(life, reports=later)))


def replaced_life(*, filled_later_ms: int) -> Life:
    """Return the life of an order that is filled so long after the record of its replace."""
    shard = Shard(Limits())
    order = factories.order("5", cl_ord_id="o-1", priority=2, content_hash="one", input="orders-2-7")
    request = factories.replace_request("o-1", cl_ord_id="r-1", order_qty=Decimal(4))
    made = [
        shard.on_order(order, TIME_US),
        shard.on_cancel(request, TIME_US),
        shard.on_quote(QUOTE, TIME_US),
        shard.next_timer(TIME_US + 2_000_000),
    ]
    reports = [report for outcome in made if outcome is not None for report in outcome.reports]
    assert [report.exec_type for report in reports] == ["NEW", "REPLACED", "TRADE"]
    times = {"NEW": 0, "REPLACED": 5_000, "TRADE": 5_000 + filled_later_ms}
    reported = [
        (record("executions", number, times[report.exec_type]), report)
        for number, report in enumerate(reports)
    ]
    return Life("o-1", [(record("orders", 7), order)], reported, {}, {}, Limits())


def test_what_happens_as_time_passes_after_a_replace_says_so() -> None:
    lines = printed(replaced_life(filled_later_ms=2_000))
    assert any("REPLACED o-1 is r-1 now, by orders-0-60, NBBO" in line for line in lines)
    assert any("on NYSE, as time passed, NBBO" in line for line in lines)
    lines = printed(replaced_life(filled_later_ms=0))
    assert any("on NYSE, by orders-0-60, NBBO" in line for line in lines)


def test_an_id_may_be_used_once_for_each_symbol_and_account() -> None:
    one, other = (
        factories.order("5", cl_ord_id="o-1", symbol=symbol, content_hash=symbol) for symbol in ("IVE", "VTI")
    )
    elsewhere = factories.order("5", cl_ord_id="o-1", account="A-2", content_hash="another")
    lines = printed(decided("o-1", [one, other, elsewhere]))
    assert not any("the same id again" in line for line in lines)
    assert sum("NEW on arrival" in line for line in lines) == 3
