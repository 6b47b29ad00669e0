"""invoke show: the last records of a topic."""

import base64
import os
import sys
from collections.abc import Iterator
from json import dumps

from fintank import output
from fintank.adapters import kafka, kafka_topics
from fintank.adapters.consumer_groups import behind_transactions, partition_states
from fintank.adapters.topic_reader import TopicReader, open_reader
from fintank.commands import command
from fintank.errors import FintankError
from fintank.settings import Settings
from fintank.terminal.options import whole_number
from fintank.terminal.texts import utc
from fintank.wire.kafka.records import Record

LAST_MAX = 10_000
SHOWN_CHARS_MAX = 2_000
COLUMNS = "partition      offset  time                      key       value"


@command(
    positional=["topic"],
    help={
        "topic": ", ".join(kafka_topics.NAMES),
        "last": "number of records, over all partitions, ordered by time",
        "json": "print one JSON object per line",
        "follow": "keep printing until Ctrl-C",
    },
)
def show(settings: Settings, topic: str, last: str = "10", json: bool = False, follow: bool = False) -> None:
    """Show the last records of a topic.

    Example: invoke show ticks --last 5
    """
    if topic not in kafka_topics.NAMES:
        raise FintankError(f"There is no topic {topic!r}: choose one of {', '.join(kafka_topics.NAMES)}")
    count = whole_number("--last", last, minimum=0, maximum=LAST_MAX)
    address = settings.kafka
    with kafka.connect(address) as admin:
        kafka.ensure_topics(admin)
        topic = kafka_topics.current_name(topic)
        states = [state for state in partition_states(admin) if state.topic == topic]
    for line in behind_transactions(states):
        print(line, file=sys.stderr)
    try:
        if not json:
            print(COLUMNS)
        with open_reader(address, topic) as reader:
            for record in _records(reader, count, follow):
                print(as_json(record) if json else readable(record))
    except BrokenPipeError:
        # As in `invoke show ticks | head`. Without this, Python complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def readable(record: Record) -> str:
    """Return one line under COLUMNS, with control characters escaped and a long value cut."""
    value = decoded(record.value)
    if len(value) > SHOWN_CHARS_MAX:
        value = f"{value[:SHOWN_CHARS_MAX]}... ({len(record.value or b''):,} bytes)"
    place = f"{record.partition:>9}{record.offset:>12}"
    return f"{place}  {utc(record.time_ms)}  {decoded(record.key):<8}  {value}"


def as_json(record: Record) -> str:
    """Return one JSON object: key and value are text or null; bytes that are not UTF-8 come as base64 too."""
    shown: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "time": utc(record.time_ms),
    }
    for name, found in (("key", record.key), ("value", record.value)):
        if found is None:
            shown[name] = None
            continue
        text = found.decode("utf-8", "backslashreplace")
        shown[name] = text
        if text.encode() != found:
            shown[f"{name}_base64"] = base64.b64encode(found).decode()
    return dumps(shown)


def _records(reader: TopicReader, count: int, follow: bool) -> Iterator[Record]:
    ends = reader.ends()
    yield from reader.last(count, ends)
    if follow:
        yield from reader.follow(ends)


def decoded(found: bytes | None) -> str:
    """Return text for a terminal, with control characters and what is not UTF-8 escaped."""
    return "(null)" if found is None else output.printable(found.decode("utf-8", "backslashreplace"))
