"""What the README shows is true: its rule rejects what it says, its demo prints what it shows."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from support.readme_demo import readme_shape, shape

from fintank.audit.differences import AuditFindings
from fintank.demo.evidence import Evidence
from fintank.demo.summary import DemoResult, Throughput, lines
from fintank.settings import PROJECT_ROOT

TRY_THE_RULE = """
from decimal import Decimal
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, OrdType, Side, TimeInForce
from fintank.trading.shard import Shard

for symbol in ("IWS", "IVE"):
    order = Order("id", "account", symbol, Side.BUY, Decimal(1), None, OrdType.MARKET, 1,
                  TimeInForce.GTC, None, 1_700_000_000_000_000, "hash", "orders-0-0")
    report = Shard(Limits()).on_order(order, 0).reports[0]
    print(report.ord_status, report.text)
"""


def test_the_rule_of_the_readme_applies_and_rejects_only_its_symbol(tmp_path: Path) -> None:
    readme = (PROJECT_ROOT / "README.md").read_text()
    (patch,) = re.findall(r"```diff\n(.*?)```", readme, re.DOTALL)
    shutil.copytree(PROJECT_ROOT / "src" / "fintank", tmp_path / "src" / "fintank")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=tmp_path, text=True, check=True)
    done = subprocess.run(
        [sys.executable, "-c", TRY_THE_RULE],
        env={"PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["REJECTED code=RESTRICTED_SYMBOL symbol=IWS", "NEW None"]


def test_the_readme_shows_what_the_demo_prints() -> None:
    evidence = Evidence(messages=2, orders={}, reports=[], fills=[], rejects=Counter())
    throughputs = [Throughput(kind, 1, 1.0) for kind in ("fake ticks", "real quotes")]
    printed = [*lines(DemoResult("demo-1", throughputs, 1, 1, 1, evidence, [0.1]), {}, AuditFindings(), 0)]
    labels = [line[:22] for line in printed]
    shown = (PROJECT_ROOT / "README.md").read_text()
    # A figure that this run lacks has other words, so of those only the label is compared.
    assert re.findall("|".join(map(re.escape, labels)), shown) == labels
    comparable = [
        line for line in shape("\n".join(printed)) if "not measured" not in line and "()" not in line
    ]
    assert len(comparable) > 5
    assert set(comparable) <= set(readme_shape())
