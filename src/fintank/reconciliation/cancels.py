"""Every cancel of one order is answered: the order is CANCELED, or the cancel is refused once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fintank.adapters.kafka import SHARDS, partition_for
from fintank.reconciliation.order_reports import INPUT, Told
from fintank.reconciliation.results import Kind, Logs, Result
from fintank.trading.messages import Cancel, ExecType
from fintank.trading.reports import OrderCancelReject
from fintank.trading.rules import Code

_REQUESTED = f"code={Code.CANCEL_REQUESTED} cl_ord_id="


class AskedCancel(NamedTuple):
    """A cancel and its record; `is_done`: its offset is committed."""

    cancel: Cancel
    time_ms: int
    is_done: bool


class Refused(NamedTuple):
    """The refusal of a cancel and its record, named topic-partition-offset."""

    place: str
    time_ms: int
    reject: OrderCancelReject


def check_cancels(
    asked: Sequence[AskedCancel],
    refused: Iterable[Refused],
    told: Iterable[Told],
    logs: Logs,
    hidden: frozenset[tuple[str, int]],
) -> Result:
    """Compare the cancels of the topic `orders` with the reports of the topic `executions`.

    What a cancel of a list ends depends on what was open: of those only what they did is checked.
    hidden: the partitions of which an open transaction hid the end.
    """
    check = _Cancels(logs, hidden)
    check.take(told)
    check.check_refusals(asked, refused)
    check.check_asked(asked)
    check.check_reports(asked)
    return check.result


class _Cancels:
    """ended: (account, name of the cancel) -> the reports that name it."""

    def __init__(self, logs: Logs, hidden: frozenset[tuple[str, int]]) -> None:
        self.result = Result("cancels have one answer")
        self._logs = logs
        self._hidden = hidden
        self._ended: dict[tuple[str, str], list[Told]] = defaultdict(list)
        self._refused: dict[str, Refused] = {}

    def take(self, told: Iterable[Told]) -> None:
        for tell in told:
            report = tell.report
            if report.exec_type is ExecType.CANCELED and (report.text or "").startswith(_REQUESTED):
                name = (report.text or "").removeprefix(_REQUESTED)
                self._ended[report.account, name].append(tell)

    def check_refusals(self, asked: Sequence[AskedCancel], refused: Iterable[Refused]) -> None:
        inputs = {ask.cancel.input for ask in asked}
        for refusal in refused:
            reject = refusal.reject
            if reject.input in self._refused:
                detail = f"{self._refused[reject.input].place} and {refusal.place}"
                self.result.add(Kind.CANCEL_ANSWERED_TWICE, _name(reject), detail)
            self._refused[reject.input] = refusal
            if reject.input not in inputs and not self._is_beyond(reject.input):
                detail = f"{refusal.place} answers {reject.input}, which is no such cancel"
                self.result.add(Kind.REPORT_WITHOUT_CANCEL, _name(reject), detail)

    def check_asked(self, asked: Sequence[AskedCancel]) -> None:
        """Check that each content of a cancel of one order ended it or was refused, whichever came first."""
        answered = {
            ask.cancel.content_hash
            for ask in asked
            if ask.cancel.input in self._refused or self._ended_by(ask.cancel)
        }
        for ask in asked:
            cancel = ask.cancel
            if cancel.symbol is None or cancel.content_hash in answered:
                self.result.compared += 1
            elif not ask.is_done:
                self.result.pending += 1
            else:
                self._add_unanswered(ask)

    def check_reports(self, asked: Sequence[AskedCancel]) -> None:
        """Check that each order that was CANCELED on request names a cancel of its account."""
        names = {(ask.cancel.account, ask.cancel.cl_ord_id) for ask in asked}
        are_all_kept = all(
            log.first_offset == 0 for (topic, _), log in self._logs.items() if topic == "orders"
        )
        for key, ended in self._ended.items():
            if key not in names and are_all_kept:
                detail = f"{ended[0].place} names the cancel {key[1]} of {key[0]}, which nobody sent"
                self.result.add(Kind.REPORT_WITHOUT_CANCEL, ended[0].report.cl_ord_id, detail)

    def _ended_by(self, cancel: Cancel) -> bool:
        if cancel.symbol is None:
            return False
        ended = self._ended.get((cancel.account, cancel.cl_ord_id), ())
        return any(tell.identity == cancel.order_identity for tell in ended)

    def _add_unanswered(self, ask: AskedCancel) -> None:
        place = ("executions", partition_for(ask.cancel.symbol or "", SHARDS))
        if self._logs[place].may_have_lost(ask.time_ms):
            self.result.beyond_retention += 1
        elif place in self._hidden:
            self.result.pending += 1
        else:
            self.result.compared += 1
            detail = f"{ask.cancel.input} ended no order and was not refused"
            self.result.add(Kind.CANCEL_NOT_ANSWERED, ask.cancel.cl_ord_id, detail)

    def _is_beyond(self, place: str) -> bool:
        match = INPUT.fullmatch(place)
        log = self._logs.get(("orders", int(match[1]))) if match else None
        return match is not None and log is not None and int(match[2]) < log.first_offset


def _name(reject: OrderCancelReject) -> str:
    return f"{reject.cl_ord_id} of {reject.account} for {reject.symbol}"
