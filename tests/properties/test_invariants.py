"""What holds after every event of every order, checked on the records alone, without a second engine."""

from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

from hypothesis import given
from properties.random_records import RULES, STEPS, Step
from properties.test_reference_equivalence import emitted
from scenarios.core_world import CoreWorld
from scenarios.playing import LOG_US, Record, ReferenceWorld

Lives = dict[str, list[Record]]
"""By order_id."""
LOT = Fraction(RULES["instruments"]["default"]["lot_size"])
TERMINAL = {"FILLED", "CANCELED", "EXPIRED", "REJECTED"}


def number(text: str | None) -> Fraction:
    return Fraction(text or 0)


def records(steps: list[Step]) -> tuple[list[Record], list[Record]]:
    """Return the executions and fills of a run of the core."""
    found = emitted(CoreWorld(RULES), steps)
    return [e for part in found for e in part.executions], [f for part in found for f in part.fills]


def lives(executions: list[Record]) -> Lives:
    """Return the reports of each order, without those of messages that took its name."""
    found: Lives = defaultdict(list)
    for report in executions:
        if report["exec_type"] != "CANCEL_REJECTED" and report["ord_rej_reason"] != 6:
            found[report["order_id"]].append(report)
    return found


@given(STEPS)
def test_an_order_lives_by_the_rules(steps: list[Step]) -> None:
    executions, _ = records(steps)
    for life in lives(executions).values():
        assert life[0]["exec_type"] in ("NEW", "REJECTED")
        assert [report["exec_type"] for report in life].count("NEW") <= 1
        cum_qty = cum_cash = Fraction()
        for position, report in enumerate(life):
            assert (report["ord_status"] in TERMINAL) <= (position == len(life) - 1)
            cum_qty += number(report["last_qty"])
            cum_cash += number(report["last_qty"]) * number(report["last_px"]) * number(report["multiplier"])
            check_quantities(report, cum_qty, cum_cash)


def check_quantities(report: Record, cum_qty: Fraction, cum_cash: Fraction) -> None:
    """cum_qty and cum_cash are the exact sums; what is left is what was ordered minus them."""
    is_open = report["ord_status"] not in TERMINAL
    assert number(report["cum_qty"]) == cum_qty
    assert (report["ord_status"] == "PARTIALLY_FILLED") == (is_open and cum_qty > 0)
    if cum_qty:
        assert abs(number(report["avg_px"]) - cum_cash / cum_qty / number(report["multiplier"])) <= Fraction(
            1, 2 * 10**12
        )
    if report["cash_order_qty"] is not None:
        check_cash(report, cum_qty, cum_cash, is_open)
    elif report["order_qty"] is not None and report["ord_status"] != "REJECTED":
        assert cum_qty <= number(report["order_qty"])
        assert number(report["leaves_qty"]) == (number(report["order_qty"]) - cum_qty if is_open else 0)
        assert (report["ord_status"] == "FILLED") == (cum_qty == number(report["order_qty"]))


def check_cash(report: Record, cum_qty: Fraction, cum_cash: Fraction, is_open: bool) -> None:
    left = number(report["cash_order_qty"]) - cum_cash
    lot_money = LOT * number(report["last_px"] or "0") * number(report["multiplier"])
    if is_open:
        assert report["order_qty"] is report["leaves_qty"] is report["residual_cash"] is None
        assert number(report["leaves_cash"]) == left > 0
        return
    assert (number(report["order_qty"]), number(report["residual_cash"])) == (cum_qty, left)
    assert number(report["leaves_qty"]) == number(report["leaves_cash"]) == 0
    assert cum_qty % LOT == 0
    if report["side"] == "BUY" and report["ord_status"] != "REJECTED":
        assert left >= 0
    if report["exec_type"] == "TRADE" and report["ord_status"] == "FILLED" and report["side"] == "SELL":
        assert -lot_money < left <= 0
    if report["exec_type"] == "TRADE" and report["side"] == "BUY" and report["ord_status"] == "FILLED":
        assert left < lot_money


@given(STEPS)
def test_a_trade_is_at_the_price_of_a_quote_that_offers_it(steps: list[Step]) -> None:
    executions, _ = records(steps)
    quotes = {
        f"{step.place.partition}-{step.place.offset}": step.message for step in steps if step.topic == "ticks"
    }
    taken: Counter[tuple[str, str]] = Counter()
    for trade in (report for report in executions if report["exec_type"] == "TRADE"):
        (quote_id,) = trade["quote_ids"]
        quote, is_buy = quotes[quote_id], trade["side"] == "BUY"
        price, size = (
            (quote["ask"], quote.get("ask_size")) if is_buy else (quote["bid"], quote.get("bid_size"))
        )
        assert (trade["symbol"], trade["last_mkt"]) == (quote["symbol"], quote["exchange"])
        assert number(trade["last_px"]) == number(price)
        taken[quote_id, trade["side"]] += number(trade["last_qty"])  # type: ignore[assignment]
        assert size is None or taken[quote_id, trade["side"]] <= number(size)
        check_price(trade, is_buy)


def check_price(trade: Record, is_buy: bool) -> None:
    """The NBBO is never crossed, its side not empty; never better than it, and within the limit."""
    assert trade["ask" if is_buy else "bid"] is not None
    bid, ask, price = number(trade["bid"]), number(trade["ask"]), number(trade["last_px"])
    assert bid <= ask or trade["ask"] is None
    assert price >= ask if is_buy else price <= bid
    if trade["ord_type"] in ("LIMIT", "STOP_LIMIT"):
        limit = number(trade["price"])
        assert price <= limit if is_buy else price >= limit


