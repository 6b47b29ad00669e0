from fintank.adapters.consumer_groups import PartitionState
from fintank.demo.play import unread


def state(topic: str, end: int, committed: int | None, first: int = 0) -> PartitionState:
    return PartitionState(topic, 0, first, end, committed)


def test_uncommitted_records_before_the_target_are_unread() -> None:
    targets = {("ticks", 0): 10, ("orders", 0): 5}
    assert unread([state("ticks", 10, 4), state("orders", 5, None)], targets) == 11
    assert unread([state("ticks", 10, 10), state("orders", 5, 5)], targets) == 0


def test_records_after_the_target_do_not_count() -> None:
    assert unread([state("ticks", 1_000, 9)], {("ticks", 0): 10}) == 1
    assert unread([state("ticks", 1_000, 20)], {("ticks", 0): 10}) == 0


def test_deleted_records_and_other_topics_do_not_count() -> None:
    assert unread([state("ticks", 10, None, first=8), state("fills", 10, 0)], {("ticks", 0): 10}) == 2
