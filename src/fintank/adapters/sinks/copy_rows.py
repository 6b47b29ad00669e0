"""Line protocol as rows of PostgreSQL's COPY: tab-separated text, an empty value being null."""

import re

from fintank.wire.points.point_tables import TABLES
from fintank.wire.points.point_values import texts_of

_TICK = TABLES["bid_ask"]
_USUAL_TICK = re.compile(
    r"^bid_ask,exchange=([^,= ]+),symbol=([^,= ]+) "
    r"(?:bid=([0-9.-]+),?)?(?:ask=([0-9.-]+),?)?(?:bid_size=([0-9.-]+),?)?(?:ask_size=([0-9.-]+),?)?"
    r"(?:withdrawn=([0-9]+)i)? ([0-9]+)$",
    re.MULTILINE,
)
_TICK_ROW = r"\8\t\1\t\2\t\3\t\4\t\5\t\6\t\7"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"})


def rows_by_table(lines: str) -> dict[str, str]:
    """Return the rows of each measurement in a batch; ValueError for a line that can't be a row."""
    if "\\" not in lines and "\t" not in lines:
        # Most batches are ticks: regular expressions turn them into rows without an object each.
        rows, count = _USUAL_TICK.subn(_TICK_ROW, lines)
        if count == lines.count("\n") + 1:
            return {_TICK.name: f"{rows}\n"}
    found: dict[str, list[str]] = {}
    for line in lines.split("\n"):
        name, row = _row(line)
        found.setdefault(name, []).append(row)
    return {name: "".join(rows) for name, rows in found.items()}


def _row(line: str) -> tuple[str, str]:
    name, tags, fields, time_ns = texts_of(line)
    table = TABLES.get(name)
    if table is None:
        raise ValueError(f"there is no table {name}")
    unknown = [*(set(tags) - {*table.tags}), *(set(fields) - {*table.fields})]
    if unknown:
        raise ValueError(f"the table {name} has no column {unknown[0]}")
    values = [time_ns, *(tags.get(tag, "").translate(_ESCAPES) for tag in table.tags)]
    values += [_value(fields.get(field, "")) for field in table.fields]
    return name, "\t".join(values) + "\n"


def _value(text: str) -> str:
    if text.startswith('"'):
        # COPY reads \" and \\ as line protocol does.
        return text[1:-1].replace("\t", "\\t").replace("\r", "\\r")
    return text.removesuffix("i")
