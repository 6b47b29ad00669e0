"""The span of time of a report."""

import pytest

from fintank.errors import FintankError
from fintank.report.span import SECOND_NS, Span, parse_span

NOW_NS = 1_438_539_936 * SECOND_NS


@pytest.mark.parametrize(
    ("since", "until", "first_s", "last_s"),
    [
        ("1h", "now", -3600, 0),
        ("2d", "30m", -2 * 86_400, -1800),
        ("2015-08-02T18:00", "2015-08-02T20:00:30+02:00", -1536, -1506),
        ("2015-08-02", "now", -(18 * 3600 + 25 * 60 + 36), 0),
    ],
)
def test_a_time_is_how_long_ago_or_utc(since: str, until: str, first_s: int, last_s: int) -> None:
    assert parse_span(since, until, NOW_NS) == (NOW_NS + first_s * SECOND_NS, NOW_NS + last_s * SECOND_NS)


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("yesterday", "now", "--since yesterday: must be a time"),
        ("1h", "1x", "--until 1x: must be a time"),
        ("1h", "2h", "--since 1h is not before --until 2h"),
        ("2999-01-01", "now", "--since 2999-01-01 is not before now"),
    ],
)
def test_an_invalid_time_is_an_error_with_the_cure(since: str, until: str, message: str) -> None:
    with pytest.raises(FintankError, match=message):
        parse_span(since, until, NOW_NS)


@pytest.mark.parametrize(("seconds", "interval_s"), [(10, 1), (800, 1), (801, 2), (86_400, 120)])
def test_the_interval_limits_the_points_of_a_line(seconds: int, interval_s: int) -> None:
    assert Span(NOW_NS, NOW_NS + seconds * SECOND_NS).interval_s == interval_s


def test_the_part_around_times_has_a_margin_and_stays_inside_the_span() -> None:
    span = Span(NOW_NS, NOW_NS + 1000 * SECOND_NS)
    inside = [NOW_NS + second * SECOND_NS for second in (100, 300)]
    assert span.around(inside) == (NOW_NS + 80 * SECOND_NS, NOW_NS + 320 * SECOND_NS)
    assert span.around([NOW_NS, NOW_NS + 999 * SECOND_NS]) == span
    assert span.around([NOW_NS - SECOND_NS]) == span


@pytest.mark.parametrize("since", ["99999d", "0001-01-01", "1969-12-31T23:59:59.999"])
def test_what_no_record_can_have_is_the_first_or_last_time_that_one_can(since: str) -> None:
    assert parse_span(since, "9999-12-31") == (0, 9_223_372_036 * SECOND_NS)
