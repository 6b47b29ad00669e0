from dataclasses import replace
from decimal import Decimal

import factories
import pytest

from fintank.trading.ledger import booking
from fintank.trading.messages import ExecType, OrdStatus, Quote
from fintank.trading.reports import CANCEL_REJECTED, OrderCancelReject
from fintank.wire.kafka import executions, fills
from fintank.wire.points.point_values import BID_ASK, EXECUTIONS, FILLS, of_answer, of_lines, quote_of

TICK = "bid_ask,exchange=NYSE,symbol=IVE"
PLAIN = f"{TICK} bid=94.10,ask=1e2 17"
SIZED = f"{TICK} bid=94.1,ask=95,bid_size=3,ask_size=0 18"
HALF = f"{TICK} bid=94.1,ask=95,bid_size=3 19"
ONE_SIDE = f"{TICK} ask=95,ask_size=3 20"
NO_SIDE = f"{TICK} withdrawn=1i 21"

REPORT = factories.report(
    'an "odd" \\ name, a=b',
    exec_id="e-1",
    exec_type=ExecType.TRADE,
    ord_status=OrdStatus.FILLED,
    account="A, =1\\ x",
    priority=3,
    order_qty=Decimal(10),
    last_qty=Decimal(10),
    last_px=Decimal("10.5"),
    last_mkt="NYSE",
    cum_qty=Decimal(10),
    leaves_qty=Decimal(0),
    avg_px=Decimal("10.5"),
    bid=Decimal("9.5"),
    ask=Decimal("10.5"),
    quote_ids=("0-1", "0-2"),
    input="ticks-0-2",
    order_time_us=1_700_000_000_000_001,
    transact_time_us=1_700_000_000_000_002,
    log_time_us=1_700_000_000_000_003,
    as_of="0-3",
)


@pytest.mark.parametrize(
    "lines", [[PLAIN, PLAIN], [SIZED, SIZED], [PLAIN, HALF, SIZED], [PLAIN, ONE_SIDE, NO_SIDE]]
)
def test_ticks_are_read_as_written(lines):
    values = {
        PLAIN: (17, (94.1, 100.0, None, None, None)),
        SIZED: (18, (94.1, 95.0, 3.0, 0.0, None)),
        HALF: (19, (94.1, 95.0, 3.0, None, None)),
        ONE_SIDE: (20, (None, 95.0, None, 3.0, None)),
        NO_SIDE: (21, (None, None, None, None, 1.0)),
    }
    assert of_lines(BID_ASK, "\n".join(lines)) == [(TICK, *values[line]) for line in lines]
    assert of_lines(BID_ASK, "") == []


def test_a_line_is_a_quote_whose_numbers_keep_their_text():
    line = f"{TICK} bid=94.10,ask=1e2,ask_size=1.50 1438539936355217042"
    assert quote_of(line, 3, 42) == Quote(
        "IVE", "NYSE", 1438539936355217, 3, 42, bid="94.10", ask="1e2", bid_size=None, ask_size="1.50"
    )
    with pytest.raises(ValueError, match="not a line: "):
        quote_of("bid_ask", 3, 42)


def test_a_quote_of_a_line_has_the_names_and_the_sides_of_its_tick():
    prefix, time_ns = r"bid_ask,exchange=A\,B,symbol=ES\=F\ I\VE", 1438539936355217042
    line = f"{prefix} ask=7 {time_ns}"
    assert quote_of(line, 3, 42) == Quote("ES=F I\\VE", "A,B", 1438539936355217, 3, 42, None, "7", None, None)
    assert of_lines(BID_ASK, line) == [(prefix, time_ns, (None, 7.0, None, None, None))]
    plain = r"bid_ask,exchange=A\,B,symbol=ES\=F bid=6,ask=7 17"
    assert of_lines(BID_ASK, plain) == [
        (plain.split(" bid", maxsplit=1)[0], 17, (6.0, 7.0, None, None, None))
    ]


