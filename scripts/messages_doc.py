"""Write docs/messages.md from the JSON Schemas of the messages: .venv/bin/python scripts/messages_doc.py"""

import json
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = PROJECT_ROOT / "src" / "fintank" / "wire" / "kafka" / "schemas"
DOCUMENT = PROJECT_ROOT / "docs" / "messages.md"

NAMES = (
    *("tick", "portfolio_order", "order", "cancel", "replace", "mass_cancel", "trading_state"),
    *("execution", "order_cancel_reject", "fill", "reject"),
    *("journal_order", "journal_closed_order", "journal_refusal", "journal_cancel", "journal_quote"),
    *("journal_clock", "journal_reference", "journal_window", "journal_trading_state", "journal_positions"),
    *("timeline_adoption", "timeline_jump", "timeline_shift", "timeline_behind", "timeline_resharded"),
)

OPENING = """\
# Messages

Every message is a JSON object in UTF-8, one per Kafka record. Its JSON Schema (draft 2020-12) in
[src/fintank/wire/kafka/schemas](../src/fintank/wire/kafka/schemas) is the only definition of its fields: the
code reads and writes reports, fills and orders by it (`src/fintank/wire/kafka/schema.py`), and
`scripts/messages_doc.py` generates this page from it. `schema_version` changes when a reader of the old
messages could not read the new ones.

In InfluxDB a message is one point: the tags named below, and all other fields as fields. A time `x` is `x_us`
there, in whole microseconds (`timestamp` is `order_time_us`), and the tag `partition` is the record's. The
point of an order also has the record's `offset`, the `list_id` of a component and, as `text`, why it was
rejected; a portfolio order has its `symbols` instead of the portfolio. The point of a tick has only prices
and sizes; without any side it has `withdrawn` instead.
"""


def document() -> str:
    """Return the text of the page."""
    types = read("types")["$defs"]
    return "\n".join([OPENING, *(section(name, read(name), types) for name in NAMES)])


def read(name: str) -> dict[str, Any]:
    """Return a schema by its name."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return schema


def section(name: str, schema: dict[str, Any], types: dict[str, Any]) -> str:
    """Return a message's heading, facts, table of fields and example."""
    key = schema["key"].replace("|", "\\|")
    facts = (
        f"Topic {schema['topic']}, key {key}, schema "
        f"[{name}.json](../src/fintank/wire/kafka/schemas/{name}.json), version {schema['schema_version']}."
    )
    if "measurement" in schema:
        facts += f" InfluxDB: measurement {schema['measurement']}, tags {', '.join(schema['tags'])}."
    rows = [
        f"| {field} | {'yes' if field in schema['required'] else 'no'} | {type_text(part, types)} "
        f"| {part['description']} |"
        for field, part in schema["properties"].items()
    ]
    return "\n".join(
        [
            f"## {schema['title']}",
            "",
            schema["description"],
            "",
            facts,
            "",
            "| field | required | value | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            "```json",
            json.dumps(schema["examples"][0]),
            "```",
            "",
        ]
    )


def type_text(part: dict[str, Any], types: dict[str, Any]) -> str:
    """Say what a field may hold."""
    if "$ref" in part:
        return type_text(types[part["$ref"].rpartition("/")[2]], types)
    if "title" in part:
        return str(part["title"])
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join("null" if value is None else f"`{value}`" for value in part["enum"])
    if "anyOf" in part:
        return "; or ".join(type_text(choice, types) for choice in part["anyOf"])
    kinds = part["type"]
    return kinds if isinstance(kinds, str) else "; or ".join(kinds)


if __name__ == "__main__":
    DOCUMENT.write_text(document())
