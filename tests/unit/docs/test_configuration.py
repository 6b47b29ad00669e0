import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from fintank.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "configuration.md").read_text()
NAMED = set(re.findall(r"`([^`\n]+)`", PAGE))


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from keys(one)


def test_every_key_of_rules_toml_is_explained() -> None:
    assert set(tomllib.loads((PROJECT_ROOT / "rules.toml").read_text())) <= NAMED


def test_every_key_of_config_json_is_explained() -> None:
    assert set(keys(json.loads((PROJECT_ROOT / "config.json").read_text()))) <= NAMED


def test_every_variable_that_the_sources_read_is_explained() -> None:
    sources = [*(PROJECT_ROOT / "src").rglob("*.py"), *(PROJECT_ROOT / "src").rglob("*.clj")]
    read = {name for source in sources for name in re.findall(r"\"(FINTANK_[A-Z_]+)\"", source.read_text())}
    explained = {name for span in NAMED for name in re.findall(r"FINTANK_[A-Z_]+", span)}
    assert read
    assert read <= explained
