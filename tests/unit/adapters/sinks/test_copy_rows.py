import pytest

from fintank.adapters.sinks.copy_rows import rows_by_table

USUAL = "bid_ask,exchange=NYSE,symbol=IVE bid=94,ask=94.5 1764345600000000001"


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ("bid=94,ask=94.5", ["94", "94.5", "", "", ""]),
        ("bid=-1,bid_size=7", ["-1", "", "7", "", ""]),
        ("ask=2,ask_size=0.5", ["", "2", "", "0.5", ""]),
        ("bid=1,ask=2,bid_size=3,ask_size=4", ["1", "2", "3", "4", ""]),
        ("withdrawn=1i", ["", "", "", "", "1"]),
    ],
)
def test_a_tick_is_one_row_alone_and_among_other_points(fields: str, values: list[str]) -> None:
    line = f"bid_ask,exchange=NYSE,symbol=IVE {fields} 5"
    row = "\t".join(["5", "NYSE", "IVE", *values]) + "\n"
    assert rows_by_table(line) == {"bid_ask": row}
    assert rows_by_table(f"{line}\n{USUAL}\n{line}")["bid_ask"].count(row) == 2
    mixed = rows_by_table(f"{line}\nreference_price,symbol=IVE price=1 5\n{line}")
    assert mixed == {"bid_ask": row * 2, "reference_price": "5\tIVE\t\t\t1\n"}


def test_names_and_texts_are_escaped_for_copy() -> None:
    line = 'quote_faults,fault=a\\ b\\,c\\=d,rank=A\\B symbol="say \\"x\\"\\\\n\t",lasted_ms=5i 7'
    assert rows_by_table(line) == {"quote_faults": '7\ta b,c=d\tA\\\\B\t\tsay \\"x\\"\\\\n\\t\t\t\t5\n'}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x", "not a line: 'x'"),
        ("bid_ask,symbol=S ! 5", "not a line"),
        ("nothing a=1 5", "there is no table nothing"),
        ("bid_ask,symbol=S price=1 5", "the table bid_ask has no column price"),
        ("bid_ask,venue=N bid=1 5", "the table bid_ask has no column venue"),
    ],
)
def test_a_line_without_a_table_for_it_is_named(line: str, reason: str) -> None:
    for lines in (line, f"{USUAL}\n{line}"):
        with pytest.raises(ValueError, match=reason):
            rows_by_table(lines)
