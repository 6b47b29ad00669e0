import pytest

from fintank.adapters.sinks.copy_rows import Rows, rows_by_table

USUAL = "bid_ask,exchange=NYSE,symbol=IVE bid=94,ask=94.5 1764345600000000001"
SIZED = "bid_ask,exchange=N-Y.1,symbol=A-B bid=-1,ask=2.50,bid_size=3,ask_size=0.4 1764345600123456789"
COLUMNS = ("bid", "ask", "bid_size", "ask_size", "withdrawn")


def dicts(rows: Rows) -> list[dict[str, str]]:
    """Return the rows with the names of their columns, without nulls."""
    values = (row.split("\t") for row in rows.text.removesuffix("\n").split("\n"))
    named = [dict(zip(rows.columns, row, strict=True)) for row in values]
    return [{name: value for name, value in row.items() if value != "\\N"} for row in named]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("line", "row"),
    [
        (
            USUAL,
            {"exchange": "NYSE", "symbol": "IVE", "bid": "94", "ask": "94.5"}
            | {"time": "2025-11-28 16:00:00.000000Z", "nanoseconds": "001"},
        ),
        (
            SIZED,
            {"exchange": "N-Y.1", "symbol": "A-B", "bid": "-1", "ask": "2.50", "bid_size": "3"}
            | {"ask_size": "0.4", "time": "2025-11-28 16:00:00.123456Z", "nanoseconds": "789"},
        ),
    ],
)
def test_usual_ticks_are_rows_of_the_columns_they_have(line: str, row: dict[str, str], count: int) -> None:
    (found,) = rows_by_table("\n".join([line] * count))
    assert found.table == "bid_ask"
    assert not {*COLUMNS} & {*found.columns} - {*row}
    assert dicts(found) == [row] * count


@pytest.mark.parametrize(
    "line",
    [
        USUAL,
        SIZED,
        "bid_ask,exchange=NYSE,symbol=IVE ask=94.5,bid=94 1764345600000000001",
        "bid_ask,exchange=NYSE,symbol=IVE bid=94,ask=95,ask_size=1,bid_size=2 1764345600000000001",
        "bid_ask,exchange=NYSE,symbol=IVE bid=94,ask=95 1000000000000000",
        "bid_ask,exchange=NYSE,symbol=IVE bid=94,ask=95 -1",
        "bid_ask,exchange=NYSE,symbol=IVE bid=1e-05,ask=95 1764345600000000001",
        "bid_ask,exchange=NYSE,symbol=IVE bid=94 1764345600000000001",
        "bid_ask,exchange=a\\ b\\,c\\=d,symbol=IVE bid=94,ask=95 1764345600000000001",
        "bid_ask,symbol=IVE bid=94,ask=95 1764345600000000001",
    ],
)
def test_a_tick_means_the_same_alone_and_beside_others(line: str) -> None:
    def known(lines: str) -> list[dict[str, str]]:
        rows = [row for found in rows_by_table(lines) if found.table == "bid_ask" for row in dicts(found)]
        return [row | {"nanoseconds": str(int(row["nanoseconds"]))} for row in rows]

    (alone,) = known(f"{line}\nreference_price,symbol=IVE price=1 5")
    alone = {name: value for name, value in alone.items() if value}
    assert known(line)[0].items() >= alone.items()
    for other in (USUAL, SIZED):
        assert [row.items() >= alone.items() for row in known(f"{other}\n{line}\n{other}")][1]


@pytest.mark.parametrize(
    ("time_ns", "time", "nanoseconds"),
    [("5", "1970-01-01 00:00:00.000000Z", "5"), ("-1", "1969-12-31 23:59:59.999999Z", "999")],
)
def test_a_time_is_microseconds_and_the_nanoseconds_below(time_ns: str, time: str, nanoseconds: str) -> None:
    (found,) = rows_by_table(f"reference_price,symbol=IVE price=1 {time_ns}")
    (row,) = dicts(found)
    assert (row["time"], row["nanoseconds"]) == (time, nanoseconds)


def test_names_and_texts_are_escaped_for_copy() -> None:
    line = (
        'quote_faults,fault=a\\ b\\,c\\=d,rank=A\\B symbol="say \\"x\\"\\\\n\t",exchanges="",lasted_ms=5i 7'
    )
    (found,) = rows_by_table(line)
    assert found.text.split("\t", 2)[2] == 'a b,c=d\tA\\\\B\t\tsay \\"x\\"\\\\n\\t\t\t\\N\t5\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x", "not a line: 'x'"),
        ("bid_ask,symbol=S ! 5", "not a line"),
        ("nothing a=1 5", "there is no table nothing"),
        ("bid_ask,symbol=S price=1 5", "the table bid_ask has no column price"),
        ("bid_ask,venue=N bid=1 5", "the table bid_ask has no column venue"),
        ("bid_ask,symbol=S bid=1 999999999999999999999", "not a time"),
        ("bid_ask,symbol=S bid=1 9999999999999999999999999999", "not a time"),
    ],
)
def test_a_line_without_a_table_for_it_is_named(line: str, reason: str) -> None:
    for lines in (line, f"{USUAL}\n{line}"):
        with pytest.raises(ValueError, match=reason):
            rows_by_table(lines)
