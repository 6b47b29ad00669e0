"""What a panel or a variable asks, in no database's own language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fintank.adapters.sinks.query import Function

LATEST_ROWS = 200


class Call(NamedTuple):
    """A function of a field; without a function, the field itself."""

    function: Function
    field: str


class Value(NamedTuple):
    """A column: `text` with {0}, {1} ... for what is called, as in `{0} * {1}`; `name` may be empty."""

    text: str
    calls: tuple[Call, ...]
    name: str = ""


class Chosen(NamedTuple):
    """The condition that a tag or field has one of the values that are chosen for a variable."""

    field: str
    variable: str


class Equals(NamedTuple):
    """The condition that a tag or field has a value."""

    field: str
    value: str


Condition = Chosen | Equals


@dataclass(frozen=True)
class PanelQuery:
    """Values of a measurement, or of another query.

    `in_range` takes only points of the time range. The values are computed for each value of the tags `by`
    and, with `every`, for each interval; `running` sums these up, from the first interval on. `latest` takes
    the latest rows, newest first. `name` names the series; one of a tag's value is named after that.
    """

    values: Sequence[Value]
    source: "str | PanelQuery"
    where: Sequence[Condition] = ()
    in_range: bool = True
    every: bool = False
    by: Sequence[str] = ()
    running: bool = False
    latest: int = 0
    name: str = ""


class VariableQuery(NamedTuple):
    """All values of a tag or field, at most `limit` if it is not 0."""

    field: str
    measurement: str
    limit: int = 0


def value(function: Function, field: str, name: str = "") -> Value:
    """Make a column of one function of a field."""
    return Value("{0}", (Call(function, field),), name)


def each(function: Function, *fields: str) -> list[Value]:
    """Make a column of each field's function, named after the field."""
    return [value(function, field, field) for field in fields]


def latest(measurement: str, where: Sequence[Condition], columns: str) -> PanelQuery:
    """Ask for the latest rows; `columns` are separated by blanks."""
    values = [value("", column) for column in columns.split()]
    return PanelQuery(values, measurement, where, latest=LATEST_ROWS)


def sum_over_tasks(measurement: str, where: Sequence[Condition], *fields: str) -> PanelQuery:
    """Ask for the sum of each task's last value, in each interval."""
    by_task = PanelQuery(each("last", *fields), measurement, where, every=True, by=("task",))
    return PanelQuery(each("sum", *fields), by_task, every=True)
