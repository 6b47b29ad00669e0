import json
import time
from decimal import Decimal

import factories
import pytest
from rich.console import Console

from fintank.commands.watch import REFRESH_SECONDS
from fintank.watch.board import Board, Holding, Rates
from fintank.watch.panels_view import view
from fintank.wire.kafka import executions
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason, Reject

NOW_US = 1_764_000_000_000_000


def record(topic: str, **values: object) -> Record:
    return Record(topic, 0, 0, NOW_US // 1000, value=json.dumps(values).encode())


def tick(symbol: str, exchange: str, bid: float, ask: float, ago_s: float = 0) -> Record:
    time = NOW_US / 1_000_000 - ago_s
    return record("ticks", symbol=symbol, exchange=exchange, bid=bid, ask=ask, timestamp=time)


def fill(account: str, symbol: str, shares: str, cash: str) -> Record:
    return record("fills", account=account, symbol=symbol, delta_shares=shares, delta_cash=cash)


def test_the_best_prices_are_those_of_the_venues_that_still_quote() -> None:
    board = Board()
    board.on_ticks([tick("IVE", "NYSE", 94, 94.3), tick("IVE", "ARCA", 93.9, 94.1, ago_s=10)])
    board.on_ticks([tick("IVE", "OLD", 99, 99.1, ago_s=10_000), tick("IVE", "NYSE", 50, 51, ago_s=20)])
    (best,) = board.prices()
    assert (best.bid, best.ask, best.venues, best.time_us) == (94, Decimal("94.1"), 2, NOW_US)


def test_a_venue_that_has_withdrawn_is_not_counted() -> None:
    board = Board()
    board.on_ticks([tick("IVE", "NYSE", 94, 0, ago_s=2), tick("IVE", "ARCA", 93, 95, ago_s=1)])
    board.on_ticks([tick("IVE", "ARCA", 0, 0)])
    (best,) = board.prices()
    assert (best.bid, best.ask, best.venues, best.time_us) == (94, None, 1, NOW_US)


def test_symbols_without_a_quote_of_late_leave_the_room_to_the_others() -> None:
    board = Board()
    board.on_ticks(tick(f"A{number}", "NYSE", 1, 2, ago_s=61) for number in range(9))
    board.on_ticks([tick("VTI", "NYSE", 1, 2), tick("IVE", "NYSE", 1, 2, ago_s=59)])
    assert [best.symbol for best in board.prices(4)] == ["IVE", "VTI", "A0", "A1"]


def test_a_negative_price_is_shown_where_the_instrument_allows_it() -> None:
    board = Board(lambda symbol: symbol == "SPREAD")
    board.on_ticks([tick("SPREAD", "CME", -37, 0), tick("IVE", "NYSE", -1, 2)])
    assert [(best.symbol, best.bid, best.ask) for best in board.prices()] == [("SPREAD", -37, 0)]


def test_fills_are_summed_exactly_and_what_is_flat_disappears() -> None:
    board = Board()
    board.on_fills(
        [fill("A", "IVE", "0.1", "-9.4"), fill("A", "IVE", "0.2", "-18.8"), fill("B", "VTI", "1", "-5")]
    )
    board.on_fills(
        [fill("B", "VTI", "-1", "5"), record("fills", account="A"), Record("fills", 0, 0, 0, value=b"x")]
    )
    assert board.holdings() == [Holding("A", "IVE", "", Decimal("0.3"), Decimal("-28.2"))]


@pytest.mark.parametrize(
    "shares", ["NaN", "-sNaN", "Infinity", "1e999999", "1e-999999", None, [], {}, True, "x"]
)
def test_a_fill_that_nobody_could_write_changes_nothing(shares: object) -> None:
    board = Board()
    good = fill("A", "IVE", "0.1", "-9.4")
    odd = record("fills", account="A", symbol="IVE", delta_shares=shares, delta_cash="0")
    listed = record("fills", account=["A"], symbol="IVE", delta_shares="1", delta_cash="1")
    board.on_fills([good, odd, listed, record("fills"), Record("fills", 0, 0, 0, value=b"[]")])
    (held,) = board.holdings()
    assert held.cash == Decimal("-9.4")
    assert len(str(held.shares)) < 100


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (20, 5)])
def test_every_size_of_a_terminal_is_filled_and_never_exceeded(width: int, height: int) -> None:
    board = Board()
    board.on_ticks(tick(f"S{number}", "NYSE", number + 1, number + 2) for number in range(1_000))
    board.on_fills(fill(f"A{number}", "S1", "1", str(-number)) for number in range(1_000))
    board.rates = Rates({"ticks": 123_456.0}, {"ticks": 7})
    console = Console(width=width, height=height)
    with console.capture() as captured:
        console.print(view(board, width, height, NOW_US))
    lines = captured.get().splitlines()
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert "ticks 123,456/s"[:width] in captured.get()


