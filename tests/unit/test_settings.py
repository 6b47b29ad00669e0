import pytest

from fintank import settings
from fintank.errors import FintankError


def test_kafka_may_be_several_brokers() -> None:
    loaded = settings.load({"FINTANK_KAFKA": "a:9092, b:9093"})
    assert loaded.kafka == "a:9092,b:9093"
    assert settings.from_storm({"fintank.kafka": "c:1,d:2"}, {}).kafka == "c:1,d:2"


@pytest.mark.parametrize("wrong", ["a", "a:x", "a:1,", "a:1,b", ":1", "a:99999"])
def test_a_wrong_address_among_them_is_named(wrong: str) -> None:
    with pytest.raises(FintankError, match=r"FINTANK_KAFKA='.*' is no address"):
        settings.load({"FINTANK_KAFKA": wrong})
