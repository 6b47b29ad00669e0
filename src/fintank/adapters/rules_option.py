"""The Storm option that carries rules.toml and instruments.toml to the bolts."""

from collections.abc import Mapping
from typing import Any

from fintank import settings
from fintank.errors import FintankError
from fintank.trading.limits import Limits
from fintank.wire import rules_toml


def from_storm(storm_conf: Mapping[str, Any]) -> Limits:
    """Read the option."""
    return rules_toml.from_json(json_from_storm(storm_conf), settings.RULES_OPTION)


def json_from_storm(storm_conf: Mapping[str, Any]) -> str:
    """Return the option's JSON; FintankError without one: only `sparse` knows the sessions of calendars."""
    text = storm_conf.get(settings.RULES_OPTION)
    if text is None:
        raise FintankError(
            f"the Storm option {settings.RULES_OPTION} is missing: start the topology with `sparse`"
        )
    return str(text)
