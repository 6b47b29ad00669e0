"""PostgreSQL's own: the form of its tables, its days, its login, and the queries of docs/postgresql.md."""

import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support.database import Database, database

from fintank.adapters.sinks import (
    SinkUnavailableError,
    count,
    open_sink,
    open_store,
    postgresql,
    postgresql_connections,
    rows,
)
from fintank.adapters.sinks.postgresql import PostgreSQL
from fintank.adapters.sinks.query import Query
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.wire.points.line_protocol import point

T0_NS = 1_764_345_600_000_000_000
DAY_NS = 86_400_000_000_000
FILL = point("fills", {"partition": "1", "symbol": "IVE"}, {"exec_id": "e"}, T0_NS)
FILL_COUNT = Query("fills", ("exec_id",), function="count")
QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT_ROOT / "docs" / "postgresql.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with database("postgresql") as made:
        yield made


@pytest.fixture
def client(server: Database) -> PostgreSQL:
    return PostgreSQL(server.url)


def selected(client: PostgreSQL, text: str) -> list[tuple[object, ...]]:
    return client._rows(text)


def test_a_database_and_a_table_that_are_gone_are_made_again(server: Database, client: PostgreSQL) -> None:
    for _ in range(2):
        client.execute("DROP TABLE fills")
        assert count(client, FILL_COUNT) == 0
        assert client.write(f"{FILL}\n{FILL}") == []
        assert client.write(FILL) == []
        assert count(client, FILL_COUNT) == 1
    with PostgreSQL(server.url)._connections.connect("postgres") as connection:
        connection.execute(f'DROP DATABASE "{server.url.database}" WITH (FORCE)')
    assert count(client, FILL_COUNT) == 0
    with pytest.raises(SinkUnavailableError):
        client.write(FILL)  # its connection was cut
    assert client.write(FILL) == []
    assert count(client, FILL_COUNT) == 1


def test_a_batch_of_new_and_known_points_replaces_the_known_ones(client: PostgreSQL) -> None:
    def batch(first: int, price: int) -> str:
        names = ((f"reference_price,symbol=MIX{number}", number) for number in range(first, first + 3_000))
        return "\n".join(f"{name} price={price} {T0_NS + 1 + number}" for name, number in names)

    assert client.write(batch(0, 1)) == []
    assert client.write(batch(1_500, 2)) == []
    assert client.write(batch(1_500, 2)) == []
    prices = (
        "SELECT price, count(*) FROM reference_price WHERE symbol LIKE 'MIX%' GROUP BY price ORDER BY price"
    )
    assert selected(client, prices) == [(1, 1_500), (2, 3_000)]


def test_queries_share_a_connection_and_outlive_a_restart_of_the_server(
    server: Database, client: PostgreSQL
) -> None:
    own = "SELECT pg_backend_pid()::text"
    ((first,),) = selected(client, own)
    assert selected(client, own) == [(first,)]
    pages = client._pages(own)
    assert next(pages) == [(first,)]
    assert selected(client, own) != [(first,)]  # a query in the middle of another
    pages.close()
    server.kill()
    server.start()
    assert selected(client, own)


def test_of_equal_points_in_one_batch_the_last_counts(client: PostgreSQL) -> None:
    lines = [f"reference_price,symbol=IVE price={price} {T0_NS}" for price in (1, 3, 2)]
    assert client.write("\n".join(lines)) == []
    asked = Query("reference_price", ("price",), T0_NS, T0_NS)
    assert [row[1] for row in rows(client, asked)] == [2]


def test_money_keeps_every_digit(client: PostgreSQL) -> None:
    cash = "-12345678901234567890.123456789"
    fields = f'account="A",exec_id="exact",delta_cash={cash}'
    assert client.write(f"fills,partition=0,symbol=IVE {fields} {T0_NS}") == []
    assert selected(client, "SELECT delta_cash::text FROM fills WHERE exec_id = 'exact'") == [(cash,)]


