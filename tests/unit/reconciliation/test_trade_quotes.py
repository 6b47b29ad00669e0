from decimal import Decimal

import pytest

from fintank.reconciliation.findings import BreakKind
from fintank.reconciliation.trade_quotes import TradeQuotes
from fintank.trading.messages import Side

LINE = "bid_ask,exchange=NYSE,symbol=IVE bid=9.5,ask=10.5 1700000000000000000"
OTHER = "bid_ask,exchange=NYSE,symbol=IVE bid=9.4,ask=10.4 1700000000000000001"


def checked(history, offsets=(0, 1), lines=(LINE, OTHER)):
    quotes = TradeQuotes(history.reports)
    quotes.see(0, offsets, lines)
    quotes.see(1, [0], [OTHER])
    quotes.finish(history.logs)
    return quotes.result


def test_a_trade_at_its_quote_is_clean(filled, breaks):
    result = checked(filled)
    assert breaks([result]) == []
    assert result.compared == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"last_px": Decimal("10.4")},
        {"last_px": Decimal("9.5")},
        {"side": Side.SELL},
        {"last_mkt": "NASDAQ"},
        {"symbol": "VTI"},
        {"quote_ids": ("0-1",)},
    ],
)
def test_a_trade_at_another_price_venue_symbol_or_side_is_named(filled, breaks, changes):
    filled.change_report(1, **changes)
    assert breaks([checked(filled)]) == [(BreakKind.QUOTE_DIFFERS, filled.reports[1].message.exec_id)]


@pytest.mark.parametrize("quote_ids", [(), ("0-2",), ("7-0",), ("nothing",)])
def test_a_trade_whose_quote_is_not_a_tick_is_named(filled, breaks, quote_ids):
    filled.change_report(1, quote_ids=quote_ids)
    assert breaks([checked(filled)]) == [(BreakKind.QUOTE_MISSING, filled.reports[1].message.exec_id)]


def test_a_gap_in_the_offsets_is_not_a_tick(filled, breaks):
    assert breaks([checked(filled, offsets=(1, 3))]) == [
        (BreakKind.QUOTE_MISSING, filled.reports[1].message.exec_id)
    ]


def test_a_quote_that_retention_deleted_is_beyond_it(filled, breaks):
    filled.lost = frozenset({"ticks"})
    result = checked(filled, offsets=(100, 101))
    assert breaks([result]) == []
    assert result.beyond_retention == 1


@pytest.mark.parametrize(
    ("size", "overdrawn"), [("10", False), ("10.0", False), ("9.99", True), ("15", False)]
)
def test_trading_more_than_a_quote_displays_is_named_with_the_exceeding_trade(
    filled, breaks, size, overdrawn
):
    wanted = [(BreakKind.QUOTE_OVERDRAWN, filled.reports[1].message.exec_id)] if overdrawn else []
    line = LINE.replace("ask=10.5", f"ask=10.5,bid_size=0,ask_size={size}")
    assert breaks([checked(filled, lines=(line, OTHER))]) == wanted


def test_the_trades_on_a_quote_are_summed_and_a_repeated_one_counts_once(decided, make_order, breaks):
    history = decided(make_order(1), make_order(2, cl_ord_id="o-2"))
    history.reports.append(history.reports[1])
    for size, wanted in (("20", 0), ("19", 1)):
        line = LINE.replace("ask=10.5", f"ask=10.5,bid_size=0,ask_size={size}")
        kinds = [kind for kind, _ in breaks([checked(history, lines=(line, OTHER))])]
        assert kinds == [BreakKind.QUOTE_OVERDRAWN] * wanted
