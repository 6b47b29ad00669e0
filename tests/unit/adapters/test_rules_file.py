"""Finding the file of the trading rules."""

from pathlib import Path

import pytest

from fintank import settings
from fintank.adapters import rules_file, rules_option
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


def test_the_file_of_the_instruments_is_found_and_told_likewise(tmp_path: Path) -> None:
    assert settings.load({}).instruments == PROJECT_ROOT / "instruments.toml"
    file = tmp_path / "mine.toml"
    named = settings.load({"FINTANK_INSTRUMENTS": str(file)})
    with pytest.raises(FintankError, match=r"mine\.toml can't be read .* FINTANK_INSTRUMENTS"):
        rules_file.load(named)
    file.write_text('[default]\nlot_size = "1"\n')
    with pytest.raises(FintankError, match=r"^mine\.toml: \[default\]: currency is missing"):
        rules_file.load(named)


def test_bolts_get_both_files_with_the_sessions(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[default]\nlot_size = "1"\ncurrency = "EUR"\ncalendar = "XETR"\n')
    loaded = settings.load({"FINTANK_INSTRUMENTS": str(file)})
    option = {"fintank.rules": rules_file.load_json(loaded)}
    assert rules_option.from_storm(option) == rules_file.load(loaded)
    with pytest.raises(FintankError, match=r"fintank\.rules is missing: start the topology with `sparse`"):
        rules_option.from_storm({})