def screen(board: Board, width: int, height: int) -> str:
    console = Console(width=width, height=height)
    with console.capture() as captured:
        console.print(view(board, width, height, NOW_US))
    return captured.get()


def test_a_small_terminal_shows_three_rows_of_everything() -> None:
    board = Board()
    for number in range(1, 5):
        board.on_ticks([tick(f"S{number}", "NYSE", 1, 2)])
        board.on_fills([fill(f"A{number}", "S1", "1", str(number - 100))])
        board.reports.append(factories.report(cl_ord_id=f"o{number}", transact_time_us=NOW_US))
        board.fills.append(factories.report(cl_ord_id=f"f{number}", transact_time_us=NOW_US))
    words = screen(board, 80, 24).split()
    assert {"S1", "S2", "S3", "A1", "A2", "A3", "o4", "o3", "o2", "f4", "f3", "f2"} <= {*words}
    assert not {"S4", "A4", "o1", "f1"} & {*words}


def test_an_amount_has_the_currency_of_its_order() -> None:
    board = Board()
    cash = {"order_qty": None, "cash_order_qty": Decimal("5000.00"), "transact_time_us": NOW_US}
    board.reports.append(factories.report(symbol="BTCUSDT", currency="USDT", **cash))
    board.reports.append(factories.report(symbol="OLD", currency=None, **cash))
    lines = screen(board, 80, 24).splitlines()
    assert any("BTCUSDT" in line and " 5000 USDT " in line for line in lines)
    assert "$" not in "".join(lines)


def test_rejects_show_their_rate_and_how_old_the_latest_is() -> None:
    board = Board()
    assert "rejects: none" in screen(board, 80, 24)
    value = Reject("orders", 1, 5, Reason.BAD_VALUE, "", "x").message().encode()
    board.on_rejects([Record("rejects", 0, 0, NOW_US // 1000, value=value)])
    board.rates = Rates({"rejects": 3.2}, {})
    assert "rejects 3/s, the latest 0.0 s ago: orders-1-5 BAD_VALUE" in screen(board, 80, 24)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_a_thousand_trades_a_second_leave_most_of_the_time(width: int, height: int) -> None:
    board = Board()
    board.on_ticks(tick(f"S{number}", "NYSE", 1, 2) for number in range(1_000))
    board.on_fills(fill(f"A{number}", "S1", "1", str(-number)) for number in range(10_000))
    trade = {"last_qty": Decimal(1), "last_px": Decimal(2), "last_mkt": "NYSE", "transact_time_us": NOW_US}
    trade |= {"order_qty": Decimal(1), "cum_qty": Decimal(1), "leaves_qty": Decimal(0), "avg_px": Decimal(2)}
    report = executions.to_json(factories.report(**trade)).encode()
    came = [Record("executions", 0, offset, NOW_US // 1000, value=report) for offset in range(500)]
    costs = []
    for _ in range(3):
        started = time.process_time()
        board.on_reports(came)
        board.on_fills(fill(f"A{number}", "S1", "1", "-1") for number in range(500))
        screen(board, width, height)
        costs.append(time.process_time() - started)
    assert board.counts.total() == 3 * 500
    assert min(costs) < REFRESH_SECONDS, "one refresh of half a second"


@pytest.mark.parametrize(
    "symbol", ["^GSPC", "ES=F", "M&M.NS", "AAPL  261218C00150000", "[red]X[/red]", "[/]", ":smile:"]
)
def test_a_symbol_of_any_form_is_shown_as_it_is(symbol: str) -> None:
    board = Board()
    board.on_ticks([tick(symbol, "NYSE", 1, 2)])
    board.on_fills([fill("A", symbol, "1", "-1")])
    board.reports.append(factories.report(symbol=symbol, order_qty=Decimal(1), transact_time_us=NOW_US))
    console = Console(width=160, height=30)
    with console.capture() as captured:
        console.print(view(board, 160, 30, NOW_US))
    assert captured.get().count(symbol) == 3


@pytest.mark.parametrize("width", [80, 100, 120, 149, 150, 200])
def test_a_long_id_takes_no_room_from_the_other_columns(width: int) -> None:
    board = Board()
    order = {"cl_ord_id": "order-20261129-070121-760216", "symbol": "EURUSD", "transact_time_us": NOW_US}
    trade = {"last_qty": Decimal("1234.5678"), "last_px": Decimal("110250.13"), "last_mkt": "NASDAQ"}
    board.reports.append(factories.report(**order, order_qty=Decimal("1234.5678")))
    board.fills.append(factories.report(**order, **trade))
    console = Console(width=width, height=40)
    with console.capture() as captured:
        console.print(view(board, width, 40, NOW_US))
    rows = [line.replace("│", " ").split() for line in captured.get().splitlines() if "760216" in line]
    words = [word for row in rows for word in row]
    assert words.count("1234.5678") == words.count("EURUSD") == 2
    assert {"110250.13", "NASDAQ"} <= {*words}
    assert {"order-20261129-070121-760216"} <= {*words} or width < 200
