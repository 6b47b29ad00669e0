"""Execution reports on the wire."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from fintank.trading.messages import ExecType, OrdStatus
from fintank.trading.reports import CANCEL_REJECTED, OrderCancelReject
from fintank.wire.kafka.executions import from_json, to_json, to_lines
from fintank.wire.kafka.fields import MalformedError

APPEND_MS = 1_438_540_000_000


@pytest.fixture
def trade(written):
    return next(report for report in written.reports if report.cl_ord_id == "d-IVE" and report.last_qty)


def batch_of(*records, first=1000):
    return to_lines("executions", 2, f"{first},{len(records)},{APPEND_MS}", "\n".join(records))


def test_every_kind_of_report_survives_the_round_trip(written):
    assert {report.exec_type for report in written.reports} == {*ExecType, CANCEL_REJECTED}
    assert {report.ord_status for report in written.reports} == set(OrdStatus) - {OrdStatus.REPLACED}
    for report in written.reports:
        assert from_json(to_json(report)) == report


def test_numbers_are_decimal_strings_in_plain_notation(trade):
    text = to_json(replace(trade, last_qty=Decimal("1E-7"), last_px=Decimal("1E+3"), bid=Decimal("94.10")))
    assert '"last_qty":"0.0000001","last_px":"1000",' in text
    assert '"bid":"94.1"' in text


@pytest.mark.parametrize("time_us", [1_438_539_936_355_217, 1_438_539_936_000_001, 9_000_000_000_999_999])
def test_times_are_json_numbers_to_the_microsecond(trade, time_us):
    text = to_json(replace(trade, order_time_us=time_us))
    assert f'"order_time":{str(time_us)[:-6]}.{str(time_us)[-6:]},' in text
    assert from_json(text).order_time_us == time_us


def test_an_extreme_number_is_read_exactly(trade):
    report = replace(trade, residual_cash=Decimal("-1e50") / 3, cum_qty=Decimal("1e-60"))
    assert from_json(to_json(report)) == report


def test_a_trade_is_a_point(trade):
    batch = batch_of(to_json(trade), first=123_456_789)
    assert (batch.offsets, batch.rejects) == ("123456789,1", [])
    assert batch.lines == (
        "executions,exec_type=TRADE,ord_status=FILLED,partition=2,side=BUY,symbol=IVE "
        f'exec_id="{trade.exec_id}",order_id="{trade.order_id}",cl_ord_id="d-IVE",list_id="d",account="A-1001",'
        'ord_type="MARKET",time_in_force="GTC",priority=1i,order_qty=0.002653,cash_order_qty=250,last_qty=0.002653,last_px=94200,last_mkt="NYSE",'
        "cum_qty=0.002653,leaves_qty=0,leaves_cash=0,avg_px=94200,residual_cash=0.0874,"
        'currency="USD",multiplier=1,commission=0,bid=94.1,ask=94200,'
        'quote_ids="0-5",input="ticks-0-5",order_time_us=1438539936355217i,'
        'transact_time_us=1438539936855217i,log_time_us=1438539936355217i,as_of="0-6" 1438539936855456789'
    )


def test_a_rejection_is_a_point_without_its_empty_fields(written):
    report = next(report for report in written.reports if report.cl_ord_id == "bad")
    lines = batch_of(to_json(report)).lines
    assert "last_mkt" not in lines
    assert "quote_ids" not in lines
    assert 'ord_rej_reason=99i,text="code=WEIGHTS_SUM sum=0.9"' in lines


def test_an_order_cancel_reject_is_a_point_of_the_same_measurement(written):
    (report, *_) = [each for each in written.reports if isinstance(each, OrderCancelReject)]
    assert batch_of(to_json(report)).lines == (
        "executions,exec_type=CANCEL_REJECTED,ord_status=FILLED,partition=2,symbol=IVE "
        f'exec_id="{report.exec_id}",cl_ord_id="too-late",orig_cl_ord_id="d-IVE",account="A-1001",'
        'cxl_rej_response_to=1i,cxl_rej_reason=0i,text="code=TOO_LATE ord_status=FILLED",input="orders-0-50",'
        "order_time_us=1438539936355217i,transact_time_us=1438539936855217i,log_time_us=1438539936355217i,"
        'as_of="0-6" 1438539936855001000'
    )


def test_thousands_of_reports_of_one_tick_stay_separate_points(trade):
    lines = batch_of(*[to_json(trade)] * 2_500).lines.split("\n")
    assert len({line.rpartition(" ")[2] for line in lines}) == 2_500


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exec_id": None}, "MISSING_FIELD"),
        ({"exec_type": "FILL"}, "UNKNOWN_VALUE"),
        ({"side": 5}, "BAD_TYPE"),
        ({"symbol": "I\tVE"}, "BAD_SYMBOL"),
        ({"last_mkt": "N\\,Y"}, "BAD_SYMBOL"),
        ({"account": ""}, "BAD_VALUE"),
        ({"text": "a\nb"}, "BAD_VALUE"),
        ({"cum_qty": "NaN"}, "NOT_FINITE"),
        ({"cum_qty": "1e2000"}, "BAD_VALUE"),
        ({"quote_ids": "0-5"}, "BAD_TYPE"),
        ({"quote_ids": [5]}, "BAD_TYPE"),
        ({"priority": "1"}, "BAD_TYPE"),
        ({"transact_time": -1}, "TIMESTAMP_OUT_OF_RANGE"),
        ({"transact_time": 1e10}, "TIMESTAMP_OUT_OF_RANGE"),
    ],
)
def test_a_malformed_report_is_rejected(trade, changes, reason):
    bad = json.dumps({**json.loads(to_json(trade)), **changes})
    batch = batch_of(to_json(trade), bad, "[]", to_json(trade))
    assert batch.offsets == "1000,1 1003,1"
    assert batch.lines.count("\n") == 1
    assert [(reject.offset, reject.reason) for reject in batch.rejects] == [
        (1001, reason),
        (1002, "NOT_AN_OBJECT"),
    ]
    with pytest.raises(MalformedError, match=f"^{reason} "):
        from_json(bad)
