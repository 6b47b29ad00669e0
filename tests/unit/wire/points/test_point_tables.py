"""The tables have what the lines have."""

import re
from random import Random

from factories import order, portfolio_order
from properties.valid_records import APPEND_MS, EXECUTIONS, FILLS, Topic, text_of

from fintank.settings import PROJECT_ROOT
from fintank.wire.kafka import executions, fills
from fintank.wire.points import order_points, point_values
from fintank.wire.points.point_tables import PIPELINE_FIELDS, TABLES, Kind


def test_tags_are_sorted_as_in_lines() -> None:
    assert all(list(table.tags) == sorted(table.tags) for table in TABLES.values())


def test_the_pipelines_fields_are_those_of_its_page() -> None:
    page = (PROJECT_ROOT / "docs" / "pipeline.md").read_text().split("The rule engine also writes")[0]
    cells = re.findall(r"^\| (`.*?`) \|", page, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == set(PIPELINE_FIELDS)


def kinds_of(line: str) -> dict[str, Kind]:
    """Return the kind of each field of a line."""
    _, fields, _ = point_values._LINE.fullmatch(line).groups()  # type: ignore[union-attr]
    return {
        name: Kind.TEXT if text[0] == '"' else Kind.INTEGER if text.endswith("i") else Kind.NUMBER
        for name, text in point_values._FIELD.findall(fields)
    }


def tags_of(line: str) -> set[str]:
    return {name for name, _ in point_values._TAG.findall(line.split(" ", maxsplit=1)[0])}


def lines() -> list[str]:
    def of(topic: Topic, to_lines) -> list[str]:  # type: ignore[no-untyped-def]
        records = "\n".join(text_of(topic.good(Random(number), number)) for number in range(300))
        return list(to_lines(topic.name, 1, f"0,300,{APPEND_MS}", records).lines.split("\n"))

    orders = [
        order_points.component_line(order("10", input="1-7")),
        order_points.portfolio_line(portfolio_order({"IVE": "1"})),
    ]
    return of(EXECUTIONS, executions.to_lines) + of(FILLS, fills.to_lines) + orders


def test_each_field_of_a_line_has_its_column_and_kind() -> None:
    for line in lines():
        table = TABLES[re.split("[, ]", line)[0]]
        assert kinds_of(line).items() <= table.fields.items()
        assert tags_of(line) <= set(table.tags)
