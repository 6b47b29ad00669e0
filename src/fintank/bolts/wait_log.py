"""The log lines about decisions that wait for market data."""

import logging
import time
from collections.abc import Callable

LOGGED_MS_MIN = 10_000
"""A shorter wait is not logged."""
AGAIN_SECONDS = 60.0


class WaitLog:
    """Logs a long wait when it begins, once a minute while it lasts, and when it is over."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns a time in seconds."""
        self._logger = logger
        self._clock = clock
        self._logged: float | None = None
        """When the wait was logged last; None without a wait."""

    def note(self, waited_ms: int) -> None:
        """Note how long decisions have waited; call it every second."""
        if waited_ms > LOGGED_MS_MIN:
            if self._logged is None or self._clock() - self._logged >= AGAIN_SECONDS:
                self._logged = self._clock()
                seconds = waited_ms // 1000
                self._logger.warning("decisions have waited %d s for the market data before them", seconds)
        elif self._logged is not None:
            self._logged = None
            self._logger.info("decisions no longer wait for market data")
