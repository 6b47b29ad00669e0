"""The file rules.toml, read where a command runs or a topology is submitted, never on a worker."""

from collections.abc import Mapping
from typing import Any

from fintank import settings
from fintank.errors import FintankError
from fintank.settings import Settings
from fintank.trading.limits import Limits
from fintank.wire import rules_toml


def load(loaded: Settings) -> Limits:
    """Read and check the file; FintankError if it is invalid."""
    return rules_toml.from_toml(_text(loaded), loaded.rules.name)


def load_json(loaded: Settings) -> str:
    """Read and check the file; return it as JSON for the bolts."""
    return rules_toml.to_json(_text(loaded), loaded.rules.name)


def json_from_storm(storm_conf: Mapping[str, Any]) -> str:
    """Return the JSON that from_storm reads."""
    text = storm_conf.get(settings.RULES_OPTION)
    return load_json(settings.load()) if text is None else str(text)


def from_storm(storm_conf: Mapping[str, Any]) -> Limits:
    """Read the Storm option fintank.rules; without it, when a bolt runs without `sparse`, the file itself."""
    return rules_toml.from_json(json_from_storm(storm_conf), settings.RULES_OPTION)


def _text(loaded: Settings) -> str:
    try:
        if loaded.rules.exists() and not loaded.rules.is_file():
            raise OSError("not a file")
        return loaded.rules.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FintankError(
            f"{loaded.rules} can't be read ({error}): FINTANK_RULES names the file of the trading rules"
        ) from None
