"""Sending one order or request, and showing its answers."""

from fintank.adapters.topic_reader import open_reader
from fintank.errors import FintankError
from fintank.order_history import outcomes
from fintank.samples.message_file import checked
from fintank.samples.produce import PlacedRecord, send_one
from fintank.wire.kafka import orders
from fintank.wire.kafka.rejects import Reject


def send_request(address: str, value: bytes, time_us: int, what: str, seconds: int) -> None:
    """Send a request and show its answers for some seconds; FintankError if it would be a reject.

    what: its cl_ord_id, and what it asks for in words, as in `cancel-1: cancel IVE, o-1 of A-1001`.
    """
    message = checked(value.decode(), time_us)
    if isinstance(message, Reject):
        raise FintankError(f"{what}: {message.reason} {message.detail}")
    key, partition = orders.destination(message)
    name = what.partition(":")[0]
    record = (key, value, partition)
    send_and_wait(address, record, f"Sent {what}.", outcomes.Sent(requests=[name]), seconds, name=name)


def send_and_wait(
    address: str, record: PlacedRecord, said: str, sent: outcomes.Sent, seconds: int, *, name: str = ""
) -> None:
    """Send one message to the topic `orders`, say so, and show what becomes of it; see outcomes.wait."""
    with open_reader(address, "executions") as reader:
        positions = reader.ends()
        send_one(address, "orders", *record)
        print(said, flush=True)
        if seconds:
            outcomes.wait(address, reader, positions, sent, seconds, name=name)
