"""What the bolts are told by options of Storm."""

from collections.abc import Mapping
from typing import Any

from fintank import settings
from fintank.adapters import rules_file
from fintank.settings import RULES_OPTION
from fintank.trading.limits import Limits
from fintank.wire import rules_toml


def limits(storm_conf: Mapping[str, Any]) -> Limits:
    """Return the limits of the Storm option fintank.rules, which `sparse` takes from the file rules.toml.

    Without the option, as when the bolts run without `sparse`, of the file itself.
    """
    text = storm_conf.get(RULES_OPTION)
    return rules_file.load(settings.load()) if text is None else rules_toml.from_json(text, RULES_OPTION)
