"""The files rules.toml and instruments.toml, written from what the tables of the scenarios hold."""

import json
from pathlib import Path
from typing import Any


def write_rules(folder: Path, rules: dict[str, Any]) -> dict[str, str]:
    """Write both files; return the variables that name them. rules: as scenarios.table.RULES."""
    numbers = {name: value for name, value in rules.items() if name != "instruments" and value is not None}
    (folder / "rules.toml").write_text(_lines(numbers))
    content = rules["instruments"]
    tables = [f"[[instrument]]\n{_lines(table)}" for table in content.get("instrument", [])]
    (folder / "instruments.toml").write_text(f"[default]\n{_lines(content['default'])}" + "".join(tables))
    return {
        "FINTANK_RULES": str(folder / "rules.toml"),
        "FINTANK_INSTRUMENTS": str(folder / "instruments.toml"),
    }


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(part)}" for name, part in value.items()) + " }"
    return json.dumps(value)
