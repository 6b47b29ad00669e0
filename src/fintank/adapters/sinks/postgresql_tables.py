"""The tables in PostgreSQL: their form, and the statements that fill them.

A point's time is two columns, because PostgreSQL's timestamps have microseconds: `time`, and `nanoseconds`
for the three digits below. bid_ask has a partition for each day on which the topology runs, and one for the
ticks of all other days.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from fintank.adapters.sinks.sql import Dialect, quoted_name, quoted_names
from fintank.wire.points.point_tables import Kind, Table

PARTITIONED = "bid_ask"
SECONDS_A_DAY = 86_400
TYPES = {Kind.TEXT: "text", Kind.INTEGER: "bigint", Kind.NUMBER: "numeric"}
_TIME = "timestamptz 'epoch' + ({}) * interval '1 microsecond'"
_TIME_NS = "((extract(epoch FROM time) * 1000000)::bigint * 1000 + nanoseconds)"


def _compared(operator: str, time_ns: int) -> str:
    time, below = _TIME.format(time_ns // 1000), time_ns % 1000
    # The second condition is implied; it spares partitions.
    return f"(time, nanoseconds) {operator} ({time}, {below}) AND time {operator} {time}"


DIALECT = Dialect(
    order=("time", "nanoseconds"),
    time_ns=_TIME_NS,
    edges=(f"min({_TIME_NS})", f"max({_TIME_NS})"),
    compared=_compared,
    functions={
        "count": "count({0})",
        "sum": "sum({0})",
        "mean": "avg({0})",
        "max": "max({0})",
        "last": "(array_agg({0} ORDER BY time DESC, nanoseconds DESC) FILTER (WHERE {0} IS NOT NULL))[1]",
    },
)


def keys(table: Table) -> list[str]:
    """Return the columns that identify a point."""
    return ["time", "nanoseconds", *table.tags]


def form(table: Table) -> dict[str, str]:
    """Return the columns and their types, as PostgreSQL writes these."""
    return {
        "time": "timestamp with time zone",
        "nanoseconds": "smallint",
        **dict.fromkeys(table.tags, "text"),
        **{name: TYPES[kind] for name, kind in table.fields.items()},
    }


def create(table: Table) -> list[str]:
    """Write the statements that make a table unless it exists."""
    own = ", ".join(f"{quoted_name(name)} {kind}" for name, kind in form(table).items())
    is_divided = table.name == PARTITIONED
    by = " PARTITION BY RANGE (time)" if is_divided else ""
    made = [f"CREATE TABLE IF NOT EXISTS {table.name} ({own}, PRIMARY KEY ({quoted_names(keys(table))})){by}"]
    if is_divided:
        made.append(f"CREATE TABLE IF NOT EXISTS {table.name}_other PARTITION OF {table.name} DEFAULT")
    return made


def create_partition(day: int) -> str:
    """Write the statement that makes the partition of a day (since the epoch) unless it exists."""
    start = datetime.fromtimestamp(day * SECONDS_A_DAY, UTC)
    name = f"{PARTITIONED}_{start:%Y%m%d}"
    return (
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {PARTITIONED} "
        f"FOR VALUES FROM ('{start:%Y-%m-%d}Z') TO ('{start + timedelta(1):%Y-%m-%d}Z')"
    )


def create_incoming(table: Table) -> str:
    """Write the statement that makes the temporary table into which a batch with known points is copied."""
    return f"CREATE TEMPORARY TABLE {incoming(table)} (LIKE {table.name}) ON COMMIT DROP"


def incoming(table: Table) -> str:
    """Return the name of the temporary table."""
    return f"incoming_{table.name}"


def copy(name: str, columns: Sequence[str]) -> str:
    """Write the statement that copies rows into a table."""
    return f"COPY {name} ({quoted_names(columns)}) FROM STDIN"


def merge(table: Table) -> str:
    """Write the statement that moves what was copied into the table, replacing points of equal keys.

    Of equal points in the batch the last counts: PostgreSQL refuses to replace a row twice in one statement.
    """
    names = quoted_names((*keys(table), *table.fields))
    fields = list(map(quoted_name, table.fields))
    same = quoted_names(keys(table))
    changes = ", ".join(f"{name} = excluded.{name}" for name in fields)
    before = ", ".join(f"{table.name}.{name}" for name in fields)
    after = ", ".join(f"excluded.{name}" for name in fields)
    return (
        f"INSERT INTO {table.name} ({names}) "
        f"SELECT DISTINCT ON ({same}) {names} FROM {incoming(table)} ORDER BY {same}, ctid DESC "
        f"ON CONFLICT ({same}) DO UPDATE SET {changes} WHERE ({before}) IS DISTINCT FROM ({after})"
    )


FORM_QUERY = (
    "SELECT attname, format_type(atttypid, atttypmod), EXISTS (SELECT FROM pg_index "
    "WHERE indrelid = attrelid AND indisprimary AND attnum = ANY(indkey)) "
    "FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
)
"""Returns the columns of a table: name, type, and whether it is part of the key."""
