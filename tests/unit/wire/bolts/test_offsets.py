"""Runs of offsets as text."""

import pytest

from fintank.wire.bolts.offsets import (
    Run,
    append_times_ms,
    format_runs,
    parse_offsets,
    parse_runs,
    record_count,
    runs_of,
    spout_text,
)


def test_the_runs_of_a_spout_carry_their_append_time():
    assert parse_runs("5,2,1700000000000 9,1,1700000000123") == [
        Run(5, 2, 1700000000000),
        Run(9, 1, 1700000000123),
    ]


def test_records_become_the_runs_that_a_spout_writes() -> None:
    runs = runs_of([(5, 10), (6, 10), (7, 11), (9, 11), (10, 11)])
    assert runs == [Run(5, 2, 10), Run(7, 1, 11), Run(9, 2, 11)]
    assert spout_text(runs) == "5,2,10 7,1,11 9,2,11"
    assert parse_runs(spout_text(runs)) == runs
    assert spout_text(runs_of([])) == ""


def test_adjacent_runs_are_written_as_one():
    assert format_runs([(5, 2), (7, 1), (9, 3)]) == "5,3 9,3"


def test_no_runs_give_an_empty_text():
    assert format_runs([]) == ""


def test_written_runs_are_read_back_as_offsets():
    assert parse_offsets(format_runs([(5, 2), (9, 1)])) == [5, 6, 9]


@pytest.mark.parametrize("text", ["5", "5,2", "5,x,1", "5,2,3,4", "5,2,3  9,1,3"])
def test_text_that_is_no_run_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_runs(text)


def test_the_records_of_a_spouts_tuple_are_counted_and_timed() -> None:
    runs = "5,2,1700000000000 9,1,1700000000123"
    assert record_count(runs) == 3
    assert append_times_ms(runs) == {5: 1700000000000, 6: 1700000000000, 9: 1700000000123}
