from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fintank.trading.expiry import end_of_day_us, end_us

Make = Callable[..., Any]
NEW_YORK = ZoneInfo("America/New_York")


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("zone", "given", "end"),
    [
        ("UTC", "2024-01-02T14:30:00", "2024-01-03T00:00:00"),
        ("UTC", "2024-01-02T00:00:00", "2024-01-03T00:00:00"),
        ("UTC", "2024-02-28T23:59:59", "2024-02-29T00:00:00"),
        ("America/New_York", "2024-01-02T14:30:00", "2024-01-03T05:00:00"),
        ("America/New_York", "2024-01-03T04:59:59", "2024-01-03T05:00:00"),
        ("America/New_York", "2024-01-03T05:00:00", "2024-01-04T05:00:00"),
        ("America/New_York", "2024-03-10T06:30:00", "2024-03-11T04:00:00"),  # a day of 23 hours
        ("America/New_York", "2024-11-03T05:30:00", "2024-11-04T05:00:00"),  # a day of 25 hours
        ("Asia/Tokyo", "2024-01-02T14:59:59", "2024-01-02T15:00:00"),
        ("Asia/Beirut", "2024-03-30T12:00:00", "2024-03-30T22:00:00"),  # the clocks go from 0:00 to 1:00
    ],
)
def test_a_day_ends_at_midnight_of_its_zone(zone: str, given: str, end: str) -> None:
    assert end_of_day_us(us(given) + 999_999, ZoneInfo(zone)) == us(end)


def test_only_orders_for_a_time_or_a_day_end_by_themselves(order: Make) -> None:
    made = {tif: order("1", tif=tif) for tif in ("GTC", "IOC", "FOK", "DAY")}
    ends = {tif: end_us(each, NEW_YORK) for tif, each in made.items()}
    day = end_of_day_us(made["DAY"].order_time_us, NEW_YORK)
    assert ends == {"GTC": None, "IOC": None, "FOK": None, "DAY": day}
    until = order("1", tif="GTD", ends=7)
    assert end_us(until, NEW_YORK) == until.order_time_us + 7_000_000
