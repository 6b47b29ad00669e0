from decimal import Decimal

import pytest

from fintank.reconciliation.findings import BreakKind

HELD = "A-1 IVE USD"


def everywhere(topic):
    return frozenset((topic, partition) for partition in range(4))


def test_trades_that_are_booked_are_clean(filled, waiting, breaks):
    for history in (filled, waiting):
        trades, positions = history.booking_results()
        assert breaks([trades, positions]) == []
        assert (trades.compared, positions.compared) == (1, 1)


def test_a_trade_without_a_fill_is_named(filled, breaks):
    exec_id = filled.fills.pop().message.exec_id
    assert breaks(filled.booking_results()) == [
        (BreakKind.TRADE_NOT_BOOKED, exec_id),
        (BreakKind.POSITION_DIFFERS, HELD),
        (BreakKind.POSITION_DIFFERS, HELD),
    ]


def test_a_fill_without_a_trade_is_named(filled, breaks):
    exec_id = filled.reports.pop().message.exec_id
    assert (BreakKind.FILL_WITHOUT_TRADE, exec_id) in breaks(filled.booking_results())


def test_a_repeated_fill_is_named_and_moves_the_position(filled, breaks):
    filled.fills *= 2
    assert breaks(filled.booking_results()) == [
        (BreakKind.TRADE_BOOKED_TWICE, filled.fills[0].message.exec_id),
        (BreakKind.POSITION_DIFFERS, HELD),
        (BreakKind.POSITION_DIFFERS, HELD),
    ]


def test_a_repeated_trade_is_named(filled, breaks):
    filled.reports.append(filled.reports[1]._replace(place="executions-0-9"))
    assert (BreakKind.TRADE_TWICE, filled.reports[1].message.exec_id) in breaks(filled.booking_results())


@pytest.mark.parametrize("field", ["last_qty", "last_px", "delta_shares", "delta_cash"])
def test_a_fill_with_another_number_is_named(filled, breaks, field):
    filled.change_fill(0, **{field: Decimal("1.5")})
    assert (BreakKind.FILL_DIFFERS, filled.fills[0].message.exec_id) in breaks(filled.booking_results())


def test_a_sum_that_differs_is_named_in_shares_or_in_cash(filled):
    filled.change_fill(0, delta_cash=Decimal("-104.99"))
    _, positions = filled.booking_results()
    assert [found.detail for found in positions.named] == ["cash are -104.99 by fills, -105 by executions"]


def test_records_that_an_open_transaction_may_hide_are_pending(filled, breaks):
    filled.fills.clear()
    filled.hidden = everywhere("fills")
    trades, positions = filled.booking_results()
    assert breaks([trades, positions]) == []
    assert (trades.pending, positions.pending) == (1, 1)


@pytest.mark.parametrize(("topic", "kept"), [("fills", "reports"), ("executions", "fills")])
def test_records_that_retention_may_have_deleted_are_beyond_it(filled, breaks, topic, kept):
    (filled.fills if kept == "reports" else filled.reports).clear()
    filled.lost = frozenset({topic})
    trades, positions = filled.booking_results()
    assert breaks([trades, positions]) == []
    assert trades.beyond_retention == 1
