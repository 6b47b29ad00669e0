from collections.abc import Iterator

from fintank.waiting import wait_until


def test_the_first_answer_that_will_do_is_returned() -> None:
    answers: Iterator[int] = iter([0, 0, 3, 4])
    assert wait_until(lambda: next(answers), 60, every=0) == 3
    assert next(answers) == 4


def test_when_the_time_is_up_the_last_answer_is_returned() -> None:
    assert wait_until(lambda: [1], 0.01, every=0, is_done=lambda answer: not answer) == [1]


def test_there_is_one_question_even_without_any_time() -> None:
    assert wait_until(lambda: True, 0)
