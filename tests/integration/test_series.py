"""However many accounts there are, InfluxDB's series stay few and no point is lost."""

import json
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.stack import Stack, fintank, query, run_fintank

from fintank.adapters.kafka_topics import partition_for
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT
from fintank.storm import sparse_run
from fintank.wire.kafka import executions, fills

SCHEMAS = PROJECT_ROOT / "src" / "fintank" / "wire" / "kafka" / "schemas"
NOW = time.time()
ACCOUNTS = [f"account-{number}" for number in range(400)]
SYMBOLS = [f"SYM{number}" for number in range(50)]
ODD_ACCOUNTS = ["A\\", "\\\\", ' "', "a,b=c d", "'; DROP SERIES FROM fills; --", "é 中", "/re.*/", "$account"]
OLD = 'executions,account=A-1,symbol=IVE exec_id="old" 1438539936000000000'


def write(where: Stack, schema: str, accounts: Sequence[str], symbols: Sequence[str]) -> None:
    """Store a record for each account and symbol, all with the same timestamp, as the loaders do."""
    example: dict[str, Any] = json.loads((SCHEMAS / f"{schema}.json").read_text())["examples"][0]
    topic, to_lines, key = {
        "execution": ("executions", executions.to_lines, "symbol"),
        "fill": ("fills", fills.to_lines, "account"),
    }[schema]
    records: list[list[str]] = [[], [], [], []]
    for number, (account, symbol) in enumerate(product(accounts, symbols)):
        names = {"account": account, "symbol": symbol, "last_mkt": f"VENUE{number % 100}"}
        record = {**example, **names, "transact_time": NOW}
        records[partition_for(record[key], 4)].append(json.dumps(record))
    for partition, texts in enumerate(records):
        if not texts:
            continue
        made = to_lines(topic, partition, f"0,{len(texts)},{int(NOW * 1000)}", "\n".join(texts))
        assert made.rejects == []
        assert InfluxDB(where.settings.sink).write(made.lines) == []


def series(where: Stack, measurement: str) -> int:
    return int(str(query(where.settings, f"SHOW SERIES EXACT CARDINALITY FROM {measurement}")[0]["count"]))


@pytest.mark.parametrize(("schema", "series_a_symbol"), [("execution", 1), ("fill", 4)])
def test_accounts_and_venues_add_no_series_and_no_point_overwrites_another(
    empty_stack: Stack, schema: str, series_a_symbol: int
) -> None:
    measurement = f"{schema}s"
    write(empty_stack, schema, ACCOUNTS, SYMBOLS)
    (found,) = query(empty_stack.settings, f"SELECT count(exec_id) FROM {measurement}")
    assert found["count"] == len(ACCOUNTS) * len(SYMBOLS)
    assert series(empty_stack, measurement) == len(SYMBOLS) * series_a_symbol
    one = query(empty_stack.settings, f"SELECT account FROM {measurement} WHERE account = 'account-7'")
    assert len(one) == len(SYMBOLS)


def test_any_account_is_stored_unchanged(empty_stack: Stack) -> None:
    write(empty_stack, "fill", ODD_ACCOUNTS, ["ODD"])
    found = query(empty_stack.settings, "SELECT account FROM fills WHERE symbol = 'ODD'")
    assert {row["account"] for row in found} == set(ODD_ACCOUNTS)


def test_a_report_lists_accounts(empty_stack: Stack, tmp_path: Path) -> None:
    write(empty_stack, "fill", ACCOUNTS, SYMBOLS)
    out = tmp_path / "report.html"
    fintank(empty_stack, "report", "--out", str(out))
    html = out.read_text()
    for account in ACCOUNTS:
        assert f"<bdi>{account}</bdi>" in html
    assert " more symbols" in html


@pytest.mark.parametrize("command", [["report", "--out", "/dev/null"], ["reconcile"]], ids=" ".join)
def test_points_of_an_earlier_version_are_reported_with_their_cure(
    empty_stack: Stack, command: list[str]
) -> None:
    assert InfluxDB(empty_stack.settings.sink).write(OLD) == []
    done = run_fintank(empty_stack, *command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "with other tags: run `invoke reset`, or " in done.stderr
    with pytest.raises(FintankError, match=r"DROP MEASUREMENT executions$") as error:
        sparse_run.check(empty_stack.settings)
    query(empty_stack.settings, str(error.value).rpartition(": ")[2])
    assert "other tags" not in run_fintank(empty_stack, *command).stderr
