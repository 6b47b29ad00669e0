"""The Storm option that carries rules.toml and instruments.toml to the bolts, as JSON."""

from collections.abc import Mapping
from typing import Any

from fintank.errors import FintankError
from fintank.trading.limits import Limits
from fintank.wire import rules_toml

OPTION = "fintank.rules"


def from_storm(storm_conf: Mapping[str, Any]) -> Limits:
    """Read the option."""
    return rules_toml.from_json(json_from_storm(storm_conf), OPTION)


def json_from_storm(storm_conf: Mapping[str, Any]) -> str:
    """Return the option's JSON; FintankError without one: only `sparse` knows the sessions of calendars."""
    text = storm_conf.get(OPTION)
    if text is None:
        raise FintankError(f"the Storm option {OPTION} is missing: start the topology with `sparse`")
    return str(text)