def test_each_day_of_the_topology_has_a_partition_and_other_days_share_one(
    client: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.prepare()
    now = time.time()
    for days in (0, 1, 2, -400):
        # The loader is still the one that began on day 0.
        monkeypatch.setattr(postgresql.time, "time", lambda days=days: now + days * 86_400)
        time_ns = int((now + days * 86_400) * 1_000_000_000)
        assert client.write(f"bid_ask,exchange=DAYS,symbol=S bid=1 {time_ns}") == []
    found = selected(
        client, "SELECT tableoid::regclass::text FROM bid_ask WHERE exchange = 'DAYS' ORDER BY time DESC"
    )
    days_on = [f"bid_ask_{datetime.fromtimestamp(now + days * 86_400, UTC):%Y%m%d}" for days in (2, 1, 0)]
    assert [name for (name,) in found][:3] == days_on


def test_a_missing_column_is_added(client: PostgreSQL) -> None:
    client.execute("ALTER TABLE fills DROP COLUMN list_id")
    assert client.prepare() == []
    assert client.write(f'fills,partition=7,symbol=IVE list_id="l" {T0_NS}') == []
    assert [row[1] for row in rows(client, Query("fills", ("list_id",)))] == ["l"]


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ("time timestamptz", "time"),
        ("time timestamp, PRIMARY KEY (time, nanoseconds, symbol)", "time"),
        ("time timestamptz, price text, PRIMARY KEY (time, nanoseconds, symbol)", "price"),
    ],
)
def test_a_table_of_another_form_is_one_line_with_its_cure(
    client: PostgreSQL, columns: str, wrong: str
) -> None:
    client.execute("DROP TABLE reference_price")
    client.execute(f"CREATE TABLE reference_price (nanoseconds smallint, symbol text, {columns})")
    try:
        with pytest.raises(
            FintankError, match=rf"another form \(its column {wrong}\).*`DROP TABLE reference_price`"
        ):
            client.prepare()
    finally:
        client.execute("DROP TABLE reference_price")
        client.prepare()


def test_a_server_that_hangs_is_left_in_time(
    server: Database, client: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_connections, "WRITE_TIMEOUT_S", 0.5)
    monkeypatch.setattr(postgresql_connections, "QUERY_TIMEOUT_S", 0.5)
    client.write(FILL)
    with client._connections.writing() as own:
        pass
    stopped = own.info.backend_pid
    os.kill(stopped, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(SinkUnavailableError, match="PostgreSQL"):
            client.write(FILL)
        assert time.monotonic() - started < 10
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert client.write(FILL) == []


def test_a_wrong_password_is_one_line_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINTANK_SINK_USER", "trader")
    monkeypatch.setenv("FINTANK_SINK_PASSWORD", "it's 5")
    with database("postgresql") as server:
        assert open_sink(server.url).write(FILL) == []
        assert count(open_store(server.url), FILL_COUNT) == 1
        monkeypatch.setenv("FINTANK_SINK_PASSWORD", "wrong")
        cure = r"password authentication failed .*check FINTANK_SINK_USER and FINTANK_SINK_PASSWORD\Z"
        with pytest.raises(FintankError, match=cure):
            open_sink(server.url).prepare()
        with pytest.raises(SinkUnavailableError, match=cure):
            open_sink(server.url).write(FILL)
        with pytest.raises(FintankError, match=cure):
            count(open_store(server.url), FILL_COUNT)


def test_a_role_that_may_not_create_tables_is_one_line(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = PostgreSQL(server.url)
    owner.execute("CREATE ROLE reader LOGIN")
    owner.execute("DROP TABLE quote_faults")
    monkeypatch.setenv("FINTANK_SINK_USER", "reader")
    try:
        with pytest.raises(FintankError, match=r"permission denied .*check FINTANK_SINK_USER"):
            PostgreSQL(server.url).prepare()
    finally:
        owner.prepare()


def test_the_pages_queries_find_something(client: PostgreSQL) -> None:
    quote = f"bid_ask,exchange=NYSE,symbol=IVE bid=93.9,ask=94.1 {T0_NS}"
    fields = 'account="A",last_mkt="NYSE",last_qty=2,last_px=94.1,delta_shares=2,delta_cash=-188.2'
    fill = f"fills,currency=USD,partition=1,side=BUY,symbol=IVE {fields} {T0_NS + DAY_NS // 1000}"
    assert client.write(f"{quote}\n{fill}") == []
    assert len(QUERIES) == 4
    for query in QUERIES:
        assert selected(client, query), query
    ((*_, bid, ask),) = (row for row in selected(client, QUERIES[0]) if row[1] == "IVE" and row[4] == 94.1)
    assert (bid, ask) == (93.9, 94.1)