@given(STEPS)
def test_size_that_was_taken_is_not_sold_twice_while_a_venue_repeats_it(steps: list[Step]) -> None:
    shown: dict[tuple[str, str, str], tuple[Fraction, Fraction | None]] = {}
    taken: defaultdict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    held: dict[tuple[str, str], tuple[int, int]] = {}
    for step, part in zip(steps, emitted(CoreWorld(RULES), steps), strict=True):
        if step.topic == "ticks" and not part.rejects:
            tick = step.message
            venue = tick["symbol"], tick["exchange"]
            time_us = min(int(float(tick["timestamp"]) * 1_000_000), step.place.append_us)
            if (time_us, step.place.offset) > held.get(venue, (0, 0)):
                held[venue] = time_us, step.place.offset
                for side, name in (("BUY", "ask"), ("SELL", "bid")):
                    size = tick.get(f"{name}_size")
                    shows = number(tick[name]), None if size is None else number(size)
                    if shown.get((*venue, side)) != shows:
                        taken[*venue, side] = Fraction()
                    shown[*venue, side] = shows
        for trade in (report for report in part.executions if report["exec_type"] == "TRADE"):
            place = trade["symbol"], trade["last_mkt"], trade["side"]
            price, size = shown[place]
            taken[place] += number(trade["last_qty"])
            assert price == number(trade["last_px"]) > 0
            assert size is None or taken[place] <= size


@given(STEPS)
def test_nothing_without_a_limit_trades_or_triggers_outside_the_collar(steps: list[Step]) -> None:
    reference, log_us = ReferenceWorld(RULES), LOG_US
    for step, part in zip(steps, emitted(CoreWorld(RULES), steps), strict=True):
        emitted(reference, [step], log_us)
        log_us += step.log_us
        for report in part.executions:
            engine = reference.engine
            price, side = engine.market(report["symbol"]).reference(engine.log_us), report.get("side")
            if report["exec_type"] == "TRADE" and report["ord_type"] in ("MARKET", "STOP"):
                at = number(report["last_px"])
            elif report["exec_type"] == "TRIGGERED":
                at = number(report["ask"] if side == "BUY" else report["bid"])
            else:
                continue
            assert price is not None
            assert abs(at - price) <= number(RULES["market_collar"]) * price


@given(STEPS)
def test_nothing_trades_above_a_limit(steps: list[Step]) -> None:
    executions, _ = records(steps)
    for trade in (report for report in executions if report["exec_type"] == "TRADE"):
        best = number(trade["ask"] if trade["side"] == "BUY" else trade["bid"])
        if trade["cash_order_qty"] is not None:
            assert number(trade["cash_order_qty"]) <= number(RULES["max_order_notional"])
            assert number(trade["cum_qty"]) <= number(RULES["max_order_qty"])
        else:
            assert number(trade["order_qty"]) * best <= number(RULES["max_order_notional"])
            assert number(trade["order_qty"]) <= number(RULES["max_order_qty"])


@given(STEPS)
def test_ids_are_unique_and_shares_and_cash_add_up(steps: list[Step]) -> None:
    executions, fills = records(steps)
    ids = [report["exec_id"] for report in executions]
    assert len(set(ids)) == len(ids)
    trades = {report["exec_id"]: report for report in executions if report["exec_type"] == "TRADE"}
    assert Counter(fill["exec_id"] for fill in fills) == Counter(trades.keys())
    shares: Any = defaultdict(Fraction)
    cash: Any = defaultdict(Fraction)
    for fill in fills:
        key = fill["account"], fill["symbol"]
        shares[key] += number(fill["delta_shares"])
        cash[key] += number(fill["delta_cash"])
        assert all(
            fill[name] == trades[fill["exec_id"]][name] for name in ("list_id", "transact_time", "last_mkt")
        )
    for trade in trades.values():
        key = trade["account"], trade["symbol"]
        signed = number(trade["last_qty"]) * (1 if trade["side"] == "BUY" else -1)
        shares[key] -= signed
        cash[key] += signed * number(trade["last_px"]) * number(trade["multiplier"])
    assert not any(shares.values())
    assert not any(cash.values())


@given(STEPS)
def test_what_can_not_wait_does_not(steps: list[Step]) -> None:
    found = emitted(CoreWorld(RULES), steps)
    for part in found:
        for life in lives(part.executions).values():
            if life[0]["exec_type"] == "NEW" and life[0]["time_in_force"] in ("IOC", "FOK"):
                assert life[-1]["ord_status"] in TERMINAL
                traded = [report for report in life if report["exec_type"] == "TRADE"]
                if life[0]["time_in_force"] == "FOK":
                    assert (life[-1]["ord_status"] == "FILLED") == bool(traded)


@given(STEPS)
def test_nothing_trades_that_is_halted(steps: list[Step]) -> None:
    states: dict[tuple[str | None, str | None], str] = {}
    for step, part in zip(steps, emitted(CoreWorld(RULES), steps), strict=True):
        if step.message.get("msg_type") == "trading_state":
            states[step.message.get("symbol"), step.message.get("account")] = step.message["state"]
        for report in part.executions:
            if report["exec_type"] in ("NEW", "TRADE", "TRIGGERED", "REPLACED"):
                scopes = ((None, None), (report["symbol"], None), (None, report["account"]))
                found = {states.get(scope, "ACTIVE") for scope in scopes}
                assert "HALTED" not in found
                assert "SELL_ONLY" not in found or report["side"] == "SELL"
