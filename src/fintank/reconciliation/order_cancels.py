"""Every cancel and every replace of one order is carried out, or rejected once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.snapshot import Recorded, order_name
from fintank.reconciliation.topic_logs import TopicLogs, reports_partition
from fintank.trading.codes import Code
from fintank.trading.messages import ExecType, Identity
from fintank.trading.reports import ExecutionReport, OrderCancelReject
from fintank.trading.requests import CancelRequest, MassCancel, Replace

_REQUESTED = f"code={Code.CANCEL_REQUESTED} cl_ord_id="

Ended = Mapping[tuple[str, str], Sequence[Recorded[ExecutionReport]]]
"""(account, cl_ord_id of a cancel) -> the CANCELED reports that name it."""


class _Done(NamedTuple):
    """What was carried out; replaced: the inputs of REPLACED reports, and the identities that orders got.

    inputs: where each content of a request was sent; cancels: where all but the replaces were.
    """

    ended: Ended
    replaced: Collection[tuple[str, Identity]]
    inputs: Mapping[str, Set[str]]
    cancels: Set[str]


def check_cancels(
    cancels: Sequence[Recorded[CancelRequest]],
    rejects: Iterable[Recorded[OrderCancelReject]],
    reports: Iterable[Recorded[ExecutionReport]],
    logs: TopicLogs,
) -> Result:
    """Compare the cancels and replaces of the topic `orders` with the reports of the topic `executions`.

    What a cancel of several orders ends depends on what was open, so only what it did end is checked.
    """
    result = Result("cancels have one answer")
    ended: dict[tuple[str, str], list[Recorded[ExecutionReport]]] = defaultdict(list)
    replaced: set[tuple[str, Identity]] = set()
    inputs: dict[str, set[str]] = defaultdict(set)
    for request in cancels:
        inputs[request.message.content_hash].add(request.message.input)
    sent = {entry.message.input for entry in cancels if not isinstance(entry.message, Replace)}
    done: dict[str, str] = {}
    for entry in reports:
        if entry.message.exec_type is ExecType.REPLACED:
            replaced.add((entry.message.input, entry.message.identity))
            _add_once(result, done, entry)
        text = entry.message.text or ""
        if entry.message.exec_type is ExecType.CANCELED and text.startswith(_REQUESTED):
            ended[entry.message.account, text.removeprefix(_REQUESTED)].append(entry)
    rejected = _check_rejects(result, cancels, rejects, done, logs)
    _check_answers(result, cancels, rejected, _Done(ended, replaced, inputs, sent), logs)
    _check_ended(result, cancels, ended, logs)
    return result


def _check_rejects(
    result: Result,
    cancels: Iterable[Recorded[CancelRequest]],
    rejects: Iterable[Recorded[OrderCancelReject]],
    done: Mapping[str, str],
    logs: TopicLogs,
) -> set[str]:
    """Check that each reject answers a cancel that no other answers; return the inputs of these cancels.

    done: the places of the REPLACED reports, by input.
    """
    inputs = {entry.message.input for entry in cancels}
    places = dict(done)
    for entry in rejects:
        place, reject = entry.place, entry.message
        name = order_name(reject.identity)
        _add_once(result, places, entry)
        if reject.input not in inputs and not logs.has_deleted(reject.input):
            detail = f"{place} answers {reject.input}, which is no cancel or replace of one order"
            result.add(BreakKind.REPORT_WITHOUT_CANCEL, name, detail)
    return places.keys() - done.keys()


def _add_once(
    result: Result,
    places: dict[str, str],
    entry: Recorded[ExecutionReport] | Recorded[OrderCancelReject],
) -> None:
    """Note the place of an answer to a request; it is a break if there is one already."""
    answer = entry.message
    if answer.input in places:
        detail = f"{places[answer.input]} and {entry.place}"
        result.add(BreakKind.CANCEL_ANSWERED_TWICE, order_name(answer.identity), detail)
    places[answer.input] = entry.place


def _check_answers(
    result: Result,
    cancels: Sequence[Recorded[CancelRequest]],
    rejected: set[str],
    done: _Done,
    logs: TopicLogs,
) -> None:
    """Check that each request about one order was rejected or carried out; one that is repeated, once."""
    answered = {
        entry.message.content_hash
        for entry in cancels
        if entry.message.input in rejected or _is_done(entry.message, done)
    }
    for entry in cancels:
        cancel = entry.message
        symbol = None if isinstance(cancel, MassCancel) else cancel.symbol
        if symbol is None or cancel.content_hash in answered:
            result.compared += 1
        elif not entry.is_done:
            result.pending += 1
        elif logs.is_missing(result, reports_partition(symbol), entry.time_ms):
            result.compared += 1
            detail = f"{cancel.input} was not carried out and not rejected"
            result.add(BreakKind.CANCEL_NOT_ANSWERED, cancel.cl_ord_id, detail)


def _is_done(cancel: CancelRequest, done: _Done) -> bool:
    """Whether a request about one order was carried out.

    The report names the request as its input; that of an order that came after its cancel names the order.
    """
    own = done.inputs[cancel.content_hash]
    if isinstance(cancel, Replace):
        return any((place, cancel.identity) in done.replaced for place in own)
    if isinstance(cancel, MassCancel) or cancel.symbol is None:
        return False
    reports = done.ended.get((cancel.account, cancel.cl_ord_id), ())
    # An input that is another cancel means that other one.
    return any(
        entry.message.identity == cancel.order_identity
        and (entry.message.input in own or entry.message.input not in done.cancels)
        for entry in reports
    )


def _check_ended(
    result: Result, cancels: Iterable[Recorded[CancelRequest]], ended: Ended, logs: TopicLogs
) -> None:
    """Check that each order that was CANCELED on request names a cancel of its account, or a mass cancel."""
    names = {(entry.message.account, entry.message.cl_ord_id) for entry in cancels}
    if any(log.first_offset > 0 for (topic, _), log in logs.partitions.items() if topic == "orders"):
        return
    for (account, cl_ord_id), entries in ended.items():
        if not {(account, cl_ord_id), (None, cl_ord_id)} & names:
            detail = f"{entries[0].place} names the cancel {cl_ord_id} of {account}, which nobody sent"
            result.add(BreakKind.REPORT_WITHOUT_CANCEL, entries[0].message.identity.cl_ord_id, detail)
