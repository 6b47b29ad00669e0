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


def shards() -> int:
    """Return the number of shards."""
    return scale.current().shards


def topics() -> Mapping[str, Topic]:
    """Return all topics, by name, as they are created: their partitions are those of the scale."""
    sizes = scale.current()
    return _topics(sizes.shards, **sizes.partitions)


@cache
def _topics(shards: int, ticks: int, orders: int, fills: int) -> Mapping[str, Topic]:
    topics = {
        # Bounded by bytes alone, 1 GiB per partition; small segments, as only whole segments are deleted.
        "ticks": _log(
            ticks, retention_ms=UNLIMITED, retention_bytes=1024 * MEBIBYTE, segment_bytes=64 * MEBIBYTE
        ),
        "orders": _log(orders, THIRTY_DAYS_MS),
        "executions": _log(shards, THIRTY_DAYS_MS),
        "fills": _log(fills, THIRTY_DAYS_MS),
        # Little is written to it, and without it no older decision can be made again.
        "timeline": _log(shards, retention_ms=UNLIMITED, retention_bytes=1024 * MEBIBYTE),
        # A reject contains up to 64 KiB of its record, so a flood of them needs a bound in bytes too.
        "rejects": _log(1, THIRTY_DAYS_MS, retention_bytes=1024 * MEBIBYTE),
        # The active segment is never compacted: small ones, rolled hourly, make a shard's start fast.
        "journal": _topic(
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
