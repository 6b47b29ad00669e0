"""The files of `dashboards/` that are made by code: their paths, and what they must hold."""

import io
import json
from pathlib import Path

from ruamel.yaml import YAML

from fintank.grafana.alerts import alert_rules
from fintank.grafana.operations import operations
from fintank.grafana.order_flow import order_flow
from fintank.grafana.panels import Json
from fintank.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "dashboards"
YAML_CHARS_MAX = 4_096
"""Longer lines are folded: never, as a query must stay one line."""


def made_files() -> dict[Path, str]:
    """Return the text of each file."""
    return {
        FOLDER / "order-flow.json": _json(order_flow()),
        FOLDER / "operations.json": _json(operations()),
        FOLDER / "provisioning" / "alerting" / "fintank.yaml": _yaml(alert_rules()),
    }


def _json(content: Json) -> str:
    return json.dumps(content, indent=2) + "\n"


def _yaml(content: Json) -> str:
    yaml = YAML()
    yaml.width = YAML_CHARS_MAX
    stream = io.StringIO()
    stream.write("# Made by scripts/dashboards.py.\n")
    yaml.dump(content, stream)
    return stream.getvalue()
