"""Kafka's topics, and which partition a key belongs to.

It imports no client of Kafka, because bolts need it: importing kafka-python takes as long as all else in a
bolt.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from fintank import scale
from fintank.adapters.topic_configs import UNLIMITED

MEBIBYTE = 1024 * 1024
THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True)
class Topic:
    """What a topic is created with: its partitions and topic configs."""

    partitions: int
    configs: Mapping[str, str]


def _topic(partitions: int, **configs: object) -> Topic:
    # The broker stamps every record with its clock, against which a tick's timestamp is checked.
    named = {"message.timestamp.type": "LogAppendTime"}
    named |= {name.replace("_", "."): str(value) for name, value in configs.items()}
    return Topic(partitions, MappingProxyType(named))


def _log(partitions: int, retention_ms: int, retention_bytes: int = UNLIMITED, **configs: object) -> Topic:
    kept = {"retention_ms": retention_ms, "retention_bytes": retention_bytes}
    return _topic(partitions, cleanup_policy="delete", **kept, **configs)


NAMES = ("ticks", "orders", "executions", "fills", "timeline", "rejects", "journal")
"""What the topics are called, whatever their generation."""
GENERATED = ("journal", "timeline")
"""Those of which `invoke reshard` makes a new generation."""
_generation: list[int] = [0]


def shards() -> int:
    """Return the number of shards."""
    return scale.current().shards


def generation() -> int:
    """Return the generation of journals that this process uses: the current one when it last connected."""
    return _generation[0]


def use_generation(number: int) -> None:
    """Make it the generation that this process uses."""
    _generation[:] = [number]


def topic_of(name: str, number: int) -> str:
    """Return what the topic journal or timeline is called in a generation."""
    return f"{name}-{number}" if number else name


def generation_of(topic: str) -> tuple[str, int]:
    """Return a topic's name in NAMES and its generation: "journal", 3 of journal-3, "ticks", 0 of ticks."""
    name, _, number = topic.partition("-")
    if name in GENERATED and number.isdecimal() and topic == topic_of(name, int(number)):
        return name, int(number)
    return topic, 0


def current_name(name: str) -> str:
    """Return what a topic of NAMES is called in the current generation."""
    return topic_of(name, generation()) if name in GENERATED else name


def topics() -> Mapping[str, Topic]:
    """Return all topics, by name, as they are created: their partitions are those of the scale.

    Of journal and timeline there are those of the current generation.
    """
    sizes = scale.current()
    return _topics(sizes.shards, generation(), **sizes.partitions)


@cache
def _topics(shards: int, number: int, **partitions: int) -> Mapping[str, Topic]:
    topics = {
        # Bounded by bytes alone, 1 GiB per partition; small segments, as only whole segments are deleted.
        "ticks": _log(partitions["ticks"], UNLIMITED, 1024 * MEBIBYTE, segment_bytes=64 * MEBIBYTE),
        "orders": _log(partitions["orders"], THIRTY_DAYS_MS),
        "executions": _log(partitions["executions"], THIRTY_DAYS_MS),
        "fills": _log(partitions["fills"], THIRTY_DAYS_MS),
        # Little is written to it, and without it no older decision can be made again.
        topic_of("timeline", number): _log(shards, UNLIMITED, 1024 * MEBIBYTE),
        # A reject contains up to 64 KiB of its record, so a flood of them needs a bound in bytes too.
        "rejects": _log(1, THIRTY_DAYS_MS, retention_bytes=1024 * MEBIBYTE),
        # The active segment is never compacted: small ones, rolled hourly, make a shard's start fast.
        topic_of("journal", number): _topic(
            shards,
            cleanup_policy="compact",
            segment_bytes=16 * MEBIBYTE,
            segment_ms=3600 * 1000,
            min_cleanable_dirty_ratio=0.2,
        ),
    }
    return MappingProxyType(topics)


def partition_for(key: str, partitions: int) -> int:
    """Return the partition of a key: crc32 of its UTF-8 modulo `partitions`, the same in every producer."""
    return zlib.crc32(key.encode()) % partitions


def reports_partition(symbol: str) -> int:
    """Return the partition of `executions` with a symbol's reports; the number of shards changes nothing."""
    return partition_for(symbol, topics()["executions"].partitions)


def fills_partition(account: str) -> int:
    """Return the partition of `fills` with an account's fills."""
    return partition_for(account, topics()["fills"].partitions)
