from fintank.adapters.consumer_groups import PartitionState
from fintank.adapters.kafka import TOPICS
from fintank.commands.topics import summary


def test_the_summary_adds_up_the_lag_of_each_topic() -> None:
    states = [
        PartitionState(name, number, 0, 10 + number, 5)
        for name, topic in TOPICS.items()
        for number in range(topic.partitions)
    ]
    told = summary(states)
    assert (told["ticks"]["group"], told["ticks"]["lag"]) == ("order_flow-ticks", 5 + 6 + 7 + 8)
    assert (told["rejects"]["group"], told["rejects"]["lag"]) == (None, None)
    assert list(told) == list(TOPICS)