def test_every_field_of_a_report_and_of_a_fill_is_read():
    """A field that is written but not compared could hide a difference."""
    whole = replace(
        REPORT,
        **dict.fromkeys(("cash_order_qty", "price", "stop_px", "leaves_cash", "residual_cash"), Decimal(1)),
        list_id="p-1",
        **dict.fromkeys(("ord_rej_reason", "exec_restatement_reason"), 1),
        order_id="id",
        text="x",
        currency="USD",
        multiplier=Decimal(1),
        commission=Decimal(1),
    )
    fill = booking(whole)
    of_cancels = {"orig_cl_ord_id", "cxl_rej_response_to", "cxl_rej_reason"}
    for measurement, made, missing in (
        (EXECUTIONS, executions.to_lines("executions", 0, "7,1,0", executions.to_json(whole)), of_cancels),
        (FILLS, fills.to_lines("fills", 0, "7,1,0", fills.to_json(fill)), set()),
    ):
        ((_, time_ns, values),) = of_lines(measurement, made.lines)
        assert time_ns == 1_700_000_000_000_000_007
        named = dict(zip(measurement.fields, values, strict=True))
        assert {name for name, value in named.items() if value is None} == missing
        written = made.lines.count("=", made.lines.index('exec_id="'))
        in_texts = made.lines.count("a=b") + made.lines.count("A, =1")
        assert written - in_texts == len(measurement.fields) - len(missing)


def test_every_field_of_an_order_cancel_reject_is_read():
    reject = OrderCancelReject(
        exec_id="e-1",
        exec_type=CANCEL_REJECTED,
        cl_ord_id="c-1",
        orig_cl_ord_id="o-1",
        account="A",
        symbol="IVE",
        ord_status=OrdStatus.FILLED,
        cxl_rej_response_to=1,
        cxl_rej_reason=0,
        text="code=TOO_LATE ord_status=FILLED",
        input="orders-0-1",
        order_time_us=1_700_000_000_000_001,
        transact_time_us=1_700_000_000_000_002,
        log_time_us=1_700_000_000_000_003,
        as_of=None,
    )
    made = executions.to_lines("executions", 0, "7,1,0", executions.to_json(reject))
    ((_, _, values),) = of_lines(EXECUTIONS, made.lines)
    assert {name for name, value in zip(EXECUTIONS.fields, values, strict=True) if value is not None} == {
        *("exec_id", "cl_ord_id", "account", "input", "text", "order_time_us", "transact_time_us"),
        "log_time_us",
        *("orig_cl_ord_id", "cxl_rej_response_to", "cxl_rej_reason"),
    }


def test_escaped_names_are_read():
    lines = executions.to_lines("executions", 0, "7,1,0", executions.to_json(REPORT)).lines
    ((series, _, values),) = of_lines(EXECUTIONS, lines)
    named = dict(zip(EXECUTIONS.fields, values, strict=True))
    assert named["cl_ord_id"] == REPORT.cl_ord_id
    assert named["account"] == REPORT.account
    tags = {"exec_type": "TRADE", "ord_status": "FILLED", "partition": "0"}
    answer = of_answer("executions", {"side": "BUY", "symbol": "IVE", **tags}, [[7, *values]])
    assert answer == [(series, 7, values)]


def test_an_answers_integers_become_floats_and_empty_tags_disappear():
    rows = [[17, 94.1, 100, None, None, None], [18, None, None, None, None, 1]]
    points = of_answer("bid_ask", {"symbol": "IVE", "exchange": "NYSE", "venue": ""}, rows)
    assert points == [(TICK, 17, (94.1, 100.0, None, None, None)), (TICK, 18, (None, None, None, None, 1.0))]
    assert type(points[0][2][1]) is float
    assert of_answer("bid_ask", {}, []) == []


def test_a_malformed_line_is_an_error():
    for line in (f"{TICK} bid=1", f"{TICK} bid=1,ask=2 x 3"):
        with pytest.raises(ValueError, match=r"not a line: |expected"):
            of_lines(BID_ASK, line)
    with pytest.raises(ValueError, match="not a line: "):
        of_lines(EXECUTIONS, "nonsense")
