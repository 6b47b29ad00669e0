from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.services import kafka_broker


def test_data_is_started_by_as_many_brokers_as_made_it(tmp_path: Path) -> None:
    kafka_broker._require_as_many(tmp_path, 3)
    kafka_broker._require_as_many(tmp_path, 3)
    with pytest.raises(FintankError, match="has the data of 3 Kafka brokers, and 1 would be started"):
        kafka_broker._require_as_many(tmp_path, 1)


@pytest.mark.parametrize("content", [b"", b"\xff", b"three", b"-1"])
def test_a_damaged_number_of_brokers_is_one_line_with_its_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kafka-brokers").write_bytes(content)
    with pytest.raises(FintankError, match="kafka-brokers is damaged: write into it of how many"):
        kafka_broker._require_as_many(tmp_path, 1)
