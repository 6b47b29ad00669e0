"""The dashboards follow Grafana's own types: TypeScript checks them against the package @grafana/schema."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.grafana_packages import NODE_MODULES

from fintank.grafana.files import dashboards

pytestmark = pytest.mark.soak

VERSIONS = ["grafana-12", "grafana-13"]
KINDS = {"timeseries": "TimeSeries", "stat": "Stat", "table": "Table"}
OWN_FIELDS = {"timeseries", "table"}
PLAIN = """
/** A type as JSON has it: a text in place of an enumeration. */
type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[] : T extends object ? {[K in keyof T]: Plain<T[K]>} : T;
"""
OPTIONS = {
    "strict": True,
    "noEmit": True,
    "module": "nodenext",
    "target": "es2022",
    "skipLibCheck": True,
    "types": [],
}


def module(version: str, boards: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of a TypeScript module that holds the dashboards, each panel's options and fields."""
    yield f"import type {{Dashboard}} from '{version}';"
    for kind, name in KINDS.items():
        path = f"{version}/dist/esm/raw/composable/{kind}/panelcfg/x/{name}PanelCfg_types.gen"
        yield f"import type * as {kind} from '{path}';"
    yield PLAIN
    for number, board in enumerate(boards.values()):
        yield f"export const board{number}: Plain<Dashboard> = {json.dumps(board)};"
        for panel in board["panels"]:
            kind, name = panel["type"], f"panel{number}_{panel['id']}"
            yield f"export const {name}: Plain<Partial<{kind}.Options>> = {json.dumps(panel['options'])};"
            if kind in OWN_FIELDS:
                fields = json.dumps(panel["fieldConfig"]["defaults"]["custom"])
                yield f"export const {name}_fields: Plain<Partial<{kind}.FieldConfig>> = {fields};"


def errors(folder: Path, version: str, boards: dict[str, dict[str, Any]]) -> str:
    """Return what TypeScript finds wrong in the dashboards."""
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text("{}")
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "files": ["boards.ts"]}))
    (folder / "boards.ts").write_text("\n".join(module(version, boards)))
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(NODE_MODULES)
    compiler = [NODE_MODULES / ".bin" / "tsc", "-p", folder]
    return subprocess.run(compiler, capture_output=True, text=True, timeout=120, check=False).stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_every_dashboard_has_the_types_of_grafana(tmp_path: Path, version: str) -> None:
    assert errors(tmp_path, version, dashboards()) == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_what_grafana_does_not_know_is_found(tmp_path: Path, version: str) -> None:
    boards = dashboards()
    board = next(iter(boards.values()))
    board["refesh"] = board.pop("refresh")
    panel = next(panel for panel in board["panels"] if panel["type"] == "table")
    panel["options"] = {"footer": {"show": False}}
    found = errors(tmp_path, version, boards)
    assert "'\"refesh\"' does not exist" in found
    assert "'\"footer\"' does not exist" in found
