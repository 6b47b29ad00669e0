"""Where the logs of a topic end, as a spout reports it to the rule engine."""

from collections.abc import Sequence
from typing import Any

from fintank.trading.log_positions import LogEnds
from fintank.trading.partition_log import Partition


def log_ends(values: Sequence[Any]) -> tuple[str, str, LogEnds]:
    """Read a spout's tuple [topic topic_id clock asked_ms appended_ms caught_up ends cuts full]; return the
    topic, its id, and where its partitions end.

    ends: `partition,start,end` for each partition, cuts and full: `partition,offset`, separated by one space.
    """
    topic, topic_id, clock, asked_ms, appended_ms, is_caught_up, ends, *places = values
    partitions = {Partition(topic, number): (start, end) for number, start, end in _numbers(ends)}
    cuts, full = ({Partition(topic, number): at for number, at in _numbers(text)} for text in places)
    return topic, topic_id, LogEnds(clock, asked_ms, appended_ms, is_caught_up, partitions, cuts, full)


def _numbers(text: str) -> list[tuple[int, ...]]:
    return [tuple(map(int, place.split(","))) for place in text.split(" ")] if text else []
