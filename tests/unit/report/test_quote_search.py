"""Finding the quotes of trades among points that have no offsets."""

from support.report_data import SPAN, START_NS, report

from fintank.adapters.sinks import Series
from fintank.adapters.sinks.query import Query
from fintank.report.data import ExecutionRow
from fintank.report.quote_search import find_quotes
from fintank.wire.points.line_protocol import record_time_ns

START_US = START_NS // 1000
WHOLE_MS, BETWEEN = START_US, START_US + 7


class Points:
    """Stands in for a database with the asks of one symbol and venue."""

    def __init__(self, *points: tuple[int, float]) -> None:
        self._points = points

    def series(self, query: Query) -> list[Series]:
        """Answer the only query, latest point first."""
        assert (query.measurement, query.fields) == ("bid_ask", ("ask",))
        assert query.tags == {"symbol": ["BTCUSDT"], "exchange": ["BINANCE"]}
        return [({}, [list(point) for point in sorted(self._points, reverse=True)])]


def search(*points: tuple[int, float], trade: ExecutionRow) -> dict[str, int]:
    return find_quotes(Points(*points), SPAN, [trade])  # type: ignore[arg-type]


def bought(offset: int) -> ExecutionRow:
    return report(0, last_px=94.5, quote_ids=f"1-{offset}")


def test_the_offset_singles_out_a_quote_among_others_of_its_price() -> None:
    for time_us in (WHOLE_MS, BETWEEN):
        points = [(record_time_ns(time_us + number * 1000, 123_000 + number), 94.5) for number in range(20)]
        assert search(*points, trade=bought(123_005)) == {"1-123005": points[5][0]}


def test_another_price_with_the_same_digits_is_another_quote() -> None:
    time_ns = record_time_ns(BETWEEN, 5)
    assert search((time_ns, 94.25), trade=bought(5)) == {}


def test_six_digits_identify_a_quote_with_a_time_in_whole_milliseconds() -> None:
    right, wrong = record_time_ns(WHOLE_MS, 123_005), record_time_ns(WHOLE_MS + 1000, 124_005)
    assert search((right, 94.5), (wrong, 94.5), trade=bought(123_005)) == {"1-123005": right}


def test_no_quote_is_named_if_three_digits_fit_several() -> None:
    points = [(record_time_ns(BETWEEN + number * 1000, number * 1000 + 5), 94.5) for number in range(2)]
    assert search(*points, trade=bought(5)) == {}


def test_of_several_quotes_the_one_between_the_neighboring_trades_is_found() -> None:
    points = [(record_time_ns(BETWEEN + number * 1000, number * 1000 + 5), 94.5) for number in range(3)]
    around = [(record_time_ns(BETWEEN + number * 1000 + 500, number), 94.0 + number) for number in range(2)]
    trades = [
        report(0, last_px=94.0, quote_ids="1-0"),
        bought(1005),
        report(2, symbol="BTCUSDT", last_px=95.0, quote_ids="1-2001", side="BUY"),
    ]
    around[1] = (record_time_ns(BETWEEN + 1500, 2001), 95.0)
    found = find_quotes(Points(*points, *around), SPAN, trades)  # type: ignore[arg-type]
    assert found == {"1-0": around[0][0], "1-1005": points[1][0], "1-2001": around[1][0]}


def test_a_trade_without_a_quote_is_left_out() -> None:
    assert search(trade=report(0, quote_ids=None)) == {}
