"""What holds for any quotes and orders, restarts and replays."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from fintank.trading.journal import JournalRecord, Kind
from fintank.trading.ledger import positions
from fintank.trading.limits import Limits
from fintank.trading.messages import (
    Cancel,
    ExecutionReport,
    Fill,
    Order,
    OrdType,
    Quote,
    Report,
    Side,
    State,
    TimeInForce,
    TradingState,
)
from fintank.trading.shard import Outcome, Shard

SYMBOLS = st.sampled_from(["IVE", "VTI"])
EXCHANGES = st.sampled_from(["NYSE", "NASDAQ", "ARCA"])
PRICES = st.sampled_from(["93.5", "94", "94.00", "94.190756", "95", "1200"])
SIZES = st.none() | st.sampled_from(["0", "0.005", "1", "200"])
QUANTITIES = st.sampled_from(["10", "0.3333333333", "-1"]).map(Decimal)
AMOUNTS = st.sampled_from(["1000", "99.99", "0.01", "10.005"]).map(Decimal)
LIMITS = Limits(
    max_quote_age_us=30,
    aggregation_window_us=5,
    lot_size=Decimal("0.01"),
    retention_us=40,
    max_open_orders=6,
    max_order_notional=Decimal("11500"),
    price_band=Decimal("0.2"),
)


class Second(NamedTuple):
    """Time passes, and nothing comes."""


Message = Quote | Order | Cancel | TradingState | Second


@dataclass(frozen=True)
class Step:
    """A message and how far the wall has moved when it comes."""

    message: Message
    wall_step_us: int


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    return Quote(
        symbol=draw(SYMBOLS),
        exchange=draw(EXCHANGES),
        time_us=draw(st.integers(1000, 1060)),
        partition=0,
        offset=draw(st.integers(0, 5)),
        bid=draw(PRICES),
        ask=draw(PRICES),
        bid_size=draw(SIZES),
        ask_size=draw(SIZES),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    number = draw(st.integers(0, 4))
    content = draw(st.integers(0, 1))
    by_cash = (number + content) % 2 == 0
    ord_type = draw(st.sampled_from(OrdType))
    time_in_force = draw(st.sampled_from(TimeInForce))
    order_time_us = draw(st.integers(990, 1050))
    is_component = by_cash and ord_type is OrdType.MARKET
    return Order(
        cl_ord_id=f"o-{number}",
        account=draw(st.sampled_from(["a", "b"])),
        symbol=draw(SYMBOLS),
        side=draw(st.sampled_from(Side)),
        order_qty=None if by_cash else draw(QUANTITIES),
        cash_order_qty=draw(AMOUNTS) if by_cash else None,
        ord_type=ord_type,
        priority=draw(st.sampled_from([1, 1, 2, 2, 3])),
        time_in_force=time_in_force,
        list_id=draw(st.none() | st.sampled_from(["p", "q"])) if is_component else None,
        order_time_us=order_time_us,
        content_hash=f"hash-{content}",
        input=f"orders-0-{draw(st.integers(0, 99))}",
        price=Decimal(draw(PRICES)) if "LIMIT" in ord_type else None,
        stop_px=Decimal(draw(PRICES)) if "STOP" in ord_type else None,
        expire_time_us=order_time_us + draw(st.integers(0, 60)) if time_in_force is TimeInForce.GTD else None,
    )


@st.composite
def cancels(draw: st.DrawFn) -> Cancel:
    number, content = draw(st.integers(0, 4)), draw(st.integers(0, 1))
    is_of_list = draw(st.booleans())
    return Cancel(
        cl_ord_id=f"c-{draw(st.integers(0, 2))}",
        account=draw(st.sampled_from(["a", "b"])),
        symbol=None if is_of_list else draw(SYMBOLS),
        orig_cl_ord_id=None if is_of_list else f"o-{number}",
        list_id=draw(st.sampled_from(["p", "q"])) if is_of_list else None,
        order_time_us=draw(st.integers(990, 1050)),
        content_hash=f"cancel-hash-{content}",
        input=f"orders-0-{draw(st.integers(0, 99))}",
    )


@st.composite
def trading_states(draw: st.DrawFn) -> TradingState:
    offset = draw(st.integers(100, 110))
    return TradingState(draw(st.sampled_from(State)), 1000, offset, f"orders-0-{offset}")


MESSAGES = st.one_of(quotes(), quotes(), orders(), orders(), cancels(), trading_states())
STEPS = st.lists(st.builds(Step, MESSAGES | st.builds(Second), st.integers(0, 12)), max_size=40)
CHECK = settings(max_examples=150, deadline=None)


class Log:
    """What was committed: reports, fills, and the journal as compaction leaves it."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.fills: list[Fill] = []
        self.journal: dict[tuple[str, str], JournalRecord] = {}

    def commit(self, outcome: Outcome | None) -> None:
        if outcome is not None:
            self.reports += outcome.reports
            self.fills += outcome.fills
            self.compact(outcome.journal)

    def compact(self, records: Iterable[JournalRecord]) -> None:
        for record in records:
            self.journal.pop((record.kind, record.id), None)
            if record.value is not None:
                value = json.loads(json.dumps(record.value))
                self.journal[record.kind, record.id] = JournalRecord(record.kind, record.id, value)

    def state(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The journal without arrival_seq: only its order means something."""
        return {
            key: {name: field for name, field in (record.value or {}).items() if name != "arrival_seq"}
            for key, record in self.journal.items()
        }

    def of_orders(self) -> list[ExecutionReport]:
        return [report for report in self.reports if isinstance(report, ExecutionReport)]


def feed(shard: Shard, message: Message, wall_us: int) -> Outcome | None:
    match message:
        case Quote():
            return shard.on_quote(message, wall_us)
        case Order():
            return shard.on_order(message, wall_us)
        case Cancel():
            return shard.on_cancel(message, wall_us)
        case TradingState():
            return shard.on_trading_state(message, wall_us)
        case Second():
            return shard.on_second(wall_us)


@CHECK
@given(STEPS, st.integers(0, 40), st.randoms(use_true_random=False))
def test_a_shard_restored_at_any_point_goes_on_as_if_nothing_had_happened(
    steps: list[Step], restart: int, random: Any
) -> None:
    logs = [Log(), Log()]
    for log, restarts in zip(logs, (False, True), strict=True):
        shard, wall_us = Shard(LIMITS), 500
        for position, step in enumerate(steps):
            if position == restart:
                log.compact(shard.changed_quotes())
                if restarts:
                    records = list(log.journal.values())
                    random.shuffle(records)
                    shard = Shard.restore(LIMITS, records)
            wall_us += step.wall_step_us
            log.commit(feed(shard, step.message, wall_us))
            log.compact(shard.expire_terminal(wall_us))
        log.compact(shard.changed_quotes())
    unbroken, restarted = logs
    assert restarted.reports == unbroken.reports
    assert restarted.fills == unbroken.fills
    assert restarted.state() == unbroken.state()


@CHECK
@given(STEPS, st.integers(0, 40), st.integers(0, 40))
def test_replaying_any_prefix_changes_nothing(steps: list[Step], at: int, length: int) -> None:
    logs = [Log(), Log()]
    limits = Limits(max_quote_age_us=30, lot_size=Decimal("0.01"))
    for log, replays in zip(logs, (False, True), strict=True):
        shard, wall_us = Shard(limits), 500
        for position, step in enumerate(steps):
            if position == at and replays:
                for earlier in steps[: min(at, length)]:
                    if isinstance(earlier.message, Second):
                        continue
                    outcome = feed(shard, earlier.message, wall_us)
                    assert outcome is None or outcome == Outcome()
            wall_us += step.wall_step_us
            log.commit(feed(shard, step.message, wall_us))
        log.compact(shard.changed_quotes())
    once, twice = logs
    assert (twice.reports, twice.fills, twice.journal) == (once.reports, once.fills, once.journal)


@CHECK
@given(STEPS, st.integers(0, 40), st.integers(0, 40))
def test_a_crash_before_a_commit_loses_nothing_and_doubles_nothing(
    steps: list[Step], journaled: int, crash: int
) -> None:
    """What came after the last journaling of quotes comes again; what it led to is decided once."""
    messages = [step.message for step in steps]
    unbroken, broken = Log(), Log()
    shard = Shard(LIMITS)
    for message in messages:
        unbroken.commit(feed(shard, message, 500))
    unbroken.compact(shard.changed_quotes())

    journaled = min(journaled, crash)
    shard = Shard(LIMITS)
    for message in messages[:journaled]:
        broken.commit(feed(shard, message, 500))
    broken.compact(shard.changed_quotes())
    for message in messages[journaled:crash]:
        broken.commit(feed(shard, message, 500))
    for message in messages[crash : crash + 1]:
        feed(shard, message, 500)  # decided, but never committed
    shard = Shard.restore(LIMITS, broken.journal.values())
    for message in messages[journaled:]:
        broken.commit(feed(shard, message, 500))
    broken.compact(shard.changed_quotes())

    assert broken.reports == unbroken.reports
    assert broken.fills == unbroken.fills
    assert broken.state() == unbroken.state()


@CHECK
@given(STEPS)
def test_what_is_not_looked_at_would_change_nothing(steps: list[Step]) -> None:
    quick, thorough = Log(), Log()
    shard, looking = Shard(LIMITS), Shard(LIMITS)
    wall_us = 500
    for step in steps:
        wall_us += step.wall_step_us
        for orders_ in looking._open.values():
            orders_.must_look = True
        quick.commit(feed(shard, step.message, wall_us))
        thorough.commit(feed(looking, step.message, wall_us))
        quick.compact(shard.changed_quotes())
        thorough.compact(looking.changed_quotes())
    assert quick.reports == thorough.reports
    assert quick.fills == thorough.fills
    assert quick.journal == thorough.journal


@CHECK
@given(st.lists(quotes() | orders(), max_size=60))
def test_every_trade_is_at_a_held_quote_within_the_limit_and_no_size_is_sold_twice(
    messages: list[Message],
) -> None:
    shard = Shard(LIMITS)
    held: dict[tuple[str, str], Quote] = {}
    taken: dict[tuple[str, str, Side], Decimal] = defaultdict(Decimal)
    for message in messages:
        outcome = feed(shard, message, 500)
        if isinstance(message, Quote):
            before = held.get((message.symbol, message.exchange))
            if before is None or (message.time_us, message.offset) > (before.time_us, before.offset):
                held[message.symbol, message.exchange] = message
                for side in Side:
                    taken.pop((message.symbol, message.exchange, side), None)
        for report in outcome.reports if outcome else ():
            assert isinstance(report, ExecutionReport)
            if report.last_qty is None or report.last_px is None:
                continue
            assert report.bid is not None
            assert report.ask is not None
            assert report.bid <= report.ask
            quote = held[report.symbol, str(report.last_mkt)]
            is_buy = report.side is Side.BUY
            assert report.quote_ids == (quote.quote_id,)
            assert report.last_px == Decimal(quote.ask if is_buy else quote.bid)
            if report.price is not None:
                assert report.last_px <= report.price if is_buy else report.last_px >= report.price
            key = (report.symbol, quote.exchange, report.side)
            taken[key] += report.last_qty
            size = quote.ask_size if is_buy else quote.bid_size
            assert size is None or taken[key] <= Decimal(size)


def check_life(life: list[ExecutionReport]) -> None:
    """All reports of one order: its invariants, one after the other."""
    assert life[0].exec_type in ("NEW", "REJECTED")
    assert [report.exec_type for report in life].count("NEW") <= 1
    cum_qty = cum_cash = Decimal(0)
    for position, report in enumerate(life):
        assert not report.ord_status.is_terminal or position == len(life) - 1
        cum_qty += report.last_qty or 0
        cum_cash += (report.last_qty or 0) * (report.last_px or 0)
        assert report.cum_qty == cum_qty
        if report.ord_status.is_terminal:
            assert report.leaves_qty == 0
        elif report.cash_order_qty is None:
            assert report.order_qty is not None
            assert report.leaves_qty == report.order_qty - cum_qty
        else:
            assert (report.order_qty, report.leaves_qty) == (None, None)
            assert report.leaves_cash == report.cash_order_qty - cum_cash
        assert report.ord_status == "REJECTED" or report.order_qty is None or cum_qty <= report.order_qty
    last = life[-1]
    if last.ord_status == "FILLED" and last.cash_order_qty is not None:
        assert last.residual_cash == last.cash_order_qty - cum_cash
        assert (last.residual_cash >= 0) == (last.side is Side.BUY) or last.residual_cash == 0
        if last.exec_type == "RESTATED":
            assert last.side is Side.BUY
        else:
            assert last.last_px is not None
            assert abs(last.residual_cash) < last.last_px * LIMITS.lot_size


@CHECK
@given(STEPS)
def test_every_order_lives_by_the_rules_and_shares_and_cash_add_up(steps: list[Step]) -> None:
    log, shard, wall_us = Log(), Shard(LIMITS), 500
    for step in steps:
        wall_us += step.wall_step_us
        log.commit(feed(shard, step.message, wall_us))
    ids = [report.exec_id for report in log.reports]
    assert len(set(ids)) == len(ids)
    lives: dict[Any, list[ExecutionReport]] = defaultdict(list)
    for report in log.of_orders():
        if report.ord_rej_reason != 6:
            lives[report.account, report.symbol, report.cl_ord_id].append(report)
    for life in lives.values():
        check_life(life)
    trades = [report for report in log.of_orders() if report.exec_type == "TRADE"]
    assert [fill.exec_id for fill in log.fills] == [trade.exec_id for trade in trades]
    shares: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    cash: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for trade in trades:
        signed = (trade.last_qty or 0) * (1 if trade.side is Side.BUY else -1)
        shares[trade.account, trade.symbol] += signed
        cash[trade.account, trade.symbol] -= signed * (trade.last_px or 0)
    booked = positions(log.fills)
    assert {key: position.shares for key, position in booked.items()} == shares
    assert {key: position.cash for key, position in booked.items()} == cash


def test_the_kinds_of_record_are_the_documented_ones() -> None:
    assert [str(kind) for kind in Kind] == [
        *("order", "refusal", "cancel", "quote", "clock", "window", "trading_state"),
    ]
