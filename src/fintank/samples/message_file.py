"""A file of messages for the topic `orders`: JSON objects, one per line, or CSV with a column per field.

A message without msg_type is an order; one without an id gets a name, one without a timestamp the time when
it is read.
"""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from fintank.errors import FintankError
from fintank.output import printable
from fintank.samples import csv_text, csv_times
from fintank.samples.bad_lines import BadLines
from fintank.samples.csv_text import BadLine
from fintank.samples.packed_file import PackedFile
from fintank.samples.produce import PlacedRecord
from fintank.trading import portfolio
from fintank.trading.decimals import seconds_text
from fintank.trading.messages import CASH, Order, PortfolioOrder, TradingState
from fintank.trading.requests import CancelRequest
from fintank.waiting import now_us, sleep_until
from fintank.wire.bolts.order_stream import MsgType, OrderMessage
from fintank.wire.kafka import orders
from fintank.wire.kafka.fields import MalformedError, parsed
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reject

LINE_CHARS_MAX = 1 << 20
"""More than the bytes that a record may have: a portfolio may have a thousand entries."""
RECORD_BYTES_MAX = 999_000
"""librdkafka sends records of up to 1,000,000 bytes, with their key and a time that is added."""
IGNORED_NAMED_MAX = 30
NAME_CHARS_MAX = 60
_IDS = ("cl_ord_id", "order_id")
_TIMES = ("timestamp", "expire_time")
_NOT_TEXT = "\ufffd"
"""What `csv_text.lines` makes of bytes that are not text."""
_NUMBER = re.compile(r"[0-9.]+(?:[eE][+-]?[0-9]+)?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


class SentMessage(NamedTuple):
    """A message as it will be sent; `ignored` are its fields that have no meaning."""

    number: int
    message: OrderMessage
    key: str
    partition: int | None
    value: bytes
    ignored: tuple[str, ...]


class MessageExtent(NamedTuple):
    """The good and bad lines of a file, its first time, and the cl_ord_ids of its orders and of its requests,
    which are cancels and replaces.

    ignored: the first fields that have no meaning, as a terminal may show them.
    """

    messages: int
    bad_lines: int
    first_us: int
    orders: tuple[str, ...]
    requests: tuple[str, ...]
    ignored: tuple[str, ...]


class MessageFile(PackedFile):
    """Messages; `name` begins the ids of those without one."""

    def __init__(self, path: Path, folder: Path, name: str) -> None:
        super().__init__(path, folder)
        self._name = name

    def lines(self) -> Iterator[SentMessage | BadLine]:
        """Read the file from its start."""
        with self.text() as text:
            yield from read(text, str(self.path), self._name)

    def survey(self, strict: bool) -> MessageExtent:
        """Read the file once before anything is sent, and print its bad lines.

        FintankError if it has no good line, or, if strict, any bad one.
        """
        bad_lines = BadLines(self.path, strict)
        count, first_us = 0, sys.maxsize
        order_ids: dict[str, None] = {}
        requests: dict[str, None] = {}
        ignored: dict[str, None] = {}
        for line in self.lines():
            if isinstance(line, BadLine):
                bad_lines.add(line)
                continue
            count += 1
            first_us = min(first_us, _time_us(line.message))
            order_ids.update(dict.fromkeys(_order_ids(line.message)))
            if isinstance(line.message, CancelRequest):
                requests[line.message.cl_ord_id] = None
            ignored.update(dict.fromkeys(line.ignored))
        bad_lines.finish(count)
        names = tuple(printable(name, NAME_CHARS_MAX) for name in islice(ignored, IGNORED_NAMED_MAX))
        return MessageExtent(count, bad_lines.count, first_us, tuple(order_ids), tuple(requests), names)

    def records(self, first_us: int, speed: float | None) -> Iterator[PlacedRecord]:
        """Yield the records to send; with a speed, each when it is due, with that time as its timestamp."""
        start = time.monotonic()
        for line in self.lines():
            if isinstance(line, BadLine):
                continue
            value = line.value
            if speed is not None:
                sleep_until(start + (_time_us(line.message) - first_us) / 1_000_000 / speed)
                value = value[:-1] + f', "timestamp": {seconds_text(now_us())}}}'.encode()
            yield line.key, value, line.partition


def read(file: BinaryIO, path: str, name: str) -> Iterator[SentMessage | BadLine]:
    """Yield the messages of a file; `name` begins the ids of those without one.

    FintankError, which calls the file `path`, if it is neither JSON lines nor CSV.
    """
    encoding, separator, sample = csv_text.first_lines(file, path, 2, LINE_CHARS_MAX)
    file.seek(0)
    if not sample:
        raise FintankError(f"{path}: is empty: nothing was sent")
    header: list[str] = []
    if not sample[0].text.lstrip().startswith("{"):
        separator = separator or csv_text.separator_of(sample)
        header = [column.strip().lower() for column in csv_text.fields(sample[0].text, separator)]
        if not set(header) & set(_names(MsgType.ORDER)):
            raise FintankError(
                f"{path}: is neither JSON, one object per line, nor CSV whose first line names fields, "
                f"as in cl_ord_id,account,symbol,side,order_qty"
            )
        named = [column for column in header if column]
        if len({*named}) < len(named):
            raise FintankError(f"{path}: two of its columns have one name: rename or remove the others")
    for line in csv_text.lines(file, encoding, LINE_CHARS_MAX):
        if line.number < sample[0].number:
            continue  # a comment
        if isinstance(line, BadLine):
            yield line
        elif not header:
            yield _message(line.number, line.text, name)
        elif line.number > sample[0].number:
            yield _row_message(line.number, header, csv_text.fields(line.text, separator or ","), name)


def _names(msg_type: MsgType) -> list[str]:
    return [field.name for field in orders.SCHEMAS[msg_type].fields]


def _row_message(number: int, header: Sequence[str], row: Sequence[str], name: str) -> SentMessage | BadLine:
    if not csv_text.fits(row, csv_text.width_without_end(header), len(header)):
        return BadLine(number, f"columns: {len(row)} instead of {len(header)}")
    try:
        text = _json(header, [value.strip() for value in row])
    except ValueError as error:
        return BadLine(number, str(error))
    return _message(number, text, name)


def _json(header: Sequence[str], row: Sequence[str]) -> str:
    """Return a row as a JSON object; empty fields are left out. ValueError for a time of two meanings."""
    return orjson.dumps(
        {name: _value(name, text) for name, text in zip(header, row, strict=False) if text}
    ).decode()


def _value(name: str, text: str) -> object:
    if name == "priority" and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if name == "portfolio":
        return orjson.Fragment(text)
    if name in _TIMES and not _NUMBER.fullmatch(text):
        meanings = {form.read(text) for form in csv_times.recognized([text], UTC)}
        if len(meanings) > 1:
            raise ValueError(f"{name} {text!r} has two meanings: write it as in 2026-12-31T16:00:00Z")
        return meanings.pop() if meanings else text
    return text


def _message(number: int, text: str, name: str) -> SentMessage | BadLine:
    if _NOT_TEXT in text:
        return BadLine(number, "has bytes that are not of the file's encoding: save it in UTF-8")
    time_us = now_us()
    try:
        given = parsed(text).values
    except MalformedError as error:
        return BadLine(number, str(error))
    defaults = {"msg_type": MsgType.ORDER.value, "timestamp": orjson.Fragment(seconds_text(time_us))}
    msg_type = given.get("msg_type") or MsgType.ORDER
    known = _names(MsgType(msg_type)) if msg_type in list(MsgType) else list(given)
    defaults |= {field: f"{name}-{number}" for field in _IDS if field in known}
    added = {field: value for field, value in defaults.items() if given.get(field) is None}
    if added:
        # At the end: of two fields with one name the last one counts, and numbers keep their text.
        more = orjson.dumps(added).decode()[1:]
        text = f"{text.rstrip()[:-1]}{',' if given else ''}{more}"
    message = checked(text, time_us)
    if isinstance(message, Reject):
        return BadLine(number, f"{message.reason} {message.detail}")
    value = text.encode()
    if len(value) > RECORD_BYTES_MAX:
        return BadLine(number, f"has {len(value):,} bytes: a message may have {RECORD_BYTES_MAX:,}")
    ignored = tuple(field for field in given if field not in known)
    return SentMessage(number, message, *orders.destination(message), value, ignored)


def placed(value: bytes, time_us: int, what: str) -> PlacedRecord:
    """Return a message as a record to send; FintankError, which calls it `what`, if it would be a reject."""
    message = checked(value.decode(), time_us)
    if isinstance(message, Reject):
        raise FintankError(f"{what}: {message.reason} {message.detail}")
    key, partition = orders.destination(message)
    return key, value, partition


def checked(text: str, time_us: int) -> OrderMessage | Reject:
    """Read a message as the order-deserializer will."""
    return orders.from_record(
        Record("orders", orders.TRADING_STATE_PARTITION, 0, time_us // 1000, value=text.encode())
    )


def _time_us(message: OrderMessage) -> int:
    return message.time_us if isinstance(message, TradingState) else message.order_time_us


def _order_ids(message: OrderMessage) -> list[str]:
    if isinstance(message, PortfolioOrder):
        return [
            portfolio.component_id(message.order_id, line.symbol)
            for line in message.portfolio
            if line.symbol != CASH
        ]
    return [message.cl_ord_id] if isinstance(message, Order) else []
