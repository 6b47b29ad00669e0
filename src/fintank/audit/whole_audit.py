"""The audit of all generations of shards, one after the other."""

from collections.abc import Sequence
from itertools import chain

from fintank.adapters import generations, kafka
from fintank.adapters.kafka_topics import topic_of, topics
from fintank.adapters.shard_records import decided_positions, timelines
from fintank.adapters.topic_reader import TopicReader, open_reader
from fintank.audit.differences import AuditFindings
from fintank.audit.fill_matching import FillMatching
from fintank.audit.generation_audit import Carried, Generation, GenerationAudit
from fintank.audit.topic_records import OffsetSpan, WrittenFills
from fintank.settings import Settings
from fintank.trading.log_positions import LogPosition, Positions, Reached
from fintank.trading.log_replay import is_lost
from fintank.trading.timeline import Resharded, TimelineEvent


def audit(settings: Settings) -> AuditFindings:
    """Decide everything that the shards have decided again, from the topics alone, and compare."""
    address = settings.kafka
    with kafka.connect(address) as admin:
        kafka.ensure_topics(admin)
        names = admin.list_topics()
        numbers = generations.complete(address, names)
        called = [topic_of("timeline", number) for number in numbers]
        counts = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(called)}
    with open_reader(address, "fills") as reader:
        return _audit(address, numbers, [counts[name] for name in called], reader)


def _audit(address: str, numbers: Sequence[int], shards: Sequence[int], reader: TopicReader) -> AuditFindings:
    findings = AuditFindings()
    booked = WrittenFills(reader)
    # How far the shards are comes first: all that they wrote until then can be read after it.
    decided = decided_positions(address, numbers[-1], range(shards[-1]))
    events = [timelines(address, number, count) for number, count in zip(numbers, shards, strict=True)]
    fills = FillMatching(findings, reader.record_at)
    fills.take(booked.read())
    reports_from_ms = dict.fromkeys(range(topics()["executions"].partitions), 0)
    carried: Carried | None = None
    first = max((at for at, found in enumerate(events) if _begins_anew(found)), default=0)
    for at, number in list(enumerate(numbers))[first:]:
        is_last = number == numbers[-1]
        end = None if is_last else _beginning(events[at + 1])
        positions = decided if end is None else [_positions(end)] * shards[at]
        spans = _spans(None if at == first else _beginning(events[at]), end)
        generation = Generation(number, positions, events[at], spans, is_last)
        audited = GenerationAudit(address, generation, findings, fills)
        audited.run(carried, booked)
        reports_from_ms |= {
            partition: max(from_ms, reports_from_ms[partition])
            for partition, from_ms in audited.reports_from_ms.items()
        }
        if end is not None:
            carried = audited.carry(_positions(end), shards[at + 1])
    fills.finish(booked.from_ms, reports_from_ms)
    return findings


def _begins_anew(timelines: Sequence[Sequence[TimelineEvent]]) -> bool:
    """Whether what a generation began with can't be decided again."""
    return _beginning(timelines) is None or any(map(is_lost, chain.from_iterable(timelines)))


def _beginning(timelines: Sequence[Sequence[TimelineEvent]]) -> Resharded | None:
    """Return what a generation began with; None for the first, or if its timelines no longer say."""
    first = next(iter(timelines[0]), None)
    return first if isinstance(first, Resharded) else None


def _positions(end: Resharded) -> Positions:
    """Return how far the shards of a generation have come in the end."""
    partitions = {place: LogPosition(offset, end.now_ms) for place, offset in end.positions.items()}
    return Positions(end.now_ms, {}, partitions, Reached(end.now_ms * 1000, None))


def _spans(start: Resharded | None, end: Resharded | None) -> dict[int, OffsetSpan]:
    """Return where the reports of a generation are, by partition of `executions`."""
    firsts = {} if start is None else {place.number: offset for place, offset in start.reports.items()}
    ends = {} if end is None else {place.number: offset for place, offset in end.reports.items()}
    return {
        partition: OffsetSpan(firsts.get(partition, 0), ends.get(partition))
        for partition in range(topics()["executions"].partitions)
    }
