"""Moves the journals of all shards to another number of shards, in transactions.

The new generation is complete with its last transaction. If this ends before that, the current one stays, and
the next call deletes what there is of the new one.
"""

from collections.abc import Callable, Sequence

from confluent_kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from fintank.adapters import generations, journal, kafka, kafka_topics, topic_configs
from fintank.adapters.consumer_groups import live_members
from fintank.adapters.consumers import bounds, open_consumer
from fintank.adapters.kafka_topics import GENERATED, generation_of, topic_of
from fintank.errors import FintankError
from fintank.resharding.new_journals import NewJournals
from fintank.resharding.old_shards import OldShards
from fintank.settings import Settings
from fintank.terminal.screen import progress
from fintank.terminal.texts import counted
from fintank.trading.partition_log import Partition
from fintank.trading.resharding import Division
from fintank.trading.timeline import Resharded

Say = Callable[[str], None]


def reshard(settings: Settings, shards: int, say: Say) -> None:
    """Divide the journals of all shards among this many shards; FintankError if that can't be done now."""
    address = settings.kafka
    with kafka.connect(address) as admin:
        names = set(admin.list_topics())
        before = kafka_topics.generation()
        old = _shards(admin, before, names)
        _require_partitions(admin, names)
        if old == shards:
            raise FintankError(f"there are {shards} shards already: scale.toml must say shards = {shards}")
        if live_members(admin):
            raise FintankError("the topology is running: stop it, then run `invoke reshard` again")
        with journal.errors(address, "invoke reshard", "it can't begin"):
            producer = journal.fenced(address, journal.RESHARD)
            if generations.complete(address, admin.list_topics())[-1] != before:
                raise FintankError("another `invoke reshard` has just finished: see `invoke topics`")
            fenced = OldShards(address, before, old)
        numbers = {name: generation_of(name)[1] for name in names}
        # What there is of a generation that was not completed.
        _delete(admin, sorted(name for name, number in numbers.items() if number > before))
        number = 1 + max(numbers.values())
        _create(admin, number, shards)
    with journal.errors(address, "invoke reshard", "it can't continue"):
        _move(fenced, NewJournals(number, producer), shards, say)
    say(
        f"{counted(old, 'shard')} became {shards}: now write shards = {shards} into scale.toml. The old "
        "journals are kept until `invoke reshard --drop-old`"
    )


def drop_old(settings: Settings, say: Say) -> None:
    """Delete the journals of all generations before the current one; their timelines stay for the audit."""
    with kafka.connect(settings.kafka) as admin:
        current = kafka_topics.generation()
        found = [(topic, *generation_of(topic)) for topic in sorted(admin.list_topics())]
        old = [topic for topic, name, number in found if name == "journal" and number < current]
        if not old:
            raise FintankError("there are no journals of earlier shards")
        _delete(admin, old)
    say(f"Deleted: {', '.join(old)}")


def _move(old: OldShards, new: NewJournals, shards: int, say: Say) -> None:
    division = Division(shards, lambda symbol: kafka_topics.partition_for(symbol, shards))
    with progress(transient=True) as bar:
        task = bar.add_task("dividing", total=old.count)
        for shard in range(old.count):
            entries, reached = old.remembered(shard, say)
            for number, entry in division.take(entries, reached):
                new.add(number, entry)
            bar.advance(task)
    shared = division.shared(old.point)
    offsets = {place: at.next or 0 for place, at in old.point.partitions.items()}
    beginning = Resharded(offsets, old.point.now_ms, _report_ends(old.address))
    new.complete(dict.fromkeys(range(shards), shared), beginning)
    say(f"{counted(new.entries, 'record')} written")


def _report_ends(address: str) -> dict[Partition, int]:
    """Return where each partition of `executions` ends, now that nobody writes to it."""
    places = [
        Partition("executions", number) for number in range(kafka_topics.topics()["executions"].partitions)
    ]
    with open_consumer(address, "fintank-commands", "read_uncommitted") as consumer:
        return {place: bounds(consumer, TopicPartition(*place))[1] for place in places}


def _shards(admin: KafkaAdminClient, generation: int, names: set[str]) -> int:
    name = topic_of("journal", generation)
    if name not in names:
        raise FintankError(f"there is no topic '{name}': write shards into scale.toml, then `invoke topics`")
    return len(admin.describe_topics([name])[0]["partitions"])


def _require_partitions(admin: KafkaAdminClient, names: set[str]) -> None:
    """Raise FintankError if the topics of reports and fills have other partitions than scale.toml says."""
    for topic in admin.describe_topics(sorted({"executions", "fills"} & names)):
        found, wanted = len(topic["partitions"]), kafka_topics.topics()[topic["name"]].partitions
        if found != wanted:
            raise FintankError(topic_configs.wrong_partitions(topic["name"], found, wanted))


def _delete(admin: KafkaAdminClient, names: Sequence[str]) -> None:
    if names:
        admin.delete_topics(list(names))


def _create(admin: KafkaAdminClient, generation: int, shards: int) -> None:
    topics = kafka_topics.topics()
    made = {
        topic_of(layout, generation): kafka_topics.Topic(
            shards, topics[kafka_topics.current_name(layout)].configs
        )
        for layout in GENERATED
    }
    # A call that was fenced can still create topics, with its own number of shards.
    if kafka.create(admin, made):
        raise FintankError(
            "nothing was changed, as another `invoke reshard` has begun meanwhile: run `invoke reshard` again"
        )
    admin.wait_for_topics(list(made), timeout_ms=kafka.TOPICS_READY_MS_MAX)
