from collections.abc import Iterator

import pytest

from fintank.waiting import retry, wait_until


def test_the_first_answer_that_will_do_is_returned() -> None:
    answers: Iterator[int] = iter([0, 0, 3, 4])
    assert wait_until(lambda: next(answers), 60, every=0) == 3
    assert next(answers) == 4


def test_when_the_time_is_up_the_last_answer_is_returned() -> None:
    assert wait_until(lambda: [1], 0.01, every=0, is_done=lambda answer: not answer) == [1]


def test_there_is_one_question_even_without_any_time() -> None:
    assert wait_until(lambda: True, 0)


def test_a_transient_error_is_retried_until_the_time_is_up_and_any_other_passes() -> None:
    errors: list[Exception] = [OSError("1"), OSError("2"), ValueError("3"), OSError("4"), OSError("5")]

    def ask() -> str:
        if errors:
            raise errors.pop(0)
        return "answer"

    def is_transient(error: Exception) -> bool:
        return isinstance(error, OSError)

    with pytest.raises(ValueError, match="3"):
        retry(ask, 60, every=0, is_transient=is_transient)
    with pytest.raises(OSError, match="4"):
        retry(ask, -1, every=0, is_transient=is_transient)
    assert retry(ask, 60, every=0, is_transient=is_transient) == "answer"
