import json
from decimal import Decimal

import factories
import pytest
from rich.console import Console

from fintank.watch.board import Board, Holding, Rates
from fintank.watch.panels_view import view
from fintank.wire.kafka.records import Record

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
