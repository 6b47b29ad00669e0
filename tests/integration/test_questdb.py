"""QuestDB's own: the form of its tables, and the queries of docs/questdb.md."""

import re
from collections.abc import Iterator

import pytest
from support.database import database
from support.waiting import wait_until

from fintank.adapters.sinks import count
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.questdb import QuestDB
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.wire.points.line_protocol import point

T0_NS = 1_764_345_600_000_000_000
SECOND_NS = 1_000_000_000
APPLIED_TIMEOUT_S = 30.0
PAGE = (PROJECT_ROOT / "docs" / "questdb.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def questdb() -> Iterator[QuestDB]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QDB_DEV_MODE_ENABLED", "true")  # else it suspends a table only when its disk is full
        with database("questdb") as server:
            yield QuestDB(server.url)


def run(questdb: QuestDB, statement: str) -> list[object]:
    return questdb._rows(statement)


def is_suspended(questdb: QuestDB) -> bool:
    return run(questdb, "SELECT suspended FROM wal_tables() WHERE name = 'bid_ask'") == [[True]]


def is_behind(questdb: QuestDB) -> bool:
    """Say whether QuestDB has statements to apply, which it does in the background."""
    where = "name = 'bid_ask' AND writerTxn < sequencerTxn"
    return bool(run(questdb, f"SELECT name FROM wal_tables() WHERE {where}"))


def test_a_table_that_is_gone_is_made_again_with_its_keys(questdb: QuestDB) -> None:
    line = point("fills", {"partition": "1", "symbol": "IVE"}, {"exec_id": "e"}, T0_NS)
    for _ in range(2):
        run(questdb, "DROP TABLE fills")
        assert questdb.write(f"{line}\n{line}") == []
        assert questdb.write(line) == []
        assert count(questdb, Query("fills", ("exec_id",), function="count")) == 1


def test_a_missing_column_is_added(questdb: QuestDB) -> None:
    run(questdb, "ALTER TABLE fills DROP COLUMN list_id")
    assert questdb.prepare() == []
    columns = {name: kind for name, kind, *_ in questdb._rows("SHOW COLUMNS FROM fills")}
    assert columns["list_id"] == "VARCHAR"


@pytest.mark.parametrize(
    "form",
    [
        "(time TIMESTAMP_NS, exchange SYMBOL, symbol SYMBOL) TIMESTAMP(time) PARTITION BY DAY WAL",
        "(time TIMESTAMP, exchange SYMBOL, symbol SYMBOL) TIMESTAMP(time) PARTITION BY DAY WAL "
        "DEDUP UPSERT KEYS(time, exchange, symbol)",
        "(time TIMESTAMP_NS, exchange SYMBOL, symbol SYMBOL, bid VARCHAR) TIMESTAMP(time) PARTITION BY DAY "
        "WAL DEDUP UPSERT KEYS(time, exchange, symbol)",
    ],
)
def test_a_table_of_another_form_is_one_line_with_its_cure(questdb: QuestDB, form: str) -> None:
    run(questdb, "DROP TABLE bid_ask")
    run(questdb, f"CREATE TABLE bid_ask {form}")
    try:
        with pytest.raises(FintankError, match=r"a table bid_ask of another form .* `DROP TABLE bid_ask`"):
            questdb.prepare()
    finally:
        run(questdb, "DROP TABLE bid_ask")
        questdb.prepare()


def test_a_time_to_live_is_a_warning_and_a_suspended_table_an_error(questdb: QuestDB) -> None:
    run(questdb, "ALTER TABLE bid_ask SET TTL 2 DAYS")
    (warning,) = questdb.prepare()
    assert questdb.retention().seconds == 48 * 3600
    assert "keeps points for only 48 hours; `ALTER TABLE bid_ask SET TTL 0` keeps all" in warning
    run(questdb, "ALTER TABLE bid_ask SET TTL 0 HOURS")
    wait_until(lambda: not is_behind(questdb), APPLIED_TIMEOUT_S)
    run(questdb, "ALTER TABLE bid_ask SUSPEND WAL")
    wait_until(lambda: is_suspended(questdb), APPLIED_TIMEOUT_S)
    with pytest.raises(
        FintankError, match=r"has suspended the table bid_ask .*`ALTER TABLE bid_ask RESUME WAL`"
    ):
        questdb.edges_ns(Query("bid_ask", ("bid",)))
    run(questdb, "ALTER TABLE bid_ask RESUME WAL")
    assert questdb.edges_ns(Query("bid_ask", ("bid",))) == []


def quote_line(second: float, exchange: str, bid: float) -> str:
    """Write a quote of IVE with a spread of 0.5."""
    fields = f"bid={bid},ask={bid + 0.5}"
    return f"bid_ask,exchange={exchange},symbol=IVE {fields} {T0_NS + int(second * SECOND_NS)}"


@pytest.fixture(scope="module")
def traded(questdb: QuestDB) -> QuestDB:
    """Two venues with quotes, and a fill between two quotes of its venue."""
    lines = [quote_line(second, "NYSE", 90 + second) for second in range(0, 90, 10)]
    lines += [quote_line(second + 0.5, "ARCA", 50) for second in range(0, 90, 10)]
    fill = 'account="A",last_mkt="NYSE",last_qty=2,last_px=100.5,delta_shares=2,delta_cash=-201'
    lines.append(f"fills,currency=USD,partition=1,side=BUY,symbol=IVE {fill} {T0_NS + 15 * SECOND_NS}")
    assert questdb.write("\n".join(lines)) == []
    assert count(questdb, Query("fills", ("delta_cash",), T0_NS, function="count")) == 1
    return questdb


def test_the_page_has_five_queries_and_each_finds_something(traded: QuestDB) -> None:
    assert len(QUERIES) == 5
    for query in QUERIES:
        assert run(traded, query), query


def test_its_trades_stand_next_to_the_last_quote_of_their_venue(traded: QuestDB) -> None:
    ((_, *found),) = (row for row in run(traded, QUERIES[0]) if row[1] == "IVE" and row[4] == 100.5)
    assert found == ["IVE", "BUY", 2.0, 100.5, 100.0, 100.5]


def test_its_candles_spreads_quotes_and_positions_are_those_of_the_points(traded: QuestDB) -> None:
    _, candles, spreads, latest, positions = (run(traded, query) for query in QUERIES)
    prices = [row[2:6] for row in candles if row[1] == "IVE"]
    assert prices == [[90.25, 140.25, 50.25, 50.25], [150.25, 170.25, 50.25, 50.25]]
    assert ["IVE", "ARCA", pytest.approx(0.5 / 50.25 * 10_000), 9] in spreads
    assert {(row[2], row[3]) for row in latest if row[1] == "IVE"} == {("NYSE", 170.0), ("ARCA", 50.0)}
    assert ["A", "IVE", "USD", 2.0, -201.0] in positions
