"""Who owns what: the upstream bolts and the rule engine's tasks must agree."""

from fintank.adapters.kafka_topics import shards
from fintank.bolts.owners import owned_shards, owner_count, owner_of, shard_of

SYMBOLS = [f"S{number}" for number in range(100)]


def context(tasks: int, task: int) -> dict[str, object]:
    engines = {str(5 + number): "rule-engine" for number in range(tasks)}
    return {"taskid": task, "task->component": {"4": "order-spout", **engines}}


def test_a_topology_without_a_rule_engine_has_no_owner() -> None:
    assert owner_count(context(0, 4)) == 0


def test_a_task_that_is_left_without_a_shard_is_no_owner() -> None:
    assert owner_count(context(shards() + 2, 5)) == shards()


def test_each_shard_has_one_owner_whatever_the_number_of_tasks() -> None:
    for tasks in range(1, 7):
        owned = [shard for task in range(tasks) for shard in owned_shards(context(tasks, 5 + task))]
        assert sorted(owned) == list(range(shards()))


def test_the_owner_of_a_symbol_is_the_index_of_the_task_that_owns_its_shard() -> None:
    for tasks in range(1, 7):
        owned = [owned_shards(context(tasks, 5 + task)) for task in range(tasks)]
        assert all(shard_of(symbol) in owned[owner_of(symbol, tasks)] for symbol in SYMBOLS)


def test_tasks_are_ordered_by_number_not_by_text() -> None:
    found = {"taskid": 9, "task->component": {"10": "rule-engine", "9": "rule-engine"}}
    assert owned_shards(found) == [0, 2]
