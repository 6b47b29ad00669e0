"""What can't be used is accounted for: each such record has its reject."""

from collections import defaultdict
from collections.abc import Iterable

from fintank.reconciliation.results import Kind, Logs, Result

REJECTS = ("rejects", 0)


class Rejected:
    """The records that the topic `rejects` names, as topic-partition-offset; one may be named twice."""

    def __init__(self, names: Iterable[str], logs: Logs) -> None:
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
        """Look for the rejects of some unusable records: offset and append time in milliseconds of each."""
        rejected = self.offsets(topic, partition)
        for offset, time_ms in unusable:
            if not self._logs[topic, partition].is_done(offset):
                self.result.pending += 1
            elif offset in rejected:
                self.result.compared += 1
            elif self._logs[REJECTS].may_have_lost(time_ms):
                self.result.beyond_retention += 1
            else:
                self.result.compared += 1
                detail = "is not used, and not in the topic rejects"
                self.result.add(Kind.RECORD_NOT_REJECTED, f"{topic}-{partition}-{offset}", detail)
