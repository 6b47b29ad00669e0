"""The report's page, made from given data."""

import re
from dataclasses import replace
from html import escape

import pytest
from support.report_data import EMPTY, full_data, report

from fintank.report import plots, tables
from fintank.report.data import FaultRow, FillRow, Held, Line, PriceLines
from fintank.report.page import page
from fintank.report.span import SECOND_NS
from fintank.terminal.texts import utc


def cells(html: str) -> list[str]:
    """Return the texts of the cells of a table."""
    return [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]


def test_a_trade_is_listed_with_its_time_price_and_quote() -> None:
    trade = report(0, last_qty=2.653927, last_px=94.21, bid=94.19, ask=94.21)
    html = tables.trades([trade], {"1-100000": trade.time_ns - 1_500_000_000})
    assert cells(html) == [
        *("18:25:36.000", "BUY", "2.653927", "BTCUSDT", "94.21", "-250.03", "BINANCE", "94.19", "94.21"),
        *("18:25:34.500", "1-100000", "A-1000", "demo-20261124-210906-618875-replay-0"),
    ]


def test_the_side_of_the_quote_that_was_traded_on_is_bold() -> None:
    def bold(side: str) -> list[str]:
        html = tables.trades([report(0, side=side, last_px=94.2, bid=94.19, ask=94.21)], {})
        return re.findall(r"<b>(94\.\d+)</b>", html)

    assert bold("BUY") == ["94.2", "94.21"]
    assert bold("SELL") == ["94.2", "94.19"]


def test_an_order_that_trades_on_several_quotes_is_one_row_at_the_average_price() -> None:
    taken = [
        report(0, last_qty=1.0, last_px=94.2, quote_ids="1-7"),
        report(0, last_qty=3.0, last_px=94.4, quote_ids="1-9", last_mkt="NYSE"),
        report(2, last_qty=1.0, cl_ord_id=report(0).cl_ord_id, account=report(0).account),
    ]
    found = cells(tables.trades(taken, {}))
    assert len(found) == 2 * 13
    assert found[13:18] == ["18:25:36.000", "BUY", "4", "BTCUSDT", "&empty; 94.35"]
    assert (found[18], found[19], found[23]) == ("-377.40", "BINANCE NYSE", "1-7 +1")


def test_turnover_is_summed_by_currency_and_counts_the_multiplier() -> None:
    future = {"currency": "USD", "multiplier": 50.0, "last_px": 2.0, "symbol": "ES=F"}
    taken = [report(0, last_qty=1.0, **future), report(0, last_qty=3.0, **{**future, "last_px": 4.0})]
    found = cells(tables.trades(taken, {}))
    assert (found[4], found[5]) == ("&empty; 3.5", "-700.00")
    data = replace(EMPTY, executions=[*taken, report(2, last_qty=1.0, last_px=61_704.0)])
    assert "turnover 700 USD and 61,704 USDT" in page(data, "InfluxDB")
    assert "turnover none" in page(EMPTY, "InfluxDB")
    below_zero = report(1, last_qty=2.0, **{**future, "last_px": -3.0})
    data = replace(EMPTY, executions=[*taken, below_zero])
    assert "turnover 1,000 USD" in page(data, "InfluxDB")


def test_the_page_is_self_contained() -> None:
    html = re.sub(r"<script>/\*\*.*?</script>", "", page(full_data(), "InfluxDB"), flags=re.DOTALL)
    assert len(html) < 400_000, "plotly is taken out"
    assert re.findall(r"(?:src|href)=[\"'](?!data:)[^\"']*", html) == []
    assert "url(" not in html


def test_foreign_texts_are_escaped() -> None:
    bad = report(0, cl_ord_id="<script>alert(1)</script>", text='code=X "quoted" <b>')
    data = replace(
        full_data(),
        executions=[bad, report(1, exec_type="REJECTED", ord_status="REJECTED", text="<i>why</i>")],
    )
    html = page(data, "<u>here</u>")
    for text in ("<script>alert", "<i>why", "<u>here"):
        assert text not in html


