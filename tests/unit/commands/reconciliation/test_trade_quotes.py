from decimal import Decimal

import pytest

from fintank.commands.reconciliation.results import Kind
from fintank.commands.reconciliation.trade_quotes import TradeQuotes
from fintank.trading.messages import Side

LINE = "bid_ask,exchange=NYSE,symbol=IVE bid=9.5,ask=10.5 1700000000000000000"
OTHER = "bid_ask,exchange=NYSE,symbol=IVE bid=9.4,ask=10.4 1700000000000000001"


def checked(history, offsets=(0, 1), lines=(LINE, OTHER)):
    quotes = TradeQuotes(history.told)
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
    assert breaks([checked(filled)]) == [(Kind.QUOTE_DIFFERS, filled.told[1].report.exec_id)]


@pytest.mark.parametrize("quote_ids", [(), ("0-2",), ("7-0",), ("nothing",)])
def test_a_trade_whose_quote_is_no_tick_is_named(filled, breaks, quote_ids):
    filled.change_report(1, quote_ids=quote_ids)
    assert breaks([checked(filled)]) == [(Kind.QUOTE_MISSING, filled.told[1].report.exec_id)]


def test_a_gap_in_the_offsets_is_no_tick(filled, breaks):
    assert breaks([checked(filled, offsets=(1, 3))]) == [(Kind.QUOTE_MISSING, filled.told[1].report.exec_id)]


def test_a_quote_that_retention_deleted_is_beyond_it(filled, breaks):
    filled.lost = frozenset({"ticks"})
    result = checked(filled, offsets=(100, 101))
    assert breaks([result]) == []
    assert result.beyond_retention == 1
