import pytest

from fintank.adapters.consumer_groups import PartitionState, behind_transactions


@pytest.mark.parametrize(
    ("first", "end", "committed", "lag"),
    [
        (0, 100, 60, 40),
        (0, 100, 100, 0),
        (0, 100, None, 100),
        (30, 100, None, 70),
        (30, 100, 10, 70),
        (0, 0, None, 0),
        (0, 5, 9, 0),
    ],
)
def test_lag_is_what_the_group_still_has_to_read(
    first: int, end: int, committed: int | None, lag: int
) -> None:
    assert PartitionState("ticks", 1, first, end, committed).lag == lag


def test_a_topic_without_a_group_has_no_lag() -> None:
    state = PartitionState("journal", 0, 0, 100, None)
    assert (state.group, state.lag) == (None, None)


def test_offsets_behind_an_open_transaction_are_reported_but_no_lag() -> None:
    still = PartitionState("orders", 0, 0, 7, 7)
    held_up = PartitionState("orders", 1, 0, 7, 7, hidden=3)
    assert held_up.lag == 0
    (line,) = behind_transactions([still, held_up])
    assert line.startswith("orders-1: 3 offsets from 7 on are readable once an open transaction ends, ")
