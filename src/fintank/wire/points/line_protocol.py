"""InfluxDB's line protocol: one point a line."""

from collections.abc import Mapping
from decimal import Decimal

from fintank.trading.decimals import plain

_TAG_ESCAPES = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_TEXT_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


def point(
    measurement: str,
    tags: Mapping[str, str | None],
    fields: Mapping[str, str | int | Decimal | None],
    time_ns: int,
) -> str:
    """Write a point; a tag or a field that is None is left out.

    An int is an integer for InfluxDB, a Decimal a float, whatever its value. Texts must be printable, and a
    tag must not be empty or end with a backslash. Each combination of tags is a series, and InfluxDB keeps a
    limited number of those: what can have any number of values, as an account, is a field, and so is what
    would multiply the symbols, as the venue of a trade.
    """
    field_set = ",".join(f"{name}={_field(value)}" for name, value in fields.items() if value is not None)
    return f"{series(measurement, tags)} {field_set} {time_ns}"


def series(measurement: str, tags: Mapping[str, str | None]) -> str:
    """Write what a point starts with: measurement and tags, in their order, without those that are None."""
    return measurement + "".join(
        f",{name}={value.translate(_TAG_ESCAPES)}" for name, value in tags.items() if value is not None
    )


def record_time_ns(time_us: int, offset: int) -> int:
    """Return the time of a tick's point: its own, with its record's offset in the digits below.

    Points with equal measurement, tags and time overwrite each other.
    """
    return time_us * 1000 + (offset % 1000 if time_us % 1000 else offset % 1_000_000)


def message_time_ns(time_us: int, offset: int) -> int:
    """Return the time of an order's, a report's or a fill's point: the millisecond, and its offset below.

    One tick can fill thousands of orders, and thousands can be given at once: microseconds would leave no
    room to tell them apart. The offset does so within a partition, which is a tag.
    """
    return time_us // 1000 * 1_000_000 + offset % 1_000_000


def _field(value: str | int | Decimal) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_TEXT_ESCAPES)}"'
    return plain(value) if isinstance(value, Decimal) else f"{value}i"
