"""All live scenarios at once through Kafka and the running topology, each with its own symbols."""

import json
import time
from itertools import zip_longest
from pathlib import Path
from typing import Any

from reference import Place
from scenarios.playing import Emitted, Record, check_emitted, head
from scenarios.table import RULES, Row, Scenario, scenarios
from support.live_world import LiveWorld, Sending, live_world
from support.order_flow import order_flow
from support.rules_files import write_rules
from support.stack import Stack, create_topics

LIVE = [scenario for scenario in scenarios() if scenario.is_live]


class Player:
    """One scenario; its symbols and accounts have its id as suffix."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.suffix = f".{scenario.id}"
        self.named: dict[str, Place] = {}

    def sending(self, row: Row) -> Sending:
        message = self.renamed(row.message)
        key = message["symbol" if row.kind == "ticks" else "account"]
        return Sending(row.kind, key, json.dumps(message), row.partition)

    def renamed(self, message: dict[str, Any]) -> dict[str, Any]:
        """Add the suffix to the symbols and the account of a message."""
        own = dict(message)
        for name in ("symbol", "account"):
            if own.get(name) not in (None, "CASH"):
                own[name] += self.suffix
        if "-" in own.get("orig_cl_ord_id", ""):  # a component: its id ends in the symbol
            own["orig_cl_ord_id"] += self.suffix
        if "portfolio" in own:
            own["portfolio"] = [self.renamed(line) for line in own["portfolio"]]
        return own

    def mine(self, records: list[Record]) -> list[Record]:
        """Return the records of this scenario, with the suffix removed."""
        texts = [json.dumps(record) for record in records if record["account"].endswith(self.suffix)]
        return [json.loads(text.replace(self.suffix, "")) for text in texts]

    def emitted(self, row: Row, world_emitted: Emitted) -> Emitted:
        """Return the results of a row, sorted as in the table where shards have no order."""
        executions, fills = self.mine(world_emitted.executions), self.mine(world_emitted.fills)
        if len({execution["symbol"] for execution in executions}) > 1:
            heads = [expected.head for expected in row.expected]
            executions.sort(key=lambda execution: [*heads, head(execution)].index(head(execution)))
        ids = [execution["exec_id"] for execution in executions]
        fills.sort(key=lambda fill: ids.index(fill["exec_id"]))
        return Emitted(executions, fills, world_emitted.rejects)


def instruments() -> dict[str, Any]:
    """Return the instruments of all scenarios, each for the symbols with that scenario's suffix."""
    tables: list[dict[str, Any]] = []
    for scenario in LIVE:
        content = scenario.rules["instruments"]
        for table in [*content["instrument"], {"symbols": ["*"], **content["default"]}]:
            own = [f"{pattern}.{scenario.id}" for pattern in table["symbols"]]
            tables.append({**content["default"], **table, "symbols": own})
    return {"default": RULES["instruments"]["default"], "instrument": tables}


def play_rows(world: LiveWorld, rows: list[tuple[Player, Row]], number: int) -> None:
    """Play one row of each scenario at once."""
    sent = [(player, row) for player, row in rows if not row.is_redelivered]
    places = world.send([player.sending(row) for player, row in sent])
    for (player, row), place in zip(sent, places, strict=True):
        if row.name is not None:
            player.named.setdefault(row.name, place)
    world.settle()
    executions, fills = world.new("executions"), world.new("fills")
    rejects = {(r["topic"], r["partition"], r["offset"]): r["reason"] for r in world.new("rejects")}
    for (player, row), place in zip(sent, places, strict=True):
        reason = rejects.get((place.topic, place.partition, place.offset))
        emitted = Emitted(executions, fills, [] if reason is None else [reason])
        check_emitted(row, player.emitted(row, emitted), player.named, f"{player.scenario.id}, row {number}")


def test_scenarios_through_kafka_and_the_topology(stack: Stack, jar: Path, tmp_path: Path) -> None:
    create_topics(stack)
    players = [Player(scenario) for scenario in LIVE]
    environ = {**stack.environ, **write_rules(tmp_path, {**RULES, "instruments": instruments()})}
    with order_flow(environ, tmp_path) as flow, live_world(stack.settings.kafka) as world:
        state = {"msg_type": "trading_state", "state": "ACTIVE", "timestamp": f"{time.time():.6f}"}
        world.send(
            [Sending("orders", "trading_state", json.dumps(state), 0)]
        )  # whatever the test before left
        world.settle()
        for topic in ("executions", "fills", "rejects"):
            world.new(topic)
        by_number = zip_longest(*[player.scenario.rows for player in players])
        for number, rows in enumerate(by_number, 1):
            pairs = zip(players, rows, strict=True)
            play_rows(world, [(player, row) for player, row in pairs if row is not None], number)
        assert flow.end() == 0
