from fintank.adapters.kafka import TOPICS
from fintank.reconciliation.findings import BreakKind
from fintank.reconciliation.rejected_records import RejectedRecords
from fintank.reconciliation.topic_logs import PartitionLog, TopicLogs


def logs(first_offset=0, oldest_ms=0):
    every = {(name, number): PartitionLog(0, 0, 50) for name, topic in TOPICS.items() for number in range(4)}
    return TopicLogs({**every, ("rejects", 0): PartitionLog(first_offset, oldest_ms)})


def test_an_unusable_record_with_its_reject_is_accounted_for(breaks):
    rejected = RejectedRecords(["ticks-1-7", "orders-2-7", "ticks-1-7"], logs())
    rejected.check("ticks", 1, [(7, 1_000)])
    assert breaks([rejected.result]) == []
    assert rejected.result.compared == 1
    assert rejected.offsets("orders", 2) == {7}


def test_an_unusable_record_without_a_reject_is_named(breaks):
    rejected = RejectedRecords(["ticks-1-7"], logs())
    rejected.check("ticks", 2, [(7, 1_000)])
    assert breaks([rejected.result]) == [(BreakKind.RECORD_NOT_REJECTED, "ticks-2-7")]


def test_an_unprocessed_unusable_record_is_pending(breaks):
    rejected = RejectedRecords([], logs())
    rejected.check("ticks", 1, [(50, 1_000)])
    assert breaks([rejected.result]) == []
    assert rejected.result.pending == 1


def test_a_reject_that_retention_may_have_deleted_is_beyond_it(breaks):
    rejected = RejectedRecords([], logs(3, 1_000_000))
    rejected.check("ticks", 1, [(7, 1_060_000), (8, 1_060_001)])
    assert breaks([rejected.result]) == [(BreakKind.RECORD_NOT_REJECTED, "ticks-1-8")]
    assert rejected.result.beyond_retention == 1
