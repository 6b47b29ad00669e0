"""Every order is answered once and as requested, and its reports add up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from decimal import Decimal

from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.order_terms import ORDER_TERMS
from fintank.reconciliation.snapshot import Recorded, order_name, shown
from fintank.reconciliation.topic_logs import PartitionLog, TopicLogs, reports_partition
from fintank.trading.codes import Code
from fintank.trading.decimals import EXACT, ZERO, average, plain
from fintank.trading.instruments import ONE
from fintank.trading.messages import ExecType, Identity, Order, OrdStatus
from fintank.trading.reports import ExecutionReport

ANSWERS = (ExecType.NEW, ExecType.REJECTED)
_STATUSES = {
    ExecType.NEW: (OrdStatus.NEW,),
    ExecType.TRIGGERED: (OrdStatus.NEW,),
    ExecType.REPLACED: (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.FILLED),
    ExecType.TRADE: (OrdStatus.PARTIALLY_FILLED, OrdStatus.FILLED),
    ExecType.CANCELED: (OrdStatus.CANCELED,),
    ExecType.RESTATED: (OrdStatus.FILLED,),
    ExecType.EXPIRED: (OrdStatus.EXPIRED,),
    ExecType.REJECTED: (OrdStatus.REJECTED,),
}
_REPEATED = tuple(f"code={code} " for code in (Code.STALE_ORDER, Code.DUPLICATE_ORDER))
"""Why a repeated message may be rejected once the rule engine has forgotten its first answer."""

RecordedOrder = Recorded[Order]
RecordedReport = Recorded[ExecutionReport]


def check_orders(
    orders: Iterable[RecordedOrder], reports: Iterable[RecordedReport], logs: TopicLogs, retention_us: int
) -> list[Result]:
    """Compare the requests of the topic `orders` with the reports, in the order of their records.

    After retention_us a terminal order is forgotten, and its identity may be that of another order.
    """
    requested: dict[Identity, list[RecordedOrder]] = defaultdict(list)
    for order in orders:
        requested[order.message.identity].append(order)
    reported: dict[Identity, list[RecordedReport]] = defaultdict(list)
    lives: dict[Identity | str, list[RecordedReport]] = defaultdict(list)
    first: dict[str, Identity] = {}
    for report in reports:
        # An order that is replaced has several identities and one order_id; older reports have none.
        identity, order_id = report.message.identity, report.message.order_id
        reported[identity if order_id is None else first.setdefault(order_id, identity)].append(report)
        lives[identity if order_id is None else order_id].append(report)
    answers = _Answers(logs, retention_us)
    starts: set[str] = set()
    for identity in requested.keys() | reported.keys():
        own = reported.get(identity, [])
        starts_of_own = _starts(identity, own, retention_us)
        answers.check(identity, requested.get(identity, []), own, starts_of_own)
        starts |= starts_of_own
    sequences = Result("reports of an order add up")
    for life in lives.values():
        identity = life[0].message.identity
        _check_sequence(
            sequences, identity, life, starts, logs.partitions[reports_partition(identity.symbol)]
        )
    return [answers.result, sequences]


def _starts(identity: Identity, reports: Sequence[RecordedReport], retention_us: int) -> set[str]:
    """Return the places of the NEW reports of orders whose identity was an earlier order's.

    That one was terminal, or had got another identity, and was forgotten; by the times of ticks and orders,
    or by log time.
    """
    starts: set[str] = set()
    ended: ExecutionReport | None = None
    for entry in reports:
        report = entry.message
        if report.exec_type is ExecType.REJECTED:
            continue
        is_new = report.exec_type is ExecType.NEW
        if is_new and ended is not None and _passed_us(ended, report) > retention_us:
            starts.add(entry.place)
        if report.identity != identity:
            ended = ended or report
        else:
            ended = report if report.ord_status.is_terminal else None
    return starts


def _passed_us(before: ExecutionReport, report: ExecutionReport) -> int:
    """Return how much time, at most, a symbol's clock showed between two reports.

    It advances with log time, and a late tick may have set it back in between: so it is the time between the
    ticks or orders plus the log time between the reports.
    """
    passed_us = report.transact_time_us - before.transact_time_us
    if report.log_time_us is None or before.log_time_us is None:
        return passed_us
    return max(passed_us, 0) + report.log_time_us - before.log_time_us


class _Answers:
    """Each content of an order's message has one NEW or REJECTED report, with the terms of the message.

    A message that comes again is REJECTED again, if it could be one that was forgotten.
    """

    def __init__(self, logs: TopicLogs, retention_us: int) -> None:
        self.result = Result("orders have one answer")
        self._logs = logs
        self._retention_us = retention_us

    def check(
        self,
        identity: Identity,
        requested: Sequence[RecordedOrder],
        reported: Sequence[RecordedReport],
        starts: Set[str],
    ) -> None:
        done = [entry for entry in requested if entry.is_done]
        self.result.compared += len(done)
        self.result.pending += len(requested) - len(done)
        answers = [entry for entry in reported if entry.message.exec_type in ANSWERS]
        orders = {entry.message.input: entry.message for entry in requested}
        for entry in answers:
            if entry.message.input in orders:
                self._check_terms(orders[entry.message.input], entry)
            elif self._logs.has_deleted(entry.message.input):
                self.result.beyond_retention += 1
            else:
                detail = f"{entry.place} answers {entry.message.input}, which is not a message of this order"
                self.result.add(BreakKind.REPORT_WITHOUT_ORDER, order_name(identity), detail)
        if reported and not requested and not answers:
            self._check_lost_answer(identity, reported[0])
        known = [entry for entry in answers if entry.message.input in orders]
        answered = self._check_once(identity, known, orders, starts)
        first_requests = {request.message.content_hash: request for request in reversed(done)}
        for content_hash, request in first_requests.items():
            partition = reports_partition(identity.symbol)
            is_answered = content_hash in answered
            if not is_answered and self._logs.is_missing(self.result, partition, request.time_ms):
                detail = f"{request.place} has no NEW and no REJECTED report"
                self.result.add(BreakKind.ORDER_NOT_ANSWERED, order_name(identity), detail)

    def _check_once(
        self,
        identity: Identity,
        answers: Sequence[RecordedReport],
        orders: dict[str, Order],
        starts: Set[str],
    ) -> set[str]:
        """Check that there is at most one NEW, and one answer to each content; return what is answered."""
        contents: dict[str, ExecutionReport] = {}
        inputs: set[str] = set()
        is_accepted = False
        for entry in answers:
            report = entry.message
            content_hash = orders[report.input].content_hash
            is_new = report.exec_type is ExecType.NEW
            is_accepted = is_accepted and entry.place not in starts
            is_first = content_hash not in contents and not (is_new and is_accepted)
            is_of_a_repeat = not is_new and report.input not in inputs
            before = contents.get(content_hash, report)
            is_forgotten = _passed_us(before, report) > self._retention_us
            may_repeat = is_forgotten or (report.text or "").startswith(_REPEATED)
            if not is_first and not (is_of_a_repeat and may_repeat):
                detail = f"{report.exec_type} again in {entry.place}"
                self.result.add(BreakKind.ORDER_ANSWERED_TWICE, order_name(identity), detail)
            contents[content_hash] = report
            inputs.add(report.input)
            is_accepted |= is_new
        return set(contents)

    def _check_lost_answer(self, identity: Identity, first: RecordedReport) -> None:
        log = self._logs.partitions[reports_partition(identity.symbol)]
        if log.may_have_lost(first.message.order_time_us // 1000):
            self.result.beyond_retention += 1
        else:
            detail = f"{first.place} reports an order that is not in the topic orders"
            self.result.add(BreakKind.REPORT_WITHOUT_ORDER, order_name(identity), detail)

    def _check_terms(self, order: Order, entry: RecordedReport) -> None:
        report = entry.message
        for term in ORDER_TERMS if order.order_qty is None else (*ORDER_TERMS, "order_qty"):
            requested, reported = getattr(order, term), getattr(report, term)
            if requested != reported:
                detail = f"{entry.place}: {term} is {shown(reported)}, {order.input} has {shown(requested)}"
                self.result.add(BreakKind.REPORT_NOT_AS_ORDERED, order_name(order.identity), detail)
        if order.refusal is not None and report.exec_type is ExecType.NEW:
            detail = f"{entry.place}: NEW, but {order.input} must be rejected: {order.refusal.text}"
            self.result.add(BreakKind.REPORT_NOT_AS_ORDERED, order_name(order.identity), detail)


def _check_sequence(
    result: Result,
    identity: Identity,
    reports: Sequence[RecordedReport],
    starts: Set[str],
    log: PartitionLog,
) -> None:
    """Check the reports of an identity's orders; a REJECTED one answers another message with it."""
    own = [entry for entry in reports if entry.message.exec_type is not ExecType.REJECTED]
    result.compared += len(reports)
    for entry in reports:
        if entry.message.exec_type is ExecType.REJECTED:
            _check_numbers(result, entry, ZERO, ZERO)
    if own and own[0].message.exec_type is not ExecType.NEW and log.may_have_lost(own[0].time_ms):
        result.beyond_retention += len(own)
        result.compared -= len(own)
        return
    cum_qty = cum_cash = ZERO
    ended: RecordedReport | None = None
    for entry in own:
        report = entry.message
        if entry.place in starts:
            cum_qty, cum_cash, ended = ZERO, ZERO, None
        if ended is not None:
            detail = f"{entry.place}: {report.exec_type} after {ended.message.ord_status} in {ended.place}"
            result.add(BreakKind.REPORT_AFTER_THE_END, order_name(identity), detail)
            return
        if report.last_qty is not None and report.last_px is not None:
            cum_qty = EXACT.add(cum_qty, report.last_qty)
            shares = EXACT.multiply(report.last_qty, report.multiplier or ONE)
            cum_cash = EXACT.add(cum_cash, EXACT.multiply(shares, report.last_px))
        if not _check_numbers(result, entry, cum_qty, cum_cash):
            return  # the next reports build on it
        ended = entry if report.ord_status.is_terminal else None


def _check_numbers(result: Result, entry: RecordedReport, cum_qty: Decimal, cum_cash: Decimal) -> bool:
    """Check a report against what its order has traded so far; False, and a break, if it is wrong."""
    wrong = next(_wrong_numbers(entry.message, cum_qty, cum_cash), None)
    if wrong is not None:
        name = order_name(entry.message.identity)
        result.add(BreakKind.REPORT_DOES_NOT_ADD_UP, name, f"{entry.place}: {wrong}")
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
    for field, value in _expected_numbers(report, cum_qty, cum_cash).items():
        if getattr(report, field) != value:
            yield f"{field} is {shown(getattr(report, field))}, not {shown(value)}"


def _expected_numbers(
    report: ExecutionReport, cum_qty: Decimal, cum_cash: Decimal
) -> dict[str, Decimal | None]:
    """Return what the numbers of a report must be."""
    is_open = not report.ord_status.is_terminal
    shares = EXACT.multiply(cum_qty, report.multiplier or ONE)
    traded = {"cum_qty": cum_qty, "avg_px": average(cum_cash, shares) if cum_qty > 0 else None}
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
