from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.ids import exec_id, join
from fintank.trading.messages import ExecType, Identity

IDENTITY = Identity("acc", "IVE", "p1-IVE")


def test_an_exec_id_is_the_same_in_every_process_and_release() -> None:
    assert exec_id(IDENTITY, ExecType.TRADE, 1) == "ff96be86-7c65-5245-bde7-e13636c58e56"


def test_every_report_of_an_order_has_its_own_id() -> None:
    reports = [
        exec_id(IDENTITY, ExecType.NEW),
        exec_id(IDENTITY, ExecType.TRADE, 1),
        exec_id(IDENTITY, ExecType.TRADE, 2),
        exec_id(IDENTITY, ExecType.CANCELED),
        exec_id(IDENTITY, ExecType.REJECTED),
        exec_id(IDENTITY, ExecType.REJECTED, content_hash="a"),
        exec_id(IDENTITY, ExecType.REJECTED, content_hash="b"),
    ]
    assert len(set(reports)) == len(reports)


def test_a_separator_inside_an_identity_makes_no_collision() -> None:
    identities = [Identity("a", "b-c", "d"), Identity("a-b", "c", "d"), Identity("a,1:b", "c", "d")]
    ids = sorted(exec_id(identity, ExecType.NEW) for identity in identities)
    assert all(first != second for first, second in pairwise(ids))


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_never_join_to_the_same_text(first: list[str], second: list[str]) -> None:
    assert (join(*first) == join(*second)) == (first == second)


def test_what_is_not_given_counts_as_no_trade_and_no_content() -> None:
    identity = Identity("A", "IVE", "o-1")
    assert exec_id(identity, "NEW") == exec_id(identity, "NEW", 0, "")
