"""What the topics of a generation are called."""

import pytest

from fintank.adapters.kafka_topics import generation_of, topic_of


@pytest.mark.parametrize("number", [0, 1, 10])
def test_a_topics_generation_is_read_from_its_name(number: int) -> None:
    assert generation_of(topic_of("journal", number)) == ("journal", number)


@pytest.mark.parametrize(
    "name", ["journal-0", "journal-01", "timeline-", "timeline-x", "ticks-1", "journal-٣"]
)
def test_other_names_are_not_of_a_generation(name: str) -> None:
    assert generation_of(name) == (name, 0)
