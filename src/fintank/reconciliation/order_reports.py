"""Every order is answered once, as it was asked for, and its reports add up."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from fintank.adapters.kafka import SHARDS, partition_for
from fintank.reconciliation.results import Kind, Log, Logs, Result
from fintank.trading.decimals import EXACT, ZERO, average, plain
from fintank.trading.messages import ExecType, Identity, Order, OrdStatus
from fintank.trading.reports import ExecutionReport
from fintank.trading.rules import Code

ANSWERS = (ExecType.NEW, ExecType.REJECTED)
INPUT = re.compile(r"orders-([0-9]+)-([0-9]+)")
_TERMS = (
    *("side", "list_id", "ord_type", "time_in_force", "priority", "order_time_us", "cash_order_qty"),
    *("price", "stop_px"),
)
_STATUSES = {
    ExecType.NEW: (OrdStatus.NEW,),
    ExecType.TRADE: (OrdStatus.PARTIALLY_FILLED, OrdStatus.FILLED),
    ExecType.CANCELED: (OrdStatus.CANCELED,),
    ExecType.RESTATED: (OrdStatus.FILLED,),
    ExecType.EXPIRED: (OrdStatus.EXPIRED,),
    ExecType.REJECTED: (OrdStatus.REJECTED,),
}
_AGAIN = tuple(f"code={code} " for code in (Code.STALE_ORDER, Code.DUPLICATE_ORDER))
"""Why a message that comes again may be refused, when the engine has forgotten its first answer."""


class Asked(NamedTuple):
    """An order for one symbol as its message asks for it; `is_done`: the message's offset is committed."""

    order: Order
    time_ms: int
    is_done: bool


class Told(NamedTuple):
    """A report and its record, named topic-partition-offset."""

    place: str
    time_ms: int
    report: ExecutionReport

    @property
    def identity(self) -> Identity:
        """The order that it tells of."""
        return Identity(self.report.account, self.report.symbol, self.report.cl_ord_id)


def check_orders(
    asked: Iterable[Asked], told: Iterable[Told], logs: Logs, hidden: frozenset[tuple[str, int]]
) -> list[Result]:
    """Compare what the topic `orders` asks for with the reports, in the order of their records.

    hidden: the partitions of which an open transaction hid the end.
    """
    messages: dict[Identity, list[Asked]] = defaultdict(list)
    for ask in asked:
        messages[ask.order.identity].append(ask)
    reports: dict[Identity, list[Told]] = defaultdict(list)
    for tell in told:
        reports[tell.identity].append(tell)
    answers = _Answers(logs, hidden)
    sequences = Result("reports of an order add up")
    for identity in messages.keys() | reports.keys():
        answers.check(identity, messages.get(identity, []), reports.get(identity, []))
        _check_sequence(sequences, identity, reports.get(identity, []), logs["executions", _shard(identity)])
    return [answers.result, sequences]


