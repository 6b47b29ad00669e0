"""What a report makes of the answers of its database."""

from collections.abc import Iterator
from typing import Any

from support.report_data import START_NS, report

from fintank.adapters.sinks.query import Query
from fintank.report import queries
from fintank.report.data import FillRow
from fintank.report.span import SECOND_NS, Span

SPAN = Span(START_NS, START_NS + 3600 * SECOND_NS)
TICKS = [
    (START_NS + SECOND_NS, 100.0, 102.0),
    (START_NS + 3000 * SECOND_NS, 109.0, 112.0),
    (START_NS + 3001 * SECOND_NS, 110.0, None),
]


class FakeStore:
    """The quotes of one symbol."""

    def series(self, query: Query) -> Iterator[Any]:
        assert query.since_ns is not None
        assert query.until_ns is not None
        is_of_quotes = query.measurement == "bid_ask"
        found = [tick for tick in TICKS if is_of_quotes and query.since_ns <= tick[0] <= query.until_ns]
        yield {}, found[::-1] if query.latest else found


def test_a_symbol_is_valued_at_the_last_bid_and_ask_of_the_span_and_drawn_around_its_trades() -> None:
    store: Any = FakeStore()
    found = queries._prices(store, SPAN, "IVE", [report(0, symbol="IVE")], {})
    assert (list(found.bid.values), list(found.ask.values)) == ([100.0], [102.0])
    assert found.middle == (110 + 112) / 2


def test_without_a_bid_or_an_ask_a_symbol_has_no_middle() -> None:
    store: Any = FakeStore()
    late = Span(START_NS + 3001 * SECOND_NS, SPAN.until_ns)
    assert queries._prices(store, late, "IVE", [report(0, symbol="IVE")], {}).middle is None


def fill(second: int, **given: Any) -> FillRow:
    row = FillRow(START_NS + second * SECOND_NS, "A-1", "IVE", "USD", 1.0, -2.0, 0.5, 1.0)
    return row._replace(**given)


def test_fills_that_a_plot_can_not_tell_apart_are_one() -> None:
    other, vti = fill(1, account="A-2", commission=None), fill(3, symbol="VTI")
    many = [fill(0), other, fill(3, delta_shares=-3.0, commission=None), vti, fill(4)]
    assert queries._steps(many, 4 * SECOND_NS) == [
        fill(3, delta_shares=-2.0, delta_cash=-4.0),
        other,
        vti,
        fill(4),
    ]
