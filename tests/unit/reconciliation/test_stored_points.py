import pytest

from fintank.reconciliation import stored_points
from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.stored_points import BUCKETS, Comparison, Digest, rounds
from fintank.wire.points.point_values import BID_ASK

SERIES = "bid_ask,exchange=NYSE,symbol=IVE"


def point(time_ns, bid=9.5, ask=10.5, size=None):
    return SERIES, time_ns, (bid, ask, size, None, None)


POINTS = [point(time_ns) for time_ns in range(1_000)]


def compared(recorded, stored, must_be_stored=None, horizon_ns=None, kept_since_ns=0):
    """Compare as `storage` does; the offset of a recorded point is its index."""
    ours, theirs, result = Digest(), Digest(), Result("ticks")
    must_be_stored = must_be_stored or [True] * len(recorded)
    ours.add([point for point, must in zip(recorded, must_be_stored, strict=True) if must])
    theirs.add(stored)
    for buckets in rounds(ours.differences(theirs), ours.points + theirs.points):
        comparison = Comparison("ticks", BID_ASK, buckets)
        comparison.add_stored(stored)
        comparison.add_recorded(2, range(len(recorded)), must_be_stored, recorded)
        comparison.judge(result, horizon_ns, kept_since_ns)
    return result


def test_the_same_points_in_another_order_are_clean(breaks):
    assert breaks([compared(POINTS, POINTS[::-1])]) == []


def test_a_point_that_is_missing_is_named_by_its_record(breaks):
    stored = [*POINTS[:700], *POINTS[701:]]
    assert breaks([compared(POINTS, stored)]) == [(BreakKind.POINT_MISSING, "ticks-2-700")]


@pytest.mark.parametrize("other", [point(700, bid=9.4), point(700, size=1.0), point(700, ask=None)])
def test_a_point_with_another_value_is_named(breaks, other):
    stored = [*POINTS[:700], other, *POINTS[701:]]
    assert breaks([compared(POINTS, stored)]) == [(BreakKind.POINT_DIFFERS, "ticks-2-700")]


def test_a_point_without_a_record_is_named(breaks):
    ((kind, name),) = breaks([compared(POINTS, [*POINTS, point(2_000)])])
    assert kind is BreakKind.POINT_WITHOUT_RECORD
    assert name.startswith(f"{SERIES} at 1970-01-01T")


def test_a_point_whose_record_retention_may_have_deleted_is_beyond_it(breaks):
    result = compared(POINTS, [*POINTS, point(2_000), point(3_001)], horizon_ns=3_000)
    assert [kind for kind, _ in breaks([result])] == [BreakKind.POINT_WITHOUT_RECORD]
    assert result.beyond_retention == 1


def test_a_point_that_influxdb_no_longer_keeps_is_beyond_retention(breaks):
    result = compared(POINTS, [*POINTS[:200], *POINTS[202:700], *POINTS[701:]], kept_since_ns=201)
    assert breaks([result]) == [
        (BreakKind.POINT_MISSING, "ticks-2-201"),
        (BreakKind.POINT_MISSING, "ticks-2-700"),
    ]
    assert result.beyond_retention == 1


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_pending_point_is_no_break_whether_stored_or_not(breaks, is_stored):
    stored = POINTS if is_stored else POINTS[:-1]
    assert breaks([compared(POINTS, stored, [True] * 999 + [False])]) == []


def test_records_that_overwrite_each_other_are_counted_but_no_break(breaks):
    result = compared([*POINTS, point(5, bid=9.6), point(5, size=3.0)], [*POINTS[:5], *POINTS[6:], point(5)])
    assert breaks([result]) == []
    assert result.collisions == 2


def test_a_stored_value_of_no_record_is_named(breaks):
    result = compared([*POINTS, point(5, bid=9.6)], [*POINTS[:5], *POINTS[6:], point(5, bid=9.7)])
    assert breaks([result]) == [(BreakKind.POINT_DIFFERS, "ticks-2-1000")]


def test_the_points_compared_at_once_are_bounded(breaks, monkeypatch):
    monkeypatch.setattr(stored_points, "POINTS_AT_ONCE_MAX", 100)
    result = compared(POINTS, [])
    assert len(breaks([result])) == 1_000
    made = list(rounds(range(BUCKETS), 1_000))
    assert len(made) >= 10
    assert frozenset().union(*made) == frozenset(range(BUCKETS))
