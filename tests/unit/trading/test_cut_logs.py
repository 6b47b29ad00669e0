"""What the merge does where a log lost its end."""

from support.merge_world import ORDERS, TICKS, World

from fintank.trading.log_positions import LogPosition
from fintank.trading.partition_log import Range, Run


def test_a_log_that_lost_its_end_is_read_again_from_there() -> None:
    world = World()
    for append_ms in range(1_001, 1_011):
        world.append(TICKS, append_ms)
    world.report_ends(0)
    world.report_ends(100)
    assert len(world.take()) == 10
    world.merge.cut(TICKS, 10)
    assert (world.merge.gone, world.merge.positions[TICKS]) == (0, LogPosition(10, 1_010))
    world.merge.cut(TICKS, 7)
    assert (world.merge.gone, world.merge.positions[TICKS]) == (3, LogPosition(7, 1_010))
    world.merge.offer(TICKS, Range(7, 8, [Run(7, 1, 1_200)], [7], ["again"]))
    world.report_ends(300)
    assert [text for text, _, _ in world.take()] == ["again"]


def test_what_was_delivered_and_not_taken_is_delivered_again_when_its_log_lost_its_end() -> None:
    world = World()
    world.report_ends(0)
    for append_ms in (1_500, 1_501, 1_502):
        world.append(ORDERS, append_ms)
    assert world.take() == []
    world.merge.cut(ORDERS, 2)
    assert (world.merge.gone, world.merge.positions[ORDERS]) == (1, LogPosition(0, 1_000))
    for offset in (0, 1):
        world.merge.offer(ORDERS, Range(offset, offset + 1, [Run(offset, 1, 1_500)], [offset], [str(offset)]))
    world.ends[ORDERS] = 2
    world.report_ends(600)
    assert [text for text, _, _ in world.take()] == ["0", "1"]