class _Answers:
    """Each content of an order's message has one NEW or REJECTED report, which is as the message asks."""

    def __init__(self, logs: Logs, hidden: frozenset[tuple[str, int]]) -> None:
        self.result = Result("orders have one answer")
        self._logs = logs
        self._hidden = hidden

    def check(self, identity: Identity, asked: Sequence[Asked], told: Sequence[Told]) -> None:
        self.result.compared += sum(ask.is_done for ask in asked)
        self.result.pending += sum(not ask.is_done for ask in asked)
        answers = [tell for tell in told if tell.report.exec_type in ANSWERS]
        by_input = {ask.order.input: ask.order for ask in asked}
        known = [tell for tell in answers if tell.report.input in by_input]
        for tell in answers:
            order = by_input.get(tell.report.input)
            if order is None:
                self._check_lost_message(identity, tell)
            else:
                self._check_terms(order, tell)
        if told and not asked and not answers:
            self._check_lost_answer(identity, told[0])
        answered = self._check_once(identity, known, by_input)
        done = {ask.order.content_hash: ask for ask in reversed(asked) if ask.is_done}
        for content_hash, ask in done.items():
            if content_hash not in answered:
                self._check_unanswered(ask)

    def _check_once(
        self, identity: Identity, answers: Sequence[Told], by_input: dict[str, Order]
    ) -> set[str]:
        """Check that there is one NEW at most, and one answer to each content; return what is answered."""
        contents: set[str] = set()
        inputs: set[str] = set()
        is_accepted = False
        for tell in answers:
            report = tell.report
            content_hash = by_input[report.input].content_hash
            is_new = report.exec_type is ExecType.NEW
            is_first = content_hash not in contents and not (is_new and is_accepted)
            is_sent_again = not is_new and report.input not in inputs
            if not is_first and not (is_sent_again and (report.text or "").startswith(_AGAIN)):
                detail = f"{report.exec_type} once more in {tell.place}"
                self.result.add(Kind.ORDER_ANSWERED_TWICE, name(identity), detail)
            contents.add(content_hash)
            inputs.add(report.input)
            is_accepted |= is_new
        return contents

    def _check_unanswered(self, ask: Asked) -> None:
        place = ("executions", _shard(ask.order.identity))
        if self._logs[place].may_have_lost(ask.time_ms):
            self.result.beyond_retention += 1
        elif place in self._hidden:
            self.result.pending += 1
        else:
            detail = f"{ask.order.input} has no NEW and no REJECTED report"
            self.result.add(Kind.ORDER_NOT_ANSWERED, name(ask.order.identity), detail)

    def _check_lost_message(self, identity: Identity, tell: Told) -> None:
        match = INPUT.fullmatch(tell.report.input)
        log = self._logs.get(("orders", int(match[1]))) if match else None
        if match and log and int(match[2]) < log.first_offset:
            self.result.beyond_retention += 1
            return
        detail = f"{tell.place} answers {tell.report.input}, which holds no such order"
        self.result.add(Kind.REPORT_WITHOUT_ORDER, name(identity), detail)

    def _check_lost_answer(self, identity: Identity, first: Told) -> None:
        if self._logs["executions", _shard(identity)].may_have_lost(first.report.order_time_us // 1000):
            self.result.beyond_retention += 1
            return
        detail = f"{first.place} tells of an order that is not in the topic orders"
        self.result.add(Kind.REPORT_WITHOUT_ORDER, name(identity), detail)

    def _check_terms(self, order: Order, tell: Told) -> None:
        report = tell.report
        for term in _TERMS if order.order_qty is None else (*_TERMS, "order_qty"):
            asked, told = getattr(order, term), getattr(report, term)
            if asked != told:
                detail = f"{tell.place}: {term} is {shown(told)}, {order.input} asks for {shown(asked)}"
                self.result.add(Kind.REPORT_NOT_AS_ORDERED, name(order.identity), detail)
        if order.refusal is not None and report.exec_type is ExecType.NEW:
            detail = f"{tell.place}: NEW, but {order.input} must be refused: {order.refusal.text}"
            self.result.add(Kind.REPORT_NOT_AS_ORDERED, name(order.identity), detail)


def _check_sequence(result: Result, identity: Identity, told: Sequence[Told], log: Log) -> None:
    """Check one order's reports; the refusal of another message with its identity is not of the sequence."""
    own = [tell for tell in told if tell.report.exec_type is not ExecType.REJECTED]
    refusals = [tell for tell in told if tell.report.exec_type is ExecType.REJECTED]
    result.compared += len(told)
    for tell in refusals:
        _check_numbers(result, tell, ZERO, ZERO)
    if own and own[0].report.exec_type is not ExecType.NEW and log.may_have_lost(own[0].time_ms):
        result.beyond_retention += len(own)
        result.compared -= len(own)
        return
    cum_qty = cum_cash = ZERO
    ended: Told | None = None
    for tell in own:
        report = tell.report
        if ended is not None:
            detail = f"{tell.place}: {report.exec_type} after {ended.report.ord_status} in {ended.place}"
            result.add(Kind.REPORT_AFTER_THE_END, name(identity), detail)
            return
        if report.last_qty is not None and report.last_px is not None:
            cum_qty = EXACT.add(cum_qty, report.last_qty)
            cum_cash = EXACT.add(cum_cash, EXACT.multiply(report.last_qty, report.last_px))
        if not _check_numbers(result, tell, cum_qty, cum_cash):
            return  # what follows rests on it
        ended = tell if report.ord_status.is_terminal else None


def _check_numbers(result: Result, tell: Told, cum_qty: Decimal, cum_cash: Decimal) -> bool:
    """Check a report against what its order traded up to it; False, and a break, if it is not so."""
    wrong = next(_wrong_numbers(tell.report, cum_qty, cum_cash), None)
    if wrong is not None:
        result.add(Kind.REPORT_DOES_NOT_ADD_UP, name(tell.identity), f"{tell.place}: {wrong}")
    return wrong is None


def _wrong_numbers(report: ExecutionReport, cum_qty: Decimal, cum_cash: Decimal) -> Iterator[str]:
    is_trade = report.exec_type is ExecType.TRADE
    if report.ord_status not in _STATUSES[report.exec_type]:
        yield f"{report.exec_type} with the status {report.ord_status}"
    if is_trade and None in (report.last_qty, report.last_px, report.last_mkt):
        yield "TRADE without last_qty, last_px or last_mkt"
    if report.cash_order_qty is None and report.order_qty is not None and cum_qty:
        left = EXACT.subtract(report.order_qty, cum_qty)
        if left < 0 or (is_trade and (left == 0) != (report.ord_status is OrdStatus.FILLED)):
            yield f"{report.ord_status} with {plain(cum_qty)} traded of {plain(report.order_qty)}"
    for field, value in _numbers(report, cum_qty, cum_cash).items():
        if getattr(report, field) != value:
            yield f"{field} is {shown(getattr(report, field))}, not {shown(value)}"


def _numbers(report: ExecutionReport, cum_qty: Decimal, cum_cash: Decimal) -> dict[str, Decimal | None]:
    """Return what the numbers of a report must be: those of a cash order, then those of any other."""
    is_open = not report.ord_status.is_terminal
    traded = {"cum_qty": cum_qty, "avg_px": average(cum_cash, cum_qty) if cum_qty > 0 else None}
    if report.cash_order_qty is not None:
        left = EXACT.subtract(report.cash_order_qty, cum_cash)
        return traded | {
            "order_qty": None if is_open else cum_qty,
            "leaves_qty": None if is_open else ZERO,
            "leaves_cash": left if is_open else ZERO,
            "residual_cash": None if is_open else left,
        }
    leaves_qty = ZERO
    if is_open and report.order_qty is not None:
        leaves_qty = EXACT.subtract(report.order_qty, cum_qty)
    return traded | {"leaves_qty": leaves_qty, "leaves_cash": None, "residual_cash": None}


def name(identity: Identity) -> str:
    """Name an order."""
    return f"{identity.cl_ord_id} of {identity.account} for {identity.symbol}"


def shown(value: object) -> str:
    """Write a value for a person."""
    return plain(value) if isinstance(value, Decimal) else "nothing" if value is None else str(value)


def _shard(identity: Identity) -> int:
    return partition_for(identity.symbol, SHARDS)
