"""The cookbook, rendered to the files that a converge would write."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fintank.settings import PROJECT_ROOT

COOKBOOK = PROJECT_ROOT / "cookbooks" / "fintank"
RENDER = PROJECT_ROOT / "tests" / "vm" / "render.rb"


@dataclass(frozen=True)
class Rendered:
    """The files (`root` stands for /), the attributes, and all resources in their order."""

    root: Path
    node: dict[str, Any]
    resources: list[dict[str, Any]]

    def text(self, path: str) -> str:
        return self.path(path).read_text()

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def of_type(self, *types: str) -> list[dict[str, Any]]:
        return [one for one in self.resources if one["type"] in types]


def run_render(root: Path, cookbook: Path, **attributes: Any) -> subprocess.CompletedProcess[str]:
    """Render a cookbook with these attributes."""
    given = root.with_suffix(".json")
    given.write_text(json.dumps({"fintank": {"project": str(PROJECT_ROOT), **attributes}}))
    command = ["ruby", str(RENDER), str(cookbook), str(root), str(given)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
