import pytest

from fintank.samples.replay import Extent, shift_us

NOW_US = 2_000_000_000
EXTENT = Extent(quotes=2, bad_lines=0, first_us=100, last_us=1_100)


def test_at_once_the_last_tick_is_now() -> None:
    assert EXTENT.last_us + shift_us(EXTENT, NOW_US, None) == NOW_US


@pytest.mark.parametrize(("speed", "takes_us"), [(1, 1000), (10, 100), (0.5, 2000)])
def test_paced_no_tick_is_sent_before_its_time(speed: float, takes_us: int) -> None:
    shift = shift_us(EXTENT, NOW_US, speed)
    assert EXTENT.first_us + shift <= NOW_US
    assert EXTENT.last_us + shift <= NOW_US + takes_us


def test_faster_than_it_happened_the_last_tick_is_the_moment_it_is_sent() -> None:
    assert EXTENT.last_us + shift_us(EXTENT, NOW_US, 10) == NOW_US + 100
