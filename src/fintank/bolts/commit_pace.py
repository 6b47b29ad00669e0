"""How long the rule engine gathers tuples before it decides, and positions before it commits them."""

import time

GATHER_SECONDS = 0.01
GATHER_COMMITS = 3
"""Gather this many times as long as the last commit took: tuples are read while the broker is slow, too."""
WAIT_SECONDS_MAX = 1.0
UNCOMMITTED_MAX = 10_000
"""Decide and commit when more offsets are pending: half of what a partition may have in flight."""
UNCOMMITTED_IDLE_MAX = 5_000
"""The same when no tuple is waiting."""
ORDERS_WAIT_SECONDS = 0.25
"""Commit the positions of all shards when order tuples have been pending for longer: few fit in flight."""


class CommitPace:
    """What was gathered since the last decisions, and when all positions were last committed."""

    def __init__(self) -> None:
        self._flushed = self._decided = time.monotonic()
        self._gather_seconds = GATHER_SECONDS
        self._offsets = 0

    def gather(self, offsets: int) -> None:
        """Note how many offsets a tuple covers."""
        self._offsets += offsets

    def is_gathered(self) -> bool:
        """Whether to decide although more tuples are waiting."""
        return time.monotonic() - self._decided > self._gather_seconds or self._offsets > UNCOMMITTED_MAX

    def is_overdue(self, uncommitted: int) -> bool:
        """Whether to commit all positions although more tuples are waiting."""
        return self._waited_seconds > WAIT_SECONDS_MAX or uncommitted > UNCOMMITTED_MAX

    def is_due(self, uncommitted: int, has_orders: bool) -> bool:
        """Whether to commit all positions when no tuple is waiting."""
        orders_wait = has_orders and self._waited_seconds > max(ORDERS_WAIT_SECONDS, self._gather_seconds)
        return orders_wait or uncommitted > UNCOMMITTED_IDLE_MAX

    def committed(self, started: float, shards: int, is_all: bool) -> None:
        """Note a commit of some shards, or of all, that started at a monotonic time."""
        self._decided = time.monotonic()
        self._offsets = 0
        if shards:
            slow_seconds = GATHER_COMMITS * (self._decided - started)
            self._gather_seconds = min(max(GATHER_SECONDS, slow_seconds), WAIT_SECONDS_MAX)
        if is_all:
            self._flushed = self._decided

    @property
    def _waited_seconds(self) -> float:
        return time.monotonic() - self._flushed
