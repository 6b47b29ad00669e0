"""Every sentence of the semantics is held by a scenario or by another test."""

import re

from scenarios.sentences import plain, sentences
from scenarios.table import FOLDER, scenarios

PROJECT_ROOT = FOLDER.parent.parent


def table() -> dict[str, str]:
    """Return sentence -> what holds it."""
    rows = re.findall(r"^\| (.+?) \| ([^|]+) \|$", (FOLDER / "sentences.md").read_text(), re.MULTILINE)
    return {plain(sentence.replace("\\|", "|")): held for sentence, held in rows}


def test_every_sentence_is_in_the_table() -> None:
    held = table()
    page = (PROJECT_ROOT / "docs" / "trading.md").read_text()
    missing = [sentence for sentence in sentences(page) if sentence not in held]
    assert missing == []


def test_what_holds_a_sentence_exists() -> None:
    ids = {scenario.id for scenario in scenarios()}
    wrong = [
        name
        for held in table().values()
        for name in held.split(", ")
        if name not in ids
        and name not in ("-", "---", "scenarios and tests")
        and not (PROJECT_ROOT / name).is_file()
    ]
    assert wrong == []


def test_every_scenario_holds_a_sentence() -> None:
    named = {name for held in table().values() for name in held.split(", ")}
    assert [scenario.id for scenario in scenarios() if scenario.id not in named] == []
