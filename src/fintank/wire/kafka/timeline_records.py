"""The topic `timeline`: what the logs alone don't show of a shard's decisions, as JSON records by kind."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from fintank.trading.limits import Limits
from fintank.trading.log_positions import Reached
from fintank.trading.partition_log import Partition
from fintank.trading.timeline import Adoption, Behind, Jump, Offsets, Resharded, Shift, TimelineEvent
from fintank.wire import rules_toml
from fintank.wire.kafka.records import Record

_KINDS: Mapping[str, Callable[..., TimelineEvent]] = {
    "adoption": Adoption,
    "jump": Jump,
    "shift": Shift,
    "behind": Behind,
    "resharded": Resharded,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_record(event: TimelineEvent) -> tuple[str, str]:
    """Return key and value of an event's record."""
    kind = _NAMES[type(event)]
    values: dict[str, Any] = {}
    for name, value in event._asdict().items():
        if name in ("positions", "reports"):
            values[name] = _positions_text(value)
        elif name == "partition":
            values[name] = _log_text(value)
        elif name == "reached":
            values |= {"reached_us": value.us, "reached_symbol": value.symbol}
        else:
            values[name] = value
    return kind, orjson.dumps({"kind": kind, **values}).decode()


def from_record(record: Record) -> TimelineEvent:
    """Read a record; ValueError if it is not an event."""
    try:
        values: dict[str, Any] = orjson.loads(record.text)
        kind = _KINDS[values.pop("kind")]
        for name in {"positions", "reports"} & values.keys():
            values[name] = _positions(values[name])
        if "partition" in values:
            values["partition"] = _log(values["partition"])
        if "reached_us" in values:
            values["reached"] = Reached(values.pop("reached_us"), values.pop("reached_symbol"))
        return kind(**values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{record.place} is not a record of the timeline: {error!r}") from None


def limits_of(adoption: Adoption) -> Limits:
    """Read the rules of an adoption; FintankError if this version can't."""
    return rules_toml.from_content(adoption.rules, "the rules of the timeline")


def _positions_text(positions: Offsets) -> str:
    return " ".join(f"{_log_text(partition)}-{offset}" for partition, offset in positions.items())


def _positions(text: str) -> dict[Partition, int]:
    places = (place.rpartition("-") for place in text.split(" ") if place)
    return {_log(log): int(offset) for log, _, offset in places}


def _log_text(partition: Partition) -> str:
    return f"{partition.topic}-{partition.number}"


def _log(text: str) -> Partition:
    topic, _, number = text.rpartition("-")
    return Partition(topic, int(number))
