"""The files rules.toml and instruments.toml, read where a command runs or a topology starts."""

from dataclasses import replace
from pathlib import Path

from fintank.adapters import calendars
from fintank.errors import FintankError
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


def calendar_lines(limits: Limits) -> list[str]:
    """Return a line for each calendar in use that says how long its sessions are known."""
    return list(map(calendars.known_until, limits.instruments.calendars))


def _texts(loaded: Settings) -> tuple[str, str]:
    return (
        _text(loaded.rules, "FINTANK_RULES", "trading rules"),
        _text(loaded.instruments, "FINTANK_INSTRUMENTS", "instruments"),
    )


def _text(path: Path, variable: str, what: str) -> str:
    try:
        if path.exists() and not path.is_file():
            raise OSError("not a file")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FintankError(
            f"{path} can't be read ({error}): {variable} names the file of the {what}"
        ) from None
