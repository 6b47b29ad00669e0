"""What is asked of a database, in no database's own language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Function = Literal["", "count", "sum", "mean", "max", "last"]


@dataclass(frozen=True)
class Query:
    """The points of a measurement in a span of time: their fields, or a function of each field's values.

    A missing value does not count, and `last` is the latest one. `since_ns` and `until_ns` are included.
    A tag must have one of its values in `tags`. A function is computed for each value of the tag `by` and
    each interval of `interval_s`. Without a function, `latest` takes the latest points, newest first.
    """

    measurement: str
    fields: Sequence[str]
    since_ns: int | None = None
    until_ns: int | None = None
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    function: Function = ""
    by: str = ""
    interval_s: int = 0
    latest: int = 0
