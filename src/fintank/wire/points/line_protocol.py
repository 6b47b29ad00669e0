"""InfluxDB's line protocol: one point per line."""

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
    """Write a point; tags and fields that are None are left out.

    An int becomes an integer in InfluxDB, a Decimal a float, whatever its value. Texts must be printable; a
    tag must not be empty or end with a backslash. Each combination of tags is a series, and InfluxDB keeps a
    limited number of series: what has unlimited values (an account) or would multiply the symbols (the venue
    of a trade) must be a field.
    """
    field_set = ",".join(f"{name}={_field(value)}" for name, value in fields.items() if value is not None)
    return f"{series(measurement, tags)} {field_set} {time_ns}"


def series(measurement: str, tags: Mapping[str, str | None]) -> str:
    """Write the start of a point: measurement and tags, in order, without those that are None."""
    return measurement + "".join(
        f",{name}={value.translate(_TAG_ESCAPES)}" for name, value in tags.items() if value is not None
    )


def record_time_ns(time_us: int, offset: int) -> int:
    """Return the nanoseconds of a tick's point: its own time, with its record's offset in the digits below.

    So two ticks of one time stay two points: InfluxDB overwrites a point of equal measurement, tags and time.
    """
    return time_us * 1000 + (offset % 1000 if time_us % 1000 else offset % 1_000_000)


def message_time_ns(time_us: int, offset: int) -> int:
    """Return the nanoseconds of any other point: its millisecond, with its record's offset below.

    One tick can fill thousands of orders, and thousands can arrive at once: microseconds would leave no room
    to distinguish them. The offset does so within a partition, which is a tag.
    """
    return time_us // 1000 * 1_000_000 + offset % 1_000_000


def _field(value: str | int | Decimal) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_TEXT_ESCAPES)}"'
    return plain(value) if isinstance(value, Decimal) else f"{value}i"
