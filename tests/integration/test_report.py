"""`invoke report` against a real InfluxDB with points as the loaders write them."""

import json
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.stack import Stack, fintank

from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.report.queries import read
from fintank.report.span import SECOND_NS, Span
from fintank.settings import PROJECT_ROOT
from fintank.trading.quote_faults import FaultySymbol
from fintank.wire.kafka import executions, fills, ticks
from fintank.wire.points.line_protocol import record_time_ns
from fintank.wire.points.market_points import fault_lines, reference_line

SCHEMAS = PROJECT_ROOT / "src" / "fintank" / "wire" / "kafka" / "schemas"
QUOTE_AGE_US = 30_000_000
MINUTE_NS = 60 * SECOND_NS


def example(name: str, **given: object) -> str:
    """Return a record like the example in its schema."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())["examples"][0]
    return json.dumps({**found, **given})


@pytest.fixture(scope="module", autouse=True)
def span(empty_stack: Stack) -> Span:
    """Store two quotes with one price, a trade on the later one, an older fill, and metrics."""
    now_us = time.time_ns() // 1000
    appended_ms = now_us // 1000
    times = {"transact_time": now_us / 1e6, "order_time": now_us / 1e6}
    quote = {"symbol": "VTI", "exchange": "NYSE", "bid": 109.5, "ask": 109.75}
    quotes = "\n".join(
        json.dumps({**quote, "timestamp": (now_us - QUOTE_AGE_US + n * 1_000_000) / 1e6}) for n in range(2)
    )
    trade = example(
        *("execution",),
        **times,
        exec_type="TRADE",
        ord_status="FILLED",
        account="A-1",
        symbol="VTI",
        side="BUY",
        cl_ord_id="o-1",
        last_qty="2",
        last_px="109.75",
        last_mkt="NYSE",
        bid="109.5",
        ask="109.75",
        quote_ids=["1-18"],
    )
    booked = {"account": "A-1", "symbol": "VTI", "side": "BUY", "delta_shares": "2", "delta_cash": "-219.5"}
    older = {**booked, "transact_time": now_us / 1e6 - 7200}
    records = "\n".join([example("fill", **older), example("fill", **booked, transact_time=now_us / 1e6)])
    second = now_us // 1_000_000
    pipeline = [
        f"pipeline,component=tick-influxdb-loader,task=4 records=2i,tuples=1i,latency_p50_ms=7i,"
        f"latency_p95_ms=8i,latency_p99_ms=9i,rejects=3i,failed=0i {second * SECOND_NS}",
        f"pipeline,component=tick-influxdb-loader,reason=NOT_JSON,task=4 rejected=3i {second * SECOND_NS}",
        f"pipeline,component=tick-spout,task=1 lag=5i,in_flight=2i {second * SECOND_NS}",
        f"pipeline,component=rule-engine,task=2 not_newer=4i,stale=0i,crossed=0i {second * SECOND_NS}",
    ]
    lines = [
        ticks.to_lines("ticks", 1, f"17,2,{appended_ms}", quotes).lines,
        executions.to_lines("executions", 0, f"3,1,{appended_ms}", trade).lines,
        fills.to_lines("fills", 0, f"3,2,{appended_ms}", records).lines,
        *pipeline,
        reference_line("VTI", Decimal("109.625"), Decimal("0.1"), now_us - QUOTE_AGE_US),
        *fault_lines("silent", 2, second, [FaultySymbol("AAPL  261218C00150000", ("ARCA",), 7_200_000)]),
    ]
    assert InfluxDB(empty_stack.settings.sink).write("\n".join(lines)) == []
    return Span(now_us * 1000 - 10 * MINUTE_NS, now_us * 1000 + MINUTE_NS)


def test_everything_the_loaders_wrote_is_read(empty_stack: Stack, span: Span) -> None:
    data = read(empty_stack.settings.sink, span)
    (trade,) = data.trades
    assert (trade.account, trade.side, trade.last_qty, trade.last_px) == ("A-1", "BUY", 2, 109.75)
    assert (trade.bid, trade.ask, trade.quote_ids, trade.cl_ord_id) == (109.5, 109.75, "1-18", "o-1")
    assert data.ticks == 2
    assert list(data.prices) == ["VTI"]
    assert data.prices["VTI"].reference.values == [109.625]
    assert data.prices["VTI"].collar_low.values == [98.6625]
    (fault,) = data.faults
    assert fault[1:] == ("silent", "AAPL  261218C00150000", "ARCA", 7_200)
    assert data.opening == {("A-1", "VTI", "USD"): (2, -219.5, 1, 1)}
    assert data.holdings == {("A-1", "VTI", "USD"): (4, -439, 2, 1)}
    assert [fill.delta_shares for fill in data.fills] == [2]
    assert data.tick_latency["p99"].values == [9]
    assert data.tick_rates["ticks"].values == [2]
    assert data.lags["ticks"].values == [5]
    assert data.rejects == {"NOT_JSON": 3}
    assert data.discarded == {"quotes not newer than the current one": 4}


def test_the_quote_of_a_trade_is_found_among_others_of_the_same_price(empty_stack: Stack, span: Span) -> None:
    data = read(empty_stack.settings.sink, span)
    quote_us = (span.until_ns - MINUTE_NS) // 1000 - QUOTE_AGE_US
    assert data.quote_times_ns == {"1-18": record_time_ns(quote_us + 1_000_000, 18)}


def test_the_command_writes_one_file_and_names_it(empty_stack: Stack, tmp_path: Path) -> None:
    out = tmp_path / "seen.html"
    output = fintank(empty_stack, "report", "--out", str(out), "--since", "1h")
    assert output == f"{out}: 2 ticks, 1 trade. Open it in a browser; it needs no network.\n"
    html = out.read_text()
    assert "109.75" in html
    assert "NOT_JSON" in html


@pytest.mark.parametrize(
    ("options", "output"),
    [
        (
            ["--out", "/nowhere/seen.html"],
            "/nowhere/seen.html: No such file or directory: choose another file with --out",
        ),
        (["--since", "tomorrow"], "--since tomorrow: must be a time"),
    ],
)
def test_an_error_is_one_line(empty_stack: Stack, options: list[str], output: str) -> None:
    command = [Path(sys.executable).parent / "fintank", "report", *options]
    done = subprocess.run(command, env=empty_stack.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(output)
    assert done.stderr.count("\n") == 1


def test_a_span_without_data_is_a_report_that_says_so(empty_stack: Stack, tmp_path: Path) -> None:
    out = tmp_path / "empty.html"
    output = fintank(empty_stack, "report", "--out", str(out), "--since", "3d", "--until", "2d")
    assert "0 ticks, 0 trades" in output
    assert out.read_text().count('class="nothing"') > 10
