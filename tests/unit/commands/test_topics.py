from fintank.adapters.consumer_groups import PartitionState
from fintank.adapters.kafka_topics import topics
from fintank.commands.topics import summary


def test_the_summary_adds_up_the_lag_of_each_topic() -> None:
    states = [
        PartitionState(name, number, 0, 10 + number, 5)
        for name, topic in topics().items()
        for number in range(topic.partitions)
    ]
    shown = summary(states)
    assert (shown["ticks"]["group"], shown["ticks"]["lag"]) == ("order_flow-ticks", 5 + 6 + 7 + 8)
    assert (shown["rejects"]["group"], shown["rejects"]["lag"]) == (None, None)
    assert list(shown) == list(topics())
