"""docs/operations.md: a backup, the loss of everything, the restore; then trading goes on."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from support.order_flow import order_flow
from support.order_reports import CommittedLog
from support.order_traffic import market_order, producer_of, send, tick
from support.stack import BIN, Stack, create_topics, fintank
from support.waiting import wait_until

from fintank.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "operations.md").read_text()
COMMAND_TIMEOUT_S = 300
DECIDED_TIMEOUT_S = 120


def commands_of(section: str) -> list[str]:
    """Return the commands of the first code block in a section of the page."""
    found = re.search(rf"^## {section}$.*?^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1].splitlines()


def run(stack: Stack, folder: Path, commands: list[str]) -> None:
    """Run commands of the page, in a folder, on the home of this stack."""
    environ = {**stack.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        words = command.replace(".fintank", str(stack.settings.home)).replace("invoke", "fintank").split()
        done = subprocess.run(
            words,
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def trade(stack: Stack, folder: Path, name: str, orders: int, waiting: int) -> None:
    """Let `orders` orders trade at once, and as many that wait from before as their quotes come."""
    address = stack.settings.kafka
    with order_flow(stack.environ, folder) as flow, CommittedLog(address, "fills") as fills:
        before = len(fills.read())
        send(address, "ticks", "symbol", [tick("IVE"), *([tick("LATER")] if waiting else [])])
        sent = [market_order(f"{name}-{number}", "IVE", "1") for number in range(orders)]
        send(address, "orders", "account", sent)
        wait_until(lambda: len(fills.read()) == before + orders + waiting, DECIDED_TIMEOUT_S, flow.text)
        assert flow.end() == 0


@pytest.mark.soak
def test_a_restored_backup_is_reconciled_and_audited_and_trading_goes_on(
    empty_stack: Stack, jar: Path, tmp_path: Path
) -> None:
    create_topics(empty_stack)
    address = empty_stack.settings.kafka
    send(address, "orders", "account", [market_order("open", "LATER", "1")])
    trade(empty_stack, tmp_path, "first", orders=3, waiting=0)

    run(empty_stack, tmp_path, commands_of("Backup"))
    trade(empty_stack, tmp_path, "lost", orders=1, waiting=0)
    restore = commands_of("Restore")
    assert restore[0] == "invoke reset --yes"
    run(empty_stack, tmp_path, restore[:1])
    assert list((empty_stack.settings.home / "data").iterdir()) == []
    run(empty_stack, tmp_path, restore[1:])
    producer_of.cache_clear()  # the broker has forgotten what it was sent since the backup

    # The order that was open before the backup trades after it.
    trade(empty_stack, tmp_path, "second", orders=2, waiting=1)
    fills = fintank(empty_stack, "show", "fills", "--json").splitlines()
    assert len(fills) == 3 + 2 + 1
    for proof in ("reconcile", "audit"):
        fintank(empty_stack, proof)
