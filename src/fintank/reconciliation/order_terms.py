"""Every report has the terms that its order was given last: by its message, or by a replace."""

from collections.abc import Iterable, Mapping

from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.snapshot import Recorded, order_name, shown
from fintank.reconciliation.topic_logs import TopicLogs
from fintank.trading.messages import ExecType
from fintank.trading.reports import ExecutionReport
from fintank.trading.requests import CancelRequest, Replace

ORDER_TERMS = (
    *("side", "list_id", "ord_type", "time_in_force", "priority", "order_time_us", "cash_order_qty"),
    *("price", "stop_px"),
)
"""The terms that reports of a cash order have too; others also have order_qty."""
_REPLACEABLE = ("order_qty", "cash_order_qty", "price", "stop_px")

RecordedReport = Recorded[ExecutionReport]


def check_terms(
    requests: Iterable[Recorded[CancelRequest]], reports: Iterable[RecordedReport], logs: TopicLogs
) -> Result:
    """Compare each report with the one before of its order, and a REPLACED one with its request as well."""
    result = Result("reports have their orders' terms")
    replaces = {
        entry.message.input: entry.message for entry in requests if isinstance(entry.message, Replace)
    }
    before: dict[str, RecordedReport] = {}
    for entry in reports:
        report = entry.message
        if report.order_id is None or report.exec_type is ExecType.REJECTED:
            continue
        result.compared += 1
        last = before.get(report.order_id)
        before[report.order_id] = entry
        expected = {} if last is None else _terms(last.message)
        if report.exec_type is ExecType.REPLACED:
            request = replaces.get(report.input)
            if request is not None:
                expected |= _requested(request)
            elif logs.has_deleted(report.input):
                result.compared -= 1
                result.beyond_retention += 1
                continue
            else:
                detail = f"{entry.place} answers {report.input}, which is no replace"
                result.add(BreakKind.REPORT_WITHOUT_CANCEL, order_name(report.identity), detail)
                continue
        _check_equal(result, entry, expected)
    return result


def _terms(report: ExecutionReport) -> dict[str, object]:
    names = ORDER_TERMS if report.cash_order_qty is not None else (*ORDER_TERMS, "order_qty")
    return {"cl_ord_id": report.identity.cl_ord_id, **{name: getattr(report, name) for name in names}}


def _requested(request: Replace) -> dict[str, object]:
    names = ("account", "symbol", "cl_ord_id", "orig_cl_ord_id", "order_time_us")
    given = (name for name in _REPLACEABLE if getattr(request, name) is not None)
    return {name: getattr(request, name) for name in (*names, *given)}


def _check_equal(result: Result, entry: RecordedReport, expected: Mapping[str, object]) -> None:
    report = entry.message
    names = ("account", "symbol", "orig_cl_ord_id")
    found = {name: getattr(report, name) for name in names} | _terms(report)
    for name, wanted in expected.items():
        if found.get(name) != wanted:
            detail = f"{entry.place}: {name} is {shown(found.get(name))}, not {shown(wanted)}"
            result.add(BreakKind.REPORT_NOT_AS_ORDERED, order_name(report.identity), detail)
