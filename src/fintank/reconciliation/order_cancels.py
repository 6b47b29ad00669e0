"""Every cancel of one order is answered: the order is CANCELED, or the cancel is rejected once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.snapshot import Recorded, order_name
from fintank.reconciliation.topic_logs import TopicLogs, reports_partition
from fintank.trading.codes import Code
from fintank.trading.messages import Cancel, ExecType
from fintank.trading.reports import ExecutionReport, OrderCancelReject

_REQUESTED = f"code={Code.CANCEL_REQUESTED} cl_ord_id="

Ended = Mapping[tuple[str, str], Sequence[Recorded[ExecutionReport]]]
"""(account, cl_ord_id of a cancel) -> the CANCELED reports that name it."""


def check_cancels(
    cancels: Sequence[Recorded[Cancel]],
    rejects: Iterable[Recorded[OrderCancelReject]],
    reports: Iterable[Recorded[ExecutionReport]],
    logs: TopicLogs,
) -> Result:
    """Compare the cancels of the topic `orders` with the reports of the topic `executions`.

    What the cancel of a list ends depends on what was open, so only what it did end is checked.
    """
    result = Result("cancels have one answer")
    ended: dict[tuple[str, str], list[Recorded[ExecutionReport]]] = defaultdict(list)
    for entry in reports:
        text = entry.message.text or ""
        if entry.message.exec_type is ExecType.CANCELED and text.startswith(_REQUESTED):
            ended[entry.message.account, text.removeprefix(_REQUESTED)].append(entry)
    rejected = _check_rejects(result, cancels, rejects, logs)
    _check_answers(result, cancels, rejected, ended, logs)
    _check_ended(result, cancels, ended, logs)
    return result


def _check_rejects(
    result: Result,
    cancels: Iterable[Recorded[Cancel]],
    rejects: Iterable[Recorded[OrderCancelReject]],
    logs: TopicLogs,
) -> set[str]:
    """Check that each reject answers a cancel that no other answers; return the inputs of these cancels."""
    inputs = {entry.message.input for entry in cancels}
    places: dict[str, str] = {}
    for place, _, reject, _ in rejects:
        name = order_name(reject.identity)
        if reject.input in places:
            detail = f"{places[reject.input]} and {place}"
            result.add(BreakKind.CANCEL_ANSWERED_TWICE, name, detail)
        places[reject.input] = place
        if reject.input not in inputs and not logs.has_deleted(reject.input):
            detail = f"{place} answers {reject.input}, which is no cancel of one order"
            result.add(BreakKind.REPORT_WITHOUT_CANCEL, name, detail)
    return set(places)


def _check_answers(
    result: Result, cancels: Sequence[Recorded[Cancel]], rejected: set[str], ended: Ended, logs: TopicLogs
) -> None:
    """Check that each cancel of one order was rejected or ended it; a repeated one needs only one answer."""
    answered = {
        entry.message.content_hash
        for entry in cancels
        if entry.message.input in rejected or _has_ended(entry.message, ended)
    }
    for entry in cancels:
        cancel = entry.message
        if cancel.symbol is None or cancel.content_hash in answered:
            result.compared += 1
        elif not entry.is_done:
            result.pending += 1
        elif logs.is_missing(result, reports_partition(cancel.symbol), entry.time_ms):
            result.compared += 1
            detail = f"{cancel.input} ended no order and was not rejected"
            result.add(BreakKind.CANCEL_NOT_ANSWERED, cancel.cl_ord_id, detail)


def _has_ended(cancel: Cancel, ended: Ended) -> bool:
    if cancel.symbol is None:
        return False
    reports = ended.get((cancel.account, cancel.cl_ord_id), ())
    return any(entry.message.identity == cancel.order_identity for entry in reports)


def _check_ended(result: Result, cancels: Iterable[Recorded[Cancel]], ended: Ended, logs: TopicLogs) -> None:
    """Check that each order that was CANCELED on request names a cancel of its account."""
    names = {(entry.message.account, entry.message.cl_ord_id) for entry in cancels}
    if any(log.first_offset > 0 for (topic, _), log in logs.partitions.items() if topic == "orders"):
        return
    for (account, cl_ord_id), entries in ended.items():
        if (account, cl_ord_id) not in names:
            detail = f"{entries[0].place} names the cancel {cl_ord_id} of {account}, which nobody sent"
            result.add(BreakKind.REPORT_WITHOUT_CANCEL, entries[0].message.identity.cl_ord_id, detail)
