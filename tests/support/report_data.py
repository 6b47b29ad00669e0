"""The data of a full report, and of an empty one."""

from fintank.report.data import (
    ExecutionRow,
    FaultRow,
    FillRow,
    Held,
    Line,
    PortfolioOrderRow,
    PriceLines,
    ReportData,
)
from fintank.report.span import Span

SECOND_NS = 1_000_000_000
START_NS = 1_438_539_936 * SECOND_NS
SPAN = Span(START_NS, START_NS + 60 * SECOND_NS)
SYMBOLS = ("BTCUSDT", "ETHUSDT")
TIMES_NS = [START_NS + second * SECOND_NS for second in range(60)]
EMPTY = ReportData(SPAN)


def line(first: float, step: float) -> Line:
    return Line(TIMES_NS, [first + step * number for number in range(len(TIMES_NS))])


def report(number: int, **given: object) -> ExecutionRow:
    """Make the execution report of a trade in second `number`, BUY and SELL in turn."""
    side = "SELL" if number % 2 else "BUY"
    fields: dict[str, object] = {
        "time_ns": TIMES_NS[number],
        "exec_type": "TRADE",
        "ord_status": "FILLED",
        "account": f"A-100{number % 3}",
        "symbol": SYMBOLS[number % 2],
        "side": side,
        "cl_ord_id": f"demo-20261124-210906-618875-replay-{number}",
        "last_qty": 1042.653927,
        "last_px": 61704.99 if side == "BUY" else 61704.97,
        "last_mkt": "BINANCE",
        "bid": 61704.97,
        "ask": 61704.99,
        "quote_ids": f"1-{100_000 + number}",
        "text": None,
        "order_id": None,
        "orig_cl_ord_id": None,
        "currency": "USDT",
        "multiplier": 1.0,
    }
    return ExecutionRow(**{**fields, **given})  # type: ignore[arg-type]


NOT_TRADED = dict.fromkeys(("last_qty", "last_px", "last_mkt", "bid", "ask", "quote_ids"))


def untraded() -> list[ExecutionRow]:
    """Make a rejected order, a waiting one, and a cancel that is too late."""
    why = "code=MAX_ORDER_QTY order_qty=9 <limit>=5"
    return [
        report(0, exec_type="REJECTED", ord_status="REJECTED", text=why, cl_ord_id="refused-1", **NOT_TRADED),
        report(1, exec_type="NEW", ord_status="NEW", cl_ord_id="waiting-1", **NOT_TRADED),
        report(
            2,
            exec_type="CANCEL_REJECTED",
            side=None,
            cl_ord_id="cancel-1",
            text="code=TOO_LATE",
            **NOT_TRADED,
        ),
    ]


def full_data() -> ReportData:
    """Make data that fills every plot and table."""
    sweep = [
        report(39, last_px=61704.612 + number / 7, quote_ids=f"1-{200_000 + number}") for number in range(25)
    ]
    trades = [*(report(number) for number in range(40)), *sweep]
    fills = [
        FillRow(trade.time_ns, trade.account, trade.symbol, "USDT", 2.5, -154_262.5, 1.0, 1.0)
        if trade.side == "BUY"
        else FillRow(trade.time_ns, trade.account, trade.symbol, "USDT", -2.5, 154_260.0, 1.0, 1.0)
        for trade in trades
    ]
    ends = line(61704, 0.1), line(61705, 0.1)
    references = line(61704.5, 0.1), line(55534.05, 0.09), line(67874.95, 0.11)
    middle = 61704.5 + 0.1 * 59
    return ReportData(
        span=SPAN,
        ticks=123_456,
        executions=[*trades, *untraded()],
        quote_times_ns={trade.quote_id: trade.time_ns - SECOND_NS // 4 for trade in trades[:60]},
        portfolio_orders=[PortfolioOrderRow(TIMES_NS[1], "A-1", "BUY", "deposit-1", 1000.5, "IVE VTI")],
        prices={symbol: PriceLines(*ends, 1, *references, middle) for symbol in SYMBOLS},
        fills=fills,
        opening={("A-1000", "BTCUSDT", "USDT"): Held(10.0, -617_040.0)},
        holdings={
            ("A-1000", "BTCUSDT", "USDT"): Held(12.5, -771_300.0, 5.0),
            ("A-1001", "ETHUSDT", "USDT"): Held(-2.5, 154_260.0, 1.0),
        },
        working=SPAN,
        tick_latency={"p50": line(8, 0.5), "p95": line(20, 1), "p99": line(60, 20)},
        order_latency={"p50": line(12, 0.5), "p95": line(30, 1), "p99": line(90, 20)},
        tick_rates={"ticks": line(9000, 10)},
        order_rates={"orders for one symbol": line(20, 1), "execution reports": line(40, 2)},
        lags={"ticks": line(500, -8), "orders": line(3, 0)},
        rejects={"NOT_JSON": 3, "EMPTY": 1},
        discarded={"quotes not newer than the current one": 17},
        faults=[
            FaultRow(TIMES_NS[2], "crossed", "BTCUSDT", "BINANCE", 1_500),
            FaultRow(TIMES_NS[1], "crossed", "BTCUSDT", "COINBASE", 500),
            FaultRow(TIMES_NS[1], "silent", "M&M.NS", "BSE, NSE", 7_200),
        ],
    )
