"""What a shard notes for those who decide everything again."""

from fintank.trading.log_positions import LogPosition, Positions, Reached, Taken
from fintank.trading.partition_log import Partition
from fintank.trading.timeline import Adoption, Behind, Jump, Shift, TimelineNotes

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)


def begun() -> TimelineNotes:
    """Notes of a shard that stands at offset 10 of both partitions, its time at 1,000 ms."""
    positions = {TICKS: LogPosition(10, 1_000), ORDERS: LogPosition(10, 900)}
    return TimelineNotes(Positions(1_000, {"ticks": "a", "orders": "b"}, positions))


def taken(partition: Partition, first: int, end: int, log_ms: int, **given: object) -> Taken[object]:
    fields = {"is_shifted": False, "records": ["record"], **given}
    return Taken(partition, first, end, log_ms, **fields)  # type: ignore[arg-type]


def test_what_the_logs_tell_is_not_noted() -> None:
    notes = begun()
    notes.saw(taken(TICKS, 10, 12, 1_001), "a")
    notes.saw(taken(TICKS, 12, 13, 1_001, records=[]), "a")
    notes.saw(taken(ORDERS, 10, 11, 1_002), "b")
    notes.stands_at(ORDERS, 11, "b")
    assert notes.taken() == []


def test_a_shifted_run_is_noted_with_where_the_others_stood() -> None:
    notes = begun()
    notes.saw(taken(ORDERS, 10, 12, 1_005), "b")
    notes.saw(taken(TICKS, 10, 11, 1_005, is_shifted=True), "a")
    assert notes.taken() == [Shift({TICKS: 10, ORDERS: 12}, 1_005, TICKS, 10, 11)]
    assert notes.taken() == []


def test_shifted_runs_in_a_row_are_one_note() -> None:
    notes = begun()
    notes.saw(taken(TICKS, 10, 11, 1_005, is_shifted=True), "a")
    notes.saw(taken(TICKS, 11, 13, 1_005, is_shifted=True), "a")
    notes.saw(taken(TICKS, 13, 14, 1_006, is_shifted=True), "a")
    notes.saw(taken(ORDERS, 10, 11, 1_006, records=[]), "b")
    notes.saw(taken(TICKS, 14, 15, 1_006, is_shifted=True), "a")
    notes.saw(taken(TICKS, 15, 16, 1_006, is_shifted=True), "a")
    notes.saw(taken(ORDERS, 11, 12, 1_006, is_shifted=True), "b")
    assert [(shift.partition, shift.first, shift.next, shift.log_ms) for shift in notes.taken()] == [
        (TICKS, 10, 13, 1_005),
        (TICKS, 13, 14, 1_006),
        (TICKS, 14, 16, 1_006),
        (ORDERS, 11, 12, 1_006),
    ]


def test_a_shard_that_begins_notes_where() -> None:
    notes = TimelineNotes(Positions())
    notes.adopted({"lot_size": "1"}, 4, "0.1.0", "2026c", 0)
    notes.saw(taken(ORDERS, 7, 8, 1_000), "b")
    notes.saw(taken(TICKS, 0, 3, 1_001), "a")
    assert notes.taken() == [
        Adoption({}, 0, Reached(0, None), {"lot_size": "1"}, 4, "0.1.0", "2026c", 0),
        Jump({}, 0, ORDERS, "b", None, 7),
        Jump({ORDERS: 8}, 1_000, TICKS, "a", None, 0),
    ]


def test_lost_records_are_noted_and_the_next_ones_log_time() -> None:
    notes = begun()
    notes.saw(taken(TICKS, 15, 16, 1_001, records=[]), "a")
    notes.saw(taken(TICKS, 16, 17, 1_002), "a")
    notes.saw(taken(TICKS, 17, 18, 1_003), "a")
    assert notes.taken() == [
        Jump({TICKS: 10, ORDERS: 10}, 1_000, TICKS, "a", 10, 15),
        Shift({TICKS: 16, ORDERS: 10}, 1_002, TICKS, 16, 17),
    ]


def test_a_topic_that_was_made_again_is_noted_even_at_the_same_offset() -> None:
    notes = begun()
    notes.saw(taken(TICKS, 10, 11, 1_001), "another")
    assert notes.taken()[0] == Jump({TICKS: 10, ORDERS: 10}, 1_000, TICKS, "another", 10, 10)


def test_a_position_that_moved_without_records_is_noted() -> None:
    notes = begun()
    notes.stands_at(TICKS, 30, "a")
    notes.stands_at(TICKS, 30, "a")
    assert notes.taken() == [Jump({TICKS: 10, ORDERS: 10}, 1_000, TICKS, "a", 10, 30)]


def test_that_append_times_count_as_later_is_noted_where_it_changes() -> None:
    notes = begun()
    for offset, behind in enumerate(("0", None, "5000", "5000", None, "3000", "3000", "0", "0"), 10):
        behind_ms = None if behind is None else int(behind)
        notes.saw(taken(TICKS, offset, offset + 1, 1_001, behind_ms=behind_ms), "a")
    assert notes.taken() == [
        Behind({TICKS: 12}, 5_000),
        Behind({TICKS: 15}, 3_000),
        Behind({TICKS: 17}, 0),
    ]


def test_the_first_millisecond_of_being_behind_is_noted() -> None:
    notes = begun()
    notes.saw(taken(TICKS, 10, 11, 1_001, behind_ms=1), "a")
    assert notes.taken() == [Behind({TICKS: 10}, 1)]


def test_shifted_runs_after_another_note_are_one_note() -> None:
    notes = begun()
    notes.adopted({}, 4, "0.1.0", "2026c", 0)
    for offset in range(10, 13):
        notes.saw(taken(TICKS, offset, offset + 1, 1_005, is_shifted=True), "a")
    assert [(note.first, note.next) for note in notes.taken()[1:] if isinstance(note, Shift)] == [(10, 13)]