def test_every_plot_is_drawn_or_replaced_by_a_text() -> None:
    full, empty = page(full_data(), "InfluxDB"), page(EMPTY, "InfluxDB")
    assert full.count('class="plotly-graph-div"') == 12
    assert full.count('class="nothing"') == 0
    assert empty.count('class="plotly-graph-div"') == 0
    assert empty.count('class="nothing"') == 16


def test_a_long_table_shows_the_latest_rows_and_says_so() -> None:
    many = [report(0, cl_ord_id=f"o-{number}") for number in range(tables.ROWS_MAX + 5)]
    html = tables.trades(many, {})
    assert html.count("<tr>") == tables.ROWS_MAX + 1
    assert "The latest 1,000 of 1,005 trades." in html
    assert "o-4" not in cells(html)


def test_profit_and_loss_is_cash_plus_market_value_at_the_last_midpoint_less_the_commissions() -> None:
    found = cells(tables.positions(full_data()))[:8]
    worth = 12.5 * (61704.5 + 0.1 * 59)
    amounts = ["-771,300.00", "5.00", f"{worth:,.2f}", f"{worth - 771_300 - 5:,.2f}"]
    assert found == ["A-1000", "12.5", "", "USDT", *amounts]


def test_without_a_price_the_market_value_is_empty() -> None:
    html = tables.positions(replace(full_data(), prices={}))
    assert cells(html)[3:8] == ["USDT", "-771,300.00", "5.00", "", ""]


def test_the_most_held_symbols_have_columns_and_cash_includes_all() -> None:
    rare = {("A-9", f"RARE{number:02}", "USD"): Held(1.0, -10.0) for number in range(30)}
    names = [(account, f"S{number:02}") for account in ("A-1", "A-9") for number in range(12)]
    held = {(*name, "USD"): Held(2.0, -1.0) for name in names}
    html = tables.positions(replace(full_data(), holdings={**rare, **held}))
    assert "RARE" not in html
    assert "30 more symbols" in html
    found = cells(html)
    assert found[:17] == ["A-1", *["2"] * 12, "", "USD", "-12.00", "0.00"]
    assert found[19:36] == ["A-9", *["2"] * 12, "30 held", "USD", "-312.00", "0.00"]


def test_cash_of_two_currencies_is_in_two_rows_and_value_includes_the_multiplier() -> None:
    usd, usdt = Held(2.0, -50.0, 1.0, 10.0), Held(3.0, -7.0, 0.5)
    holdings = {("A-1", "BTCUSDT", "USDT"): usdt, ("A-1", "ETHUSDT", "USD"): usd}
    line = Line([1], [4.0])
    prices = {symbol: PriceLines(line, line, 1, middle=4.0) for symbol in ("BTCUSDT", "ETHUSDT")}
    assert cells(tables.positions(replace(full_data(), holdings=holdings, prices=prices))) == [
        *("A-1", "", "2", "USD", "-50.00", "1.00", "80.00", "29.00"),
        *("A-1", "3", "", "USDT", "-7.00", "0.50", "12.00", "4.50"),
    ]


def test_a_long_list_of_accounts_shows_the_first_and_says_so() -> None:
    holdings = {(f"A-{number:04}", "IVE", "USD"): Held(1.0, -10.0) for number in range(tables.ROWS_MAX + 5)}
    html = tables.positions(replace(full_data(), holdings=holdings))
    assert html.count("<tr>") == tables.ROWS_MAX + 1
    assert "The first 1,000 of 1,005 accounts." in html


def test_rejected_orders_and_cancels_are_counted_by_code_next_to_rejected_records() -> None:
    html = page(full_data(), "InfluxDB")
    assert "order: MAX_ORDER_QTY" in html
    assert "cancel: TOO_LATE" in html
    assert "code=MAX_ORDER_QTY order_qty=9 &lt;limit&gt;=5" in html


def test_a_rejected_cancel_does_not_count_as_an_order() -> None:
    data = full_data()
    assert "cancel-1" in {report.cl_ord_id for report in data.executions}
    assert "cancel-1" not in {report.cl_ord_id for report in data.last_reports}


