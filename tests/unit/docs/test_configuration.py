import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from fintank.adapters.kafka_topics import topics
from fintank.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "configuration.md").read_text()
NAMED = set(re.findall(r"`([^`\n]+)`", PAGE))


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from keys(one)


def test_every_key_of_rules_toml_is_explained_above_it() -> None:
    text = (PROJECT_ROOT / "rules.toml").read_text()
    explained = {
        key
        for block in text.split("\n\n")
        if block.startswith("# ")
        for key in re.findall(r"^(\w+) = ", block, re.MULTILINE)
    }
    assert explained == set(tomllib.loads(text))


def test_every_key_of_config_json_is_explained() -> None:
    assert set(keys(json.loads((PROJECT_ROOT / "config.json").read_text()))) <= NAMED


def test_every_variable_that_the_sources_read_is_explained() -> None:
    sources = [*(PROJECT_ROOT / "src").rglob("*.py"), *(PROJECT_ROOT / "src").rglob("*.clj")]
    read = {name for source in sources for name in re.findall(r"\"(FINTANK_[A-Z_]+)\"", source.read_text())}
    explained = {name for span in NAMED for name in re.findall(r"FINTANK_[A-Z_]+", span)}
    assert read
    assert read <= explained


def test_the_row_of_a_topic_has_all_its_settings() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    (for_all,) = (line for line in PAGE.splitlines() if line.startswith("| all |"))
    for name, topic in topics().items():
        (row,) = (row for row in rows if f"`{name}`" in row.split("|")[1] and "cleanup.policy=" in row)
        assert row.split("|")[2].strip() == str(topic.partitions)
        listed = set(re.findall(r"`([a-z.]+=[^`]+)`", row + for_all))
        assert listed == {f"{key}={value}" for key, value in topic.configs.items()}
