"""The command that makes the topics and shows how far they are read."""

from json import dumps

from invoke.context import Context
from rich import box
from rich.table import Table

from fintank import settings
from fintank.adapters import kafka
from fintank.adapters.kafka_groups import GROUPS, PartitionState, behind_transactions, partition_states
from fintank.commands import command
from fintank.terminal.screen import console

TABLE_CHARS_MIN = 100


@command(help={"json": "one JSON object, with the total lag of each topic that a group reads"})
def topics(_context: Context, json: bool = False) -> None:
    """Make and mend the topics, and show offsets and lag, as in: invoke topics --json"""
    address = settings.load().kafka
    with kafka.connect(address) as admin:
        notes = kafka.mend_topics(admin)
        states = partition_states(admin)
    notes += behind_transactions(states)
    if json:
        print(dumps({"kafka": address, "topics": summary(states), "notes": notes}))
        return
    console(TABLE_CHARS_MIN).print(_table(states))
    for line in notes:
        print(line)


def summary(states: list[PartitionState]) -> dict[str, dict[str, object]]:
    """Return topic -> group, lag over all partitions (both null without a group) and its partitions."""
    return {
        name: {
            "group": GROUPS.get(name),
            "lag": sum(state.lag or 0 for state in states if state.topic == name) if name in GROUPS else None,
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
        for name in kafka.TOPICS
    }


def _table(states: list[PartitionState]) -> Table:
    table = Table("topic", box=box.SIMPLE_HEAD)
    for name in ("partition", "first offset", "end offset"):
        table.add_column(name, justify="right")
    table.add_column("consumer group")
    for name in ("committed", "lag"):
        table.add_column(name, justify="right")
    for state in states:
        numbers = (state.partition, state.first_offset, state.end_offset)
        read = ("" if number is None else str(number) for number in (state.committed, state.lag))
        last_of_topic = state.partition == kafka.TOPICS[state.topic].partitions - 1
        table.add_row(state.topic, *map(str, numbers), state.group or "", *read, end_section=last_of_topic)
    return table