def test_a_filled_order_whose_message_came_again_is_filled() -> None:
    filled = report(0, order_id="id-1")
    stale = report(2, order_id="id-1", exec_type="REJECTED", ord_status="REJECTED", text="code=STALE_ORDER")
    assert replace(EMPTY, executions=[filled, stale]).last_reports == [filled]
    assert replace(EMPTY, executions=[stale, stale]).last_reports == [stale]


def test_a_trade_on_an_unknown_quote_is_not_drawn() -> None:
    data = full_data()
    html = page(data, "InfluxDB")
    assert html.count("trades not drawn (quote unknown)") == 1
    assert len(data.marks("ETHUSDT")) < sum(trade.symbol == "ETHUSDT" for trade in data.trades)


def test_without_known_quotes_trades_are_drawn_at_the_time_of_the_decision() -> None:
    data = replace(full_data(), quote_times_ns={})
    assert {time_ns - trade.time_ns for time_ns, trade in data.marks("BTCUSDT")} == {0}


def test_crossed_symbols_and_silent_exchanges_are_summed_up_by_symbol() -> None:
    assert cells(tables.quote_faults(full_data().faults)) == [
        *("BTCUSDT", "crossed", "2", "1.5", "BINANCE"),
        *("M&amp;M.NS", "silent", "1", "7.2", "BSE, NSE"),
    ]


def test_a_price_plot_has_the_reference_price_and_a_collar_that_a_click_shows() -> None:
    figure = plots.prices("BTCUSDT", full_data())
    drawn = {(trace.name, trace.visible) for trace in figure.data[:5]}
    assert drawn == {("bid", None), ("ask", None), ("reference", None), ("collar", "legendonly")}
    without = replace(full_data(), prices={"BTCUSDT": PriceLines(Line([1], [4.0]), Line([1], [5.0]), 1)})
    assert "reference" not in {trace.name for trace in plots.prices("BTCUSDT", without).data}


def test_a_running_sum_has_a_point_an_interval_whatever_was_traded_in_it() -> None:
    data = full_data()
    start_ns = data.span.since_ns // SECOND_NS * SECOND_NS
    times_ns = [start_ns + number * SECOND_NS // 1_000 for number in range(2_500)]
    fills = [FillRow(time_ns, "A-1", "IVE", "USD", 1.0, -2.0, None, None) for time_ns in times_ns]
    (shares,) = plots.shares(replace(data, fills=fills, opening={})).data
    assert list(shares.y) == [0, 1_000, 2_000, 2_500, 2_500]
    assert list(shares.x)[1:-1] == [utc(times_ns[last] / 1e6) for last in (999, 1_999, 2_499)]


@pytest.mark.parametrize("symbol", ["^GSPC", "ES=F", "M&M.NS", "AAPL  261218C00150000", "<b>X", "000001"])
def test_a_symbol_is_shown_as_it_is_in_tables_and_plots(symbol: str) -> None:
    trade = report(0, symbol=symbol)
    data = replace(
        full_data(),
        executions=[trade],
        prices={symbol: full_data().prices["BTCUSDT"]},
        fills=[FillRow(trade.time_ns, "A-1", symbol, "USD", 1.0, -2.0, None, None)],
        opening={},
        holdings={("A-1", symbol, "USD"): Held(1.0, -2.0)},
        faults=[FaultRow(trade.time_ns, "silent", symbol, "NYSE", 1)],
    )
    html = page(data, "InfluxDB")
    assert f"<figcaption>{escape(symbol)}<span>" in html
    assert f'<th class="number">{escape(symbol)}</th>' in html
    for table in (tables.trades([trade], {}), tables.quote_faults(data.faults)):
        assert escape(symbol) in cells(table)
    (shares,) = plots.shares(data).data
    states = plots.orders_by_state([trade])
    marks = plots.prices(symbol, data).data[-1]
    assert shares.name == states.data[0].y[0] == escape(symbol)
    assert states.layout.yaxis.type == "category", "000001 is not 1"
    assert f" {escape(symbol)} at " in marks.text[0]
