"""What the audit finds when one thing is not as it was decided."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import factories
import pytest
from support.audited_shard import ORDERS, START_MS, SYMBOLS, TICKS, DecidingShard, Logs, WrittenLog, audit

from fintank.audit.differences import AuditFindings, DifferenceKind
from fintank.audit.report_matching import ReportMatching, Written
from fintank.bolts import shard_feed
from fintank.trading.changes import Change
from fintank.trading.log_positions import Positions
from fintank.trading.messages import ExecType
from fintank.trading.reports import ExecutionReport, Fill, Report
from fintank.trading.timeline import TimelineEvent


class Decided:
    """A shard that has decided everything, and an audit of it that can be disturbed."""

    def __init__(self, logs: Logs, log: WrittenLog, decided: Positions) -> None:
        self.logs, self.log, self.decided = logs, log, decided

    def found(self) -> dict[DifferenceKind, int]:
        return dict(audit(self.logs, self.log, self.decided).kinds)

    @property
    def trade(self) -> int:
        """The place of a TRADE in the middle."""
        at = len(self.log.reports) // 2
        while self.log.reports[at].exec_type != ExecType.TRADE:
            at += 1
        return at


@pytest.fixture
def shard() -> Decided:
    logs = Logs(seed=1)
    deciding = DecidingShard(logs)
    deciding.live(0.5)
    deciding.live(1)
    return Decided(logs, deciding.log, deciding.decided)


def changed(report: Report, **values: object) -> Report:
    assert isinstance(report, ExecutionReport)
    return replace(report, **values)  # type: ignore[arg-type]


def test_everything_comes_out_the_same(shard: Decided) -> None:
    findings = audit(shard.logs, shard.log, shard.decided)
    assert findings.differences == 0
    assert findings.reports == len(shard.log.reports) > 200
    assert findings.fills == len(shard.log.fills) > 50


@pytest.mark.parametrize("seed", range(2, 12))
def test_everything_comes_out_the_same_by_rules_that_change_with_each_start(seed: int) -> None:
    logs = Logs(seed, records=200)
    shard = DecidingShard(logs)
    shard.live(0.3)
    shard.live(0.6, aggregation_window_ms=2_000, max_order_qty="25")
    shard.live(1, max_quote_age_ms=1_500)
    assert audit(logs, shard.log, shard.decided).differences == 0


def test_a_price_that_was_changed_is_named_with_account_order_field_ours_and_theirs(shard: Decided) -> None:
    report = shard.log.reports[shard.trade]
    assert isinstance(report, ExecutionReport)
    shard.log.reports[shard.trade] = changed(report, last_px=Decimal("77.5"))
    (found,) = audit(shard.logs, shard.log, shard.decided).named
    assert found.kind is DifferenceKind.REPORT_DIFFERS
    assert (found.account, found.cl_ord_id, found.field) == (report.account, report.cl_ord_id, "last_px")
    assert (found.ours, found.theirs) == (str(report.last_px), "77.5")
    assert found.place.startswith("executions-0-")


@pytest.mark.parametrize("field", ["log_time_us", "as_of", "bid", "transact_time_us", "input"])
def test_every_field_counts(shard: Decided, field: str) -> None:
    other = {
        "log_time_us": 5,
        "as_of": "0-1",
        "bid": Decimal(1),
        "transact_time_us": 5,
        "input": "orders-0-0",
    }
    shard.log.reports[shard.trade] = changed(shard.log.reports[shard.trade], **{field: other[field]})
    findings = audit(shard.logs, shard.log, shard.decided)
    assert [found.field for found in findings.named if found.kind is DifferenceKind.REPORT_DIFFERS] == [field]


def test_a_report_that_is_missing_is_found(shard: Decided) -> None:
    del shard.log.reports[shard.trade]
    assert shard.found() == {DifferenceKind.REPORT_MISSING: 1}


def test_a_report_that_nobody_decided_is_found(shard: Decided) -> None:
    at = shard.trade
    shard.log.reports.insert(at, changed(shard.log.reports[at], exec_id="another"))
    assert shard.found() == {DifferenceKind.REPORT_NOT_DECIDED: 1}


def test_a_report_that_stands_there_twice_is_found(shard: Decided) -> None:
    at = shard.trade
    shard.log.reports.insert(at, shard.log.reports[at])
    assert shard.found() == {DifferenceKind.REPORT_NOT_DECIDED: 1}


def test_reports_in_another_order_are_found(shard: Decided) -> None:
    reports = shard.log.reports
    at = next(at for at, one in enumerate(reports) if one.log_time_us == reports[at + 1].log_time_us)
    reports[at], reports[at + 1] = reports[at + 1], reports[at]
    assert shard.found() == {DifferenceKind.REPORT_OUT_OF_ORDER: 1}


def test_a_fill_that_is_doubled_missing_or_changed_is_found(shard: Decided) -> None:
    fills = shard.log.fills
    doubled, missing, changed_fill = fills[3], fills[4], fills[5]
    fills[5] = replace(changed_fill, delta_cash=changed_fill.delta_cash + 1)
    del fills[4]
    fills.append(doubled)
    findings = audit(shard.logs, shard.log, shard.decided)
    assert dict(findings.kinds) == {
        DifferenceKind.FILL_DIFFERS: 1,
        DifferenceKind.FILL_MISSING: 1,
        DifferenceKind.FILL_NOT_DECIDED: 1,
    }
    assert {found.cl_ord_id for found in findings.named} == {
        each.cl_ord_id for each in (doubled, missing, changed_fill) if isinstance(each, Fill)
    }


def test_other_rules_than_those_of_the_adoption_are_found() -> None:
    logs = Logs(seed=3)
    shard = DecidingShard(logs)
    shard.live(1)
    adoption = shard.log.timeline[0]
    shard.log.timeline[0] = adoption._replace(rules={**adoption.rules, "max_order_qty": "5"})  # type: ignore[union-attr,call-arg]
    found = audit(logs, shard.log, shard.decided).kinds
    assert found[DifferenceKind.REPORT_MISSING] > 0
    assert found[DifferenceKind.REPORT_NOT_DECIDED] > 0


@pytest.mark.parametrize("seed", range(20, 30))
def test_where_the_ticks_begin_later_what_rests_on_older_ones_is_counted_and_the_rest_is_the_same(
    seed: int,
) -> None:
    logs = Logs(seed, records=600)
    shard = DecidingShard(logs)
    shard.live(0.5)
    shard.live(1)
    first = len(logs.records[TICKS]) // 4
    known_from_us = logs.records[TICKS][first + 20][0] * 1000
    findings = audit(logs, shard.log, shard.decided, first=first, known_from_us=known_from_us)
    assert list(findings.named) == []
    assert findings.not_audited > 50
    assert findings.not_audited + findings.reports == len(shard.log.reports)
    assert known_from_us > START_MS * 1000


def test_behind_a_cut_a_reference_price_from_before_makes_no_difference() -> None:
    logs = Logs(seed=9)
    shard = DecidingShard(logs)
    shard.live(1, max_quote_age_ms=5_000, market_collar="0.005", price_band="0.002")
    known_from_us = logs.records[TICKS][60][0] * 1000 + 6_000_000
    findings = audit(logs, shard.log, shard.decided, first=60, known_from_us=known_from_us)
    assert list(findings.named) == []
    assert findings.reports > 50


def test_a_report_behind_the_last_one_that_was_decided_again_is_not_lost() -> None:
    logs = Logs(seed=3)
    shard = DecidingShard(logs)
    shard.live(1)
    findings = AuditFindings()
    reports = [Written(f"executions-0-{number}", each) for number, each in enumerate(shard.log.reports[:2])]
    later = reports[1].report
    assert later.log_time_us is not None
    reports[1] = reports[1]._replace(report=replace(later, log_time_us=later.log_time_us + 1_000_000))
    matching = ReportMatching(findings, iter(reports), lambda _: True)
    matching.compare(reports[0].report)
    matching.read_on(iter(()))
    matching.finish(lambda _: False, 0)
    assert findings.kinds == {DifferenceKind.REPORT_NOT_DECIDED: 1}


def test_what_can_be_audited_behind_a_cut_is_audited() -> None:
    logs = Logs(seed=40, records=2_000)
    shard = DecidingShard(logs)
    shard.live(1)
    first = len(logs.records[TICKS]) // 10
    known_from_us = logs.records[TICKS][first + 20][0] * 1000
    findings = audit(logs, shard.log, shard.decided, first=first, known_from_us=known_from_us)
    print(findings.reports, findings.not_audited)
    assert findings.differences == 0


class DyingLog(WrittenLog):
    """Its writer dies right after it has written that an order expired."""

    def commit(
        self,
        reports: Sequence[Report],
        fills_: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        super().commit(reports, fills_, journal, events)
        if any(report.exec_type is ExecType.EXPIRED for report in reports):
            raise InterruptedError


def test_between_two_orders_that_expire_in_the_same_microsecond_a_shard_may_stop_and_get_other_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shard_feed, "DECISIONS_MAX", 0)
    logs = Logs(seed=1, records=0)
    for offset, symbol in enumerate(SYMBOLS):
        logs.records[TICKS].append((START_MS, factories.quote("99", "101", symbol=symbol, offset=offset)))
        order = factories.order("20", symbol=symbol, price="90", tif="GTD", ends=2)
        logs.records[ORDERS].append((START_MS + 1, order))
    later = factories.quote("99", "101", symbol="IWS", offset=2), factories.order("20", symbol="IWS")
    for partition, record in zip([TICKS, ORDERS], later, strict=True):
        logs.records[partition].append((START_MS + 5_000, record))
    shard = DecidingShard(logs)
    shard.log = DyingLog()
    with pytest.raises(InterruptedError):
        shard.live(1)
    assert audit(logs, shard.log, shard.decided).differences == 0
    with pytest.raises(InterruptedError):
        shard.live(1, max_quote_age_ms=1_500)
    assert [report.symbol for report in shard.log.reports if report.exec_type is ExecType.EXPIRED] == SYMBOLS
    assert audit(logs, shard.log, shard.decided).differences == 0
