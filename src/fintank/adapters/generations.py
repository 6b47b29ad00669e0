"""Which journals are current: `invoke reshard` makes a new generation of the topics journal and timeline.

The names of a generation's topics end with its number; those of the first one, 0, have none. The current
generation is the last complete one. It is complete once its timeline begins: its first records are
written last, in one transaction.
"""

import time
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from fintank.adapters.consumers import ANSWER_SECONDS_MAX, is_end, is_record, open_consumer
from fintank.adapters.kafka_topics import generation_of, topic_of
from fintank.errors import FintankError

POLL_SECONDS = 0.5
_complete: set[tuple[str, int]] = set()
"""Address and number of each generation that is known to be complete: it stays complete."""


def complete(address: str, names: Iterable[str]) -> list[int]:
    """Return the complete generations, the current one last; names: those of all topics.

    FintankError if Kafka does not answer or refuses.
    """
    begun = sorted(number for name, number in map(generation_of, names) if name == "timeline" and number)
    if {(address, number) for number in begun} <= _complete:
        return [0, *begun]
    with open_consumer(address, "fintank-generations") as consumer:
        for number in begun:
            if (address, number) not in _complete and _is_complete(consumer, number):
                _complete.add((address, number))
        return [0, *(number for number in begun if (address, number) in _complete)]


def _is_complete(consumer: Consumer, number: int) -> bool:
    consumer.assign([TopicPartition(topic_of("timeline", number), 0, OFFSET_BEGINNING)])
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while time.monotonic() < deadline:
        message = consumer.poll(POLL_SECONDS)
        if message is not None and is_record(message):
            return True
        if message is not None and is_end(message):
            return False
    raise FintankError(f"Kafka does not answer: no record came from '{topic_of('timeline', number)}'")
