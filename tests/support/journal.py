"""The journal of a shard without Kafka."""

import json
from collections.abc import Iterable
from typing import Any

from fintank.trading.changes import Change, Entry, Forgotten
from fintank.wire.kafka.journal_records import from_record, key_of, to_record


def keys(changes: Iterable[Change]) -> list[str]:
    """Return each change as kind and id: "order 3:acc,3:IVE,3:o-1", or with " gone" if it is forgotten."""
    return [
        key_of(change).replace("|", " ", 1) + " gone" * isinstance(change, Forgotten) for change in changes
    ]


def kinds(changes: Iterable[Change]) -> list[str]:
    """Return each change as its kind: "order", or "order gone"."""
    return [key.split(" ")[0] + " gone" * key.endswith(" gone") for key in keys(changes)]


def value(change: Change) -> dict[str, Any]:
    """Return the value of a change's record."""
    text = to_record(change)[1]
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


def compacted(changes: Iterable[Change]) -> list[Entry]:
    """Return what a restart reads of these changes after compaction."""
    records = dict(map(to_record, changes))
    return [from_record(key, value) for key, value in records.items() if value is not None]
