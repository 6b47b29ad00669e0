"""Which task of the rule engine owns a symbol."""

from collections.abc import Mapping
from typing import Any

from fintank.adapters.kafka import SHARDS, partition_for

RULE_ENGINE = "rule-engine"


def owner_count(context: Mapping[str, Any]) -> int:
    """Return how many tasks the rule engine has, by Storm's context; 0 if the topology has none."""
    return list(context["task->component"].values()).count(RULE_ENGINE)


def owner_of(symbol: str, owners: int) -> int:
    """Return the owner of a symbol's shard: the index of a task among the rule engine's, sorted."""
    return partition_for(symbol, SHARDS) % owners
