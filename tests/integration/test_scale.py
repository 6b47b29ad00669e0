"""A topology of another size: more partitions, shards and tasks, and every proof still holds."""

import json
from collections import Counter
from pathlib import Path

import pytest
from support.order_flow import order_flow
from support.stack import fintank, run_fintank, stopped_stack
from support.waiting import wait_until

from fintank.services import lifecycle

LARGE = """
shards = 16
[partitions]
ticks = 12
orders = 6
fills = 5
[tasks]
tick-spout = 2
tick-deserializer = 3
tick-influxdb-loader = 2
order-spout = 2
order-deserializer = 2
component-order-creator = 2
execution-spout = 2
rule-engine = 3
reject-writer = 2
"""
TICKS, ORDERS = 6_000, 150


@pytest.mark.soak
def test_16_shards_12_partitions_and_several_tasks_decide_once_and_are_audited(
    jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "scale.toml"
    file.write_text(LARGE)
    monkeypatch.setenv("FINTANK_SCALE", str(file))
    with stopped_stack(str(tmp_path / "home")) as stack:
        lifecycle.up(stack.settings, print)

        def lags() -> Counter[str]:
            shown = json.loads(fintank(stack, "topics", "--json"))["topics"]
            partitions.update({name: len(topic["partitions"]) for name, topic in shown.items()})
            return Counter({name: topic["lag"] or 0 for name, topic in shown.items()})

        partitions: dict[str, int] = {}
        fintank(stack, "queue_ticks", "--count", str(TICKS), "--span", "5s", "--seed", "1")
        fintank(stack, "queue_orders", "--count", str(ORDERS), "--seed", "1")
        with order_flow(stack.environ, tmp_path) as flow:
            wait_until(lambda: not lags().total(), 60, flow.text)
            assert flow.end() == 0
        fintank(stack, "queue_ticks", "--count", str(TICKS), "--span", "5s", "--seed", "2")
        file.write_text(LARGE.replace("ticks = 12", "ticks = 14"))
        unread = run_fintank(stack, "topics")
        assert unread.returncode == 1
        assert (
            "topic 'ticks' has 12 partitions, and scale.toml says 14: 6,000 records are un" in unread.stderr
        )
        file.write_text(LARGE)
        with order_flow(stack.environ, tmp_path) as flow:
            wait_until(lambda: not lags().total(), 60, flow.text)
            assert flow.end() == 0

        file.write_text(LARGE.replace("ticks = 12", "ticks = 14"))
        assert "topic 'ticks': 2 partitions added, now 14" in fintank(stack, "topics")
        fintank(stack, "queue_ticks", "--count", str(TICKS), "--span", "5s", "--seed", "3")
        with order_flow(stack.environ, tmp_path) as flow:
            fintank(stack, "send_order", "--symbol", "VTI", "--side", "BUY", "--qty", "1", "--wait", "30")
            wait_until(lambda: not lags().total(), 60, flow.text)
            fintank(stack, "reconcile")
            assert "Clean: every decision came out the same" in fintank(stack, "audit")
        assert (partitions["journal"], partitions["executions"]) == (16, 4)
        monkeypatch.delenv("FINTANK_SCALE")
        del stack.environ["FINTANK_SCALE"]
        refused = run_fintank(stack, "topics")
        assert refused.returncode == 1
        assert "topic 'ticks' has 14 partitions, and scale.toml says 4" in refused.stderr
