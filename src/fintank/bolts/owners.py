"""Which shard a symbol belongs to, and which task of the rule engine owns the shard."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from fintank.adapters.kafka_topics import partition_for, shards
from fintank.wire.bolts.order_stream import OwnedMessage

RULE_ENGINE = "rule-engine"
SYMBOLS_KEPT_MAX = 65_536


def owner_count(context: Mapping[str, Any]) -> int:
    """Return how many tasks of the rule engine own shards; 0 if the topology has none. context is Storm's."""
    return min(shards(), list(context["task->component"].values()).count(RULE_ENGINE))


@lru_cache(SYMBOLS_KEPT_MAX)
def shard_of(symbol: str) -> int:
    """Return the shard of a symbol."""
    return partition_for(symbol, shards())


@lru_cache(SYMBOLS_KEPT_MAX)
def owner_of(symbol: str, owners: int) -> int:
    """Return the owner of a symbol: an index into the rule engine's sorted tasks."""
    return shard_of(symbol) % owners


def owners_of(message: OwnedMessage, owners: int) -> Sequence[int]:
    """Return the owners that must get a message: that of its symbol, or all if it has none."""
    return range(owners) if message.symbol is None else [owner_of(message.symbol, owners)]


def owned_shards(context: Mapping[str, Any]) -> list[int]:
    """Return the shards of this task; none if there are more tasks than shards and it is left over."""
    tasks = sorted(int(task) for task, name in context["task->component"].items() if name == RULE_ENGINE)
    owner = tasks.index(context["taskid"])
    return [shard for shard in range(shards()) if shard % len(tasks) == owner]
