from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.ids import exec_id, join, order_id, split
from fintank.trading.messages import ExecType, Identity

IDENTITY = Identity("acc", "IVE", "p1-IVE")


def test_an_exec_id_is_the_same_in_every_process_and_release() -> None:
    assert exec_id(IDENTITY, ExecType.TRADE, "a", 1) == "3cafd07a-afe1-5de1-b0d0-b546ca2e424c"


def test_every_report_of_an_order_has_its_own_id() -> None:
    reports = [
        exec_id(IDENTITY, ExecType.NEW, "a"),
        exec_id(IDENTITY, ExecType.TRADE, "a", 1),
        exec_id(IDENTITY, ExecType.TRADE, "a", 2),
        exec_id(IDENTITY, ExecType.CANCELED, "a"),
        exec_id(IDENTITY, ExecType.REJECTED, "a"),
        exec_id(IDENTITY, ExecType.REJECTED, "b"),
    ]
    assert len(set(reports)) == len(reports)


def test_a_separator_inside_an_identity_makes_no_collision() -> None:
    identities = [Identity("a", "b-c", "d"), Identity("a-b", "c", "d"), Identity("a,1:b", "c", "d")]
    ids = sorted(exec_id(identity, ExecType.NEW, "a") for identity in identities)
    assert all(first != second for first, second in pairwise(ids))


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_never_join_to_the_same_text(first: list[str], second: list[str]) -> None:
    assert (join(*first) == join(*second)) == (first == second)


@given(st.lists(st.text()))
def test_split_gives_back_what_join_joined(parts: list[str]) -> None:
    assert split(join(*parts)) == tuple(parts)


@pytest.mark.parametrize(
    "text",
    [
        "IVE",
        "3:IV",
        "2:IVE",
        "3:IVE,",
        "3:IVE;3:IWS",
        "03:IVE",
        "3IVE",
        "-4:",
        ":",
        "\u0663:IVE",
        "3:IVE,-9:",
    ],
)
def test_split_refuses_a_text_that_join_does_not_make(text: str) -> None:
    with pytest.raises(ValueError, match="is not a list of length:text"):
        split(text)


def test_a_report_that_is_no_trade_has_the_number_0() -> None:
    assert exec_id(IDENTITY, "NEW", "a") == exec_id(IDENTITY, "NEW", "a", 0)


def test_an_order_with_a_name_from_before_the_retention_has_other_ids() -> None:
    assert exec_id(IDENTITY, ExecType.TRADE, "a", 1) != exec_id(IDENTITY, ExecType.TRADE, "b", 1)


def test_an_order_id_is_the_same_in_every_process_and_release() -> None:
    assert order_id(IDENTITY, "a") == "8d8f9682-1171-5c02-b7a8-dd4eaf4feddb"


def test_orders_that_differ_in_name_or_content_have_ids_of_their_own() -> None:
    others = [order_id(Identity("acc", "IVE", "p2-IVE"), "a"), order_id(IDENTITY, "b")]
    assert len({order_id(IDENTITY, "a"), *others}) == 3
