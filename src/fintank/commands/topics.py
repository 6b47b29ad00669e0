"""invoke topics: create the topics and show how far they are read."""

from json import dumps

from rich.table import Table

from fintank.adapters import kafka, kafka_topics, more_partitions
from fintank.adapters.consumer_groups import (
    GROUPS,
    PartitionState,
    behind_transactions,
    lags,
    partition_states,
)
from fintank.commands import command
from fintank.settings import Settings
from fintank.terminal.screen import console, table

TABLE_CHARS_MIN = 100


@command(help={"json": "print one JSON object, with the total lag of each topic that a group reads"})
def topics(settings: Settings, json: bool = False) -> None:
    """Create and repair the topics, and show offsets and lag.

    Example: invoke topics --json
    """
    with kafka.connect(settings.kafka) as admin:
        notes = more_partitions.add(admin) + kafka.fix_topics(admin)
        states = partition_states(admin)
    notes += behind_transactions(states)
    if json:
        print(dumps({"kafka": settings.kafka, "topics": summary(states), "notes": notes}))
        return
    console(TABLE_CHARS_MIN).print(_table(states))
    for line in notes:
        print(line)


def summary(states: list[PartitionState]) -> dict[str, dict[str, object]]:
    """Return by topic: its group, the lag over all partitions (both None without a group), its partitions."""
    lag = lags(states)
    return {
        name: {
            "group": GROUPS.get(name),
            "lag": lag.get(name),
            "partitions": [
                {
                    "partition": state.partition,
                    "first_offset": state.first_offset,
                    "end_offset": state.end_offset,
                    "hidden": state.hidden,
                    "committed": state.committed,
                    "lag": state.lag,
                }
                for state in states
                if state.topic == name
            ],
        }
        for name in kafka_topics.topics()
    }


def _table(states: list[PartitionState]) -> Table:
    numbers = ("partition", "first offset", "end offset", "committed", "lag")
    made = table("topic", *numbers[:3], "consumer group", *numbers[3:], numbers=numbers)
    for state in states:
        offsets = (state.partition, state.first_offset, state.end_offset)
        read = ("" if number is None else str(number) for number in (state.committed, state.lag))
        last_of_topic = state.partition == kafka_topics.topics()[state.topic].partitions - 1
        made.add_row(state.topic, *map(str, offsets), state.group or "", *read, end_section=last_of_topic)
    return made
