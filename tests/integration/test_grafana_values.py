"""Numbers in the dashboards look as they should: the package @grafana/data formats them as Grafana does."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.grafana_packages import NODE_MODULES

from fintank.grafana.files import ORDER_FLOW, dashboards

pytestmark = pytest.mark.soak

NUMBERS = [93.97388, 110250.13, 0.1 + 0.2]
FIELDS = [
    {"name": "last_px", "type": "number", "values": NUMBERS},
    {"name": "cash", "type": "number", "values": NUMBERS},
    {"name": "symbol", "type": "string", "values": ["7203"]},
]
PRICES, SUMS = ["93.97388", "110,250.13", "0.3"], ["93.97", "110,250.13", "0.3"]
SCRIPT = """
globalThis.navigator ??= {language: 'en-US', languages: ['en-US']};
const grafana = require('@grafana/data');
const {panels, fields} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const fieldConfigRegistry = new grafana.FieldConfigOptionsRegistry();
for (const id of ['unit', 'decimals']) {
  const process = value => value, shouldApply = () => true;
  fieldConfigRegistry.register({id, path: id, name: id, isCustom: false, process, shouldApply});
}
const shown = ({fieldConfig}) => {
  const [frame] = grafana.applyFieldOverrides({
    data: [grafana.toDataFrame({fields})], fieldConfig, fieldConfigRegistry,
    theme: grafana.createTheme(), timeZone: 'utc', replaceVariables: text => text,
  });
  const written = field => field.values.map(value => grafana.formattedValueToString(field.display(value)));
  return Object.fromEntries(frame.fields.map(field => [field.name, written(field)]));
};
console.log(JSON.stringify(panels.map(shown)));
"""


def written(folder: Path, panels: list[dict[str, Any]]) -> list[dict[str, list[str]]]:
    """Return the texts of FIELDS in each panel, by field."""
    script = folder / "values.cjs"
    script.write_text(SCRIPT)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    given = json.dumps({"panels": panels, "fields": FIELDS})
    done = subprocess.run(
        ["node", script], input=given, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_prices_keep_their_digits_sums_have_two_and_thousands_are_separated(tmp_path: Path) -> None:
    panels = dashboards()[ORDER_FLOW["influxdb"]]["panels"]
    seen = {panel["title"]: texts for panel, texts in zip(panels, written(tmp_path, panels), strict=True)}
    for title in ("$symbol: bid, ask and trades", "Shares", "Portfolio orders", "Fills", "Executions"):
        assert seen[title]["last_px"] == PRICES
    for title in ("Turnover", "Cash", "Deposits and withdrawals"):
        assert seen[title]["cash"] == SUMS
    assert seen["Positions"] == {"last_px": PRICES, "cash": SUMS, "symbol": ["7203"]}
    assert seen["Spread"]["last_px"][0] == "94.0 bp"


def test_no_panel_shortens_a_number_or_takes_a_symbol_for_one(tmp_path: Path) -> None:
    panels = [panel for board in dashboards().values() for panel in board["panels"]]
    for panel, texts in zip(panels, written(tmp_path, panels), strict=True):
        if panel["fieldConfig"]["defaults"]["unit"] == "locale":
            assert texts["cash"][1].startswith("110,250.1"), panel["title"]
        if panel["type"] == "table":
            assert texts["symbol"] == ["7203"], panel["title"]


def test_the_unit_short_would_shorten_prices(tmp_path: Path) -> None:
    (texts,) = written(tmp_path, [{"fieldConfig": {"defaults": {"unit": "short"}, "overrides": []}}])
    assert texts["last_px"][:2] == ["94.0", "110 K"]
