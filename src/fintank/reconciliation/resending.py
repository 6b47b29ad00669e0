"""Which rejected records are sent again, and sending them."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from fintank.adapters.rejected_records import Rejected
from fintank.adapters.resender import Resender, open_resender, resent_places
from fintank.adapters.topic_reader import open_reader
from fintank.terminal.screen import progress, track
from fintank.terminal.texts import counted
from fintank.wire.kafka.rejects import Reason

Say = Callable[[str], None]
Partition = tuple[str, int]

TOPICS = ("ticks", "orders")
"""What others write. The other topics are the rule engine's: a second execution would be a lie."""
OF_THE_ENGINE = "of the rule engine's own topics: `invoke rebuild` writes their points"
AGAIN = "resent before; a record that was rejected again has a new reject"
GONE = "no longer in the topic"
NOT_CURED: Mapping[str, str] = MappingProxyType(
    {
        Reason.INFLUXDB_REFUSED: "used, but the database refused the points: `invoke rebuild` writes them",
        Reason.WRONG_PARTITION: "in the wrong partition: send the state with `invoke trading_state`",
    }
)


class ResendPlan(NamedTuple):
    """What is to be sent again, in the order of the logs, and how many others are not, by reason."""

    wanted: list[Rejected]
    left_out: Mapping[str, int]


def plan(rejects: Iterable[Rejected], resent: Collection[str], starts: Mapping[Partition, int]) -> ResendPlan:
    """Choose what to send again, given the places of what was resent and where partitions start."""
    wanted: dict[str, Rejected] = {}
    left_out: dict[str, str] = {}
    for reject in rejects:
        place = reject.place
        if reject.topic not in TOPICS:
            left_out[place] = OF_THE_ENGINE
        elif reject.reason in NOT_CURED:
            left_out[place] = NOT_CURED[reject.reason]
        elif place in resent:
            left_out[place] = AGAIN
        elif reject.offset < starts.get((reject.topic, reject.partition), reject.offset + 1):
            left_out[place] = GONE
        else:
            wanted[place] = reject
    ordered = sorted(wanted.values(), key=lambda reject: (reject.topic, reject.partition, reject.offset))
    return ResendPlan(ordered, Counter(left_out.values()))


def resend(address: str, rejects: Collection[Rejected], say: Say) -> None:
    """Send the records of these rejects again, each once; say what will be done, and then what was done."""
    with open_resender(address) as resender:
        made = _plan(address, rejects)
        topics = Counter(reject.topic for reject in made.wanted)
        for why, count in made.left_out.items():
            say(f"Not resent: {counted(count, 'record')} {why}.")
        if not made.wanted:
            say("There is nothing to resend.")
            return
        named = " and ".join(f"{counted(count, 'record')} of {topic}" for topic, count in topics.items())
        say(f"Resending {named} to Kafka ({address}).")
        started = time.monotonic()
        missing = _send(address, resender, made.wanted)
        resender.commit()
        if missing:
            say(f"Not resent: {counted(missing, 'record')} {GONE}.")
        say(f"{counted(resender.sent, 'record')} resent in {time.monotonic() - started:.1f} s.")


def _plan(address: str, rejects: Collection[Rejected]) -> ResendPlan:
    """Look up what was resent before; nobody else can resend by now."""
    resent: set[str] = set()
    starts: dict[Partition, int] = {}
    for topic in TOPICS:
        times = [reject.time_ms for reject in rejects if reject.topic == topic]
        if times:
            with open_reader(address, topic) as reader, progress(transient=True) as bar:
                task = bar.add_task(f"looking for records resent to {topic}", total=None)
                for place in resent_places(reader, min(times)):
                    resent.add(place)
                    bar.advance(task)
                starts |= {(topic, number): first for number, first in reader.starts().items()}
    return plan(rejects, resent, starts)


def _send(address: str, resender: Resender, wanted: Collection[Rejected]) -> int:
    """Send the records; return how many are gone, or are not the rejected ones any more."""
    by_partition: dict[Partition, dict[int, Rejected]] = defaultdict(dict)
    for reject in wanted:
        by_partition[reject.topic, reject.partition][reject.offset] = reject
    found = 0
    for (topic, partition), of_offset in by_partition.items():
        with open_reader(address, topic) as reader:
            records = reader.records_at(partition, list(of_offset))
            for record in track(records, len(of_offset), f"resending {topic}-{partition}"):
                if of_offset[record.offset].is_of(record):
                    resender.send(record)
                    found += 1
    return len(wanted) - found
