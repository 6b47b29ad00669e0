"""The messages of the topic `rejects`."""

import base64
import hashlib
import json

from fintank.wire.kafka.rejects import PAYLOAD_BYTES_MAX, Reason, Reject, describe


def reject(payload):
    return Reject("ticks", 3, 17, Reason.NOT_JSON, "error=x", payload)


def test_a_message_has_place_reason_and_payload_in_that_order():
    payload = '{"symbol": "Zürich\u2028"'
    message = json.loads(reject(payload).message())
    assert list(message.items()) == [
        ("topic", "ticks"),
        ("partition", 3),
        ("offset", 17),
        ("reason", "NOT_JSON"),
        ("detail", "error=x"),
        ("payload", base64.b64encode(payload.encode()).decode()),
        ("payload_bytes", len(payload.encode())),
        ("payload_sha256", hashlib.sha256(payload.encode()).hexdigest()),
    ]


def test_the_key_is_the_identity_of_the_record():
    assert reject("").key == "ticks-3-17"


def test_the_reject_of_a_megabyte_record_fits_the_broker():
    text = reject("x" * 1_000_000).message()
    message = json.loads(text)
    assert len(text) < 100_000
    assert len(base64.b64decode(message["payload"])) == PAYLOAD_BYTES_MAX
    assert message["payload_bytes"] == 1_000_000
    assert message["payload_sha256"] == hashlib.sha256(b"x" * 1_000_000).hexdigest()


def test_a_message_is_ascii_whatever_its_detail():
    assert Reject("ticks", 0, 0, Reason.BAD_SYMBOL, describe(value="Zürich"), "").message().isascii()


def test_a_detail_quotes_its_values_and_cuts_long_ones():
    assert describe(field="symbol", value='a "b"') == r'field="symbol" value="a \"b\""'
    assert len(describe(value="x" * 1_000_000)) < 100
    assert len(describe(value=["x"] * 100_000)) < 100
