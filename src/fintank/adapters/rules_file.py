"""The files rules.toml and instruments.toml, read where a command runs or a topology starts."""

from dataclasses import replace

from fintank import toml_file
from fintank.adapters import calendars
from fintank.settings import Settings
from fintank.trading.limits import Limits
from fintank.wire import instruments_toml, rules_toml


def load(loaded: Settings) -> Limits:
    """Read and check both files; FintankError if one is invalid."""
    rules, instruments = _texts(loaded)
    return replace(
        rules_toml.from_toml(rules, loaded.rules.name),
        instruments=instruments_toml.from_toml(instruments, loaded.instruments.name, calendars.sessions),
    )


def load_json(loaded: Settings) -> str:
    """Read and check both files; return them as JSON for the bolts."""
    rules, instruments = _texts(loaded)
    content = instruments_toml.to_content(instruments, loaded.instruments.name, calendars.sessions)
    return rules_toml.to_json(rules, loaded.rules.name, content)


def _texts(loaded: Settings) -> tuple[str, str]:
    return (
        toml_file.text(loaded.rules, "FINTANK_RULES names the file of the trading rules"),
        toml_file.text(loaded.instruments, "FINTANK_INSTRUMENTS names the file of the instruments"),
    )
