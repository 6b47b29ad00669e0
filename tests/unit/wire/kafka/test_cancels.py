"""Cancels and trading states among the records of the topic `orders`."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.order_records import CANCEL, TRADING_STATE, batch_of, order_of, reject_of, text_of

from fintank.trading.messages import State, TradingState


def test_a_cancel_of_one_order_is_read():
    message = order_of(text_of(CANCEL))
    assert (message.cl_ord_id, message.account, message.symbol) == ("c-1", "A-1001", "IVE")
    assert (message.orig_cl_ord_id, message.list_id) == ("ticket-1", None)
    assert message.order_time_us == 1_438_539_936_355_217
    assert message.input == "orders-2-1000"


def test_a_cancel_of_a_list_is_read():
    message = order_of(text_of(CANCEL, symbol=None, orig_cl_ord_id=None, list_id="p-1"))
    assert (message.symbol, message.orig_cl_ord_id, message.list_id) == (None, None, "p-1")


@pytest.mark.parametrize(
    "change",
    [{"list_id": "p-1"}, {"symbol": None}, {"orig_cl_ord_id": None}, {"symbol": None, "list_id": "p-1"}],
)
def test_a_cancel_names_one_order_or_one_list(change):
    error = 'error="either orig_cl_ord_id and symbol, or list_id must be given"'
    assert reject_of(text_of(CANCEL, **change)) == ("BAD_VALUE", error)


def test_the_content_of_a_cancel_is_hashed_as_documented():
    content = (
        b'{"account":"A-1001","cl_ord_id":"c-1","msg_type":"cancel","order_time_us":1438539936355217,'
        b'"orig_cl_ord_id":"ticket-1","symbol":"IVE"}'
    )
    assert order_of(text_of(CANCEL)).content_hash == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("state", State)
def test_a_trading_state_is_read(state):
    message = order_of(text_of(TRADING_STATE, state=state), partition=0)
    assert message == TradingState(state, 1_438_539_936_355_217, 1000, "orders-0-1000")


def test_a_trading_state_in_another_partition_is_rejected():
    assert reject_of(text_of(TRADING_STATE)) == ("WRONG_PARTITION", "partition=2 expected=0")


def test_an_unknown_trading_state_is_rejected():
    assert reject_of(text_of(TRADING_STATE, state="CLOSED"))[0] == "UNKNOWN_VALUE"


@settings(deadline=None)
@given(st.sampled_from([CANCEL, TRADING_STATE]), st.data())
def test_every_record_becomes_one_message_or_one_reject(message, data):
    values = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5))
    field = data.draw(st.sampled_from(sorted(message)))
    messages, rejects = batch_of(text_of(message, **{field: data.draw(values)}), partition=0)
    assert len(messages) + len(rejects) == 1
