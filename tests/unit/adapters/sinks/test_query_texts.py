"""A query as InfluxQL and as SQL; what databases make of them is tests/integration/test_sinks.py."""

import pytest

from fintank.adapters.sinks import influxql, sql
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.questdb import DIALECT

HOSTILE = "O'X\\' OR time > 0 --"


@pytest.mark.parametrize(
    ("quoted", "text"),
    [(influxql.quoted, r"'O\'X\\\' OR time > 0 --'"), (sql.quoted, r"'O''X\'' OR time > 0 --'")],
)
def test_a_symbol_stays_a_text(quoted, text) -> None:
    assert quoted(HOSTILE) == text


def test_a_query_has_its_tags_span_and_limit_in_both_languages() -> None:
    query = Query("bid_ask", ("ask",), 5, 9, tags={"symbol": [HOSTILE, "IVE"]}, latest=3)
    assert influxql.select(query) == (
        f'SELECT "ask" FROM "bid_ask" WHERE ("symbol" = {influxql.quoted(HOSTILE)} OR "symbol" = \'IVE\') '
        "AND time >= 5 AND time <= 9 ORDER BY time DESC LIMIT 3"
    )
    assert sql.select(query, DIALECT) == (
        'SELECT time::long, "ask" FROM "bid_ask" WHERE ("ask" IS NOT NULL) '
        f"AND \"symbol\" IN ({sql.quoted(HOSTILE)}, 'IVE') AND time >= 5 AND time <= 9 "
        "ORDER BY time DESC LIMIT 3"
    )
