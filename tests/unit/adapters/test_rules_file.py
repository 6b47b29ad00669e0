"""Finding the file of the trading rules."""

from pathlib import Path

import pytest

from fintank import settings
from fintank.adapters import rules_file
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT


def test_the_file_is_the_projects_own_unless_another_is_named(tmp_path: Path) -> None:
    assert settings.load({}).rules == PROJECT_ROOT / "rules.toml"
    named = settings.load({"FINTANK_RULES": str(tmp_path / "mine.toml")})
    assert named.rules == tmp_path / "mine.toml"


def test_an_error_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text((PROJECT_ROOT / "rules.toml").read_text() + "\nlots = 1\n")
    with pytest.raises(FintankError, match=r"^mine\.toml: unknown key lots: "):
        rules_file.load(settings.load({"FINTANK_RULES": str(file)}))


def test_an_unreadable_file_is_named_with_the_variable(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match=r"nothing\.toml can't be read .* FINTANK_RULES"):
        rules_file.load(settings.load({"FINTANK_RULES": str(tmp_path / "nothing.toml")}))


def test_bolts_use_the_option_or_else_the_file() -> None:
    loaded = settings.load({})
    text = rules_file.load_json(loaded)
    limits = rules_file.load(loaded)
    assert rules_file.from_storm({}) == limits == rules_file.from_storm({"fintank.rules": text})
    other = text.replace('"max_open_orders": 100000', '"max_open_orders": 3')
    assert rules_file.from_storm({"fintank.rules": other}).max_open_orders == 3
