"""Every unusable record has its reject."""

import re
from collections import defaultdict
from collections.abc import Iterable

from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.topic_logs import TopicLogs

REJECTS = ("rejects", 0)
_KEY = re.compile(rb"[a-z]+-[0-9]+-[0-9]+")


class RejectedRecords:
    """The records named by the topic `rejects`, as topic-partition-offset; one may be named twice."""

    def __init__(self, names: Iterable[str], logs: TopicLogs) -> None:
        self.result = Result("unusable records are in rejects")
        self._logs = logs
        self._offsets: dict[tuple[str, int], set[int]] = defaultdict(set)
        for name in names:
            topic, partition, offset = name.rsplit("-", 2)
            self._offsets[topic, int(partition)].add(int(offset))

    def offsets(self, topic: str, partition: int) -> set[int]:
        """Return the rejected offsets of a partition."""
        return self._offsets.get((topic, partition), set())

    def check(self, topic: str, partition: int, unusable: Iterable[tuple[int, int]]) -> None:
        """Look for the rejects of unusable records, each given by its offset and append time in ms."""
        rejected = self.offsets(topic, partition)
        for offset, time_ms in unusable:
            if not self._logs.partitions[topic, partition].is_done(offset):
                self.result.pending += 1
            elif offset in rejected:
                self.result.compared += 1
            elif self._logs.is_missing(self.result, REJECTS, time_ms):
                self.result.compared += 1
                detail = "is unusable and not in the topic rejects"
                self.result.add(BreakKind.RECORD_NOT_REJECTED, f"{topic}-{partition}-{offset}", detail)


def read_rejected(address: str, logs: TopicLogs) -> RejectedRecords:
    """Read the topic `rejects`."""
    with open_reader(address, "rejects") as reader:
        keys = (record.key or b"" for record in reader.read(reader.starts()))
        return RejectedRecords((key.decode() for key in keys if _KEY.fullmatch(key)), logs)
