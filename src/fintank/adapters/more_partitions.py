"""More partitions for `ticks` and `orders`, when scale.toml says so."""

from kafka.admin import KafkaAdminClient

from fintank.adapters.consumer_groups import live_members, partition_states
from fintank.adapters.kafka_topics import topics
from fintank.adapters.topic_configs import GROWING
from fintank.errors import FintankError


def add(admin: KafkaAdminClient) -> list[str]:
    """Add the partitions that are missing, and return a line for each topic that got some.

    The partition of a key changes with their number, so all must be read first: a record that waits in the
    old one could otherwise be stored after a later one in the new. FintankError if something is unread.
    """
    existing = set(admin.list_topics()) & {*GROWING}
    lines = []
    for topic in admin.describe_topics(sorted(existing)) if existing else ():
        name, found = topic["name"], len(topic["partitions"])
        wanted = topics()[name].partitions
        if found >= wanted:
            continue
        # What an open transaction hides is read later, too.
        unread = sum((state.lag or 0) + state.hidden for state in partition_states(admin, {name: found}))
        if unread or live_members(admin):
            why = f"{unread:,} records are unread" if unread else "the topology is running"
            raise FintankError(
                f"topic '{name}' has {found} partitions, and scale.toml says {wanted}: {why}; write the "
                "old number there, let the topology read everything, and stop it; then write the new one and "
                "run `invoke topics`"
            )
        admin.create_partitions({name: wanted})
        lines.append(f"topic '{name}': {wanted - found} partitions added, now {wanted}")
    return lines
