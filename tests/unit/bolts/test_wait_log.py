"""When the rule engine logs that decisions wait for market data."""

import logging
from itertools import count

import pytest

from fintank.bolts.wait_log import AGAIN_SECONDS, LOGGED_MS_MIN, WaitLog


def test_a_long_wait_is_logged_when_it_begins_once_a_minute_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    seconds, now = count(), 0
    log = WaitLog(logging.getLogger(), lambda: float(now))
    logged: list[tuple[int, str]] = []
    for waited_ms in [*range(0, 132_000, 1000), 500, 0, *range(9_000, 12_000, 1000)]:
        now = next(seconds)
        log.note(waited_ms)
        logged += [(now, record.getMessage()) for record in caplog.records]
        caplog.clear()
    waited = "decisions have waited {} s for the market data before them".format
    assert logged == [
        (11, waited(11)),
        (71, waited(71)),
        (131, waited(131)),
        (132, "decisions no longer wait for market data"),
        (136, waited(11)),
    ]


def test_a_short_wait_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = WaitLog(logging.getLogger(), lambda: 2 * AGAIN_SECONDS)
    log.note(LOGGED_MS_MIN)
    log.note(0)
    assert caplog.records == []
