from fintank.adapters.kafka_topics import topics
from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.topic_logs import PartitionLog, TopicLogs


def checked(
    partition: tuple[str, int],
    *unusable: tuple[int, int],
    rejects_from: int = 0,
    oldest_ms: int = 0,
) -> Result:
    """Check unusable records of a topic of 50 processed records; the topic rejects names ticks-1-7."""
    logs = {(name, number): PartitionLog(0, 0, 50) for name in topics() for number in range(4)}
    logs["ticks", 1] = PartitionLog(0, 0, 50, frozenset({7}))
    logs["rejects", 0] = PartitionLog(rejects_from, oldest_ms)
    result = Result("rejects")
    TopicLogs(logs).check_unusable(result, partition, unusable)
    return result


def test_an_unusable_record_with_its_reject_is_accounted_for(breaks):
    result = checked(("ticks", 1), (7, 1_000))
    assert breaks([result]) == []
    assert result.compared == 1


def test_an_unusable_record_without_a_reject_is_named(breaks):
    result = checked(("ticks", 2), (7, 1_000))
    assert breaks([result]) == [(BreakKind.RECORD_NOT_REJECTED, "ticks-2-7")]


def test_an_unprocessed_unusable_record_is_pending(breaks):
    result = checked(("ticks", 1), (50, 1_000))
    assert breaks([result]) == []
    assert result.pending == 1


def test_a_reject_that_retention_may_have_deleted_is_beyond_it(breaks):
    result = checked(("ticks", 2), (7, 1_060_000), (8, 1_060_001), rejects_from=3, oldest_ms=1_000_000)
    assert breaks([result]) == [(BreakKind.RECORD_NOT_REJECTED, "ticks-2-8")]
    assert result.beyond_retention == 1
