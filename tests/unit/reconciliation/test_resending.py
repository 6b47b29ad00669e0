from fintank.adapters.rejected_records import Rejected
from fintank.reconciliation.resending import AGAIN, GONE, NOT_CURED, OF_THE_ENGINE, plan
from fintank.wire.kafka.rejects import Reason

STARTS = {("ticks", 0): 5, ("orders", 1): 0, ("orders", 2): 0}


def rejected(topic: str, partition: int, offset: int, reason: Reason = Reason.BAD_VALUE) -> Rejected:
    return Rejected(topic, partition, offset, reason, "", b"", "", 0)


def test_ticks_and_orders_are_resent_in_the_order_of_their_logs() -> None:
    given = [
        rejected("ticks", 0, 5),
        rejected("orders", 2, 1),
        rejected("orders", 1, 9),
        rejected("orders", 1, 3),
    ]
    made = plan(given, set(), STARTS)
    assert [each.place for each in made.wanted] == ["orders-1-3", "orders-1-9", "orders-2-1", "ticks-0-5"]
    assert made.left_out == {}


def test_a_record_that_is_named_twice_is_resent_once() -> None:
    assert len(plan([rejected("orders", 1, 3)] * 2, set(), STARTS).wanted) == 1


def test_what_is_not_resent_is_counted_with_its_reason() -> None:
    given = [
        rejected("executions", 0, 5),
        rejected("fills", 0, 5),
        rejected("ticks", 0, 4),
        rejected("ticks", 3, 4),
        rejected("orders", 1, 3),
        rejected("ticks", 0, 7, Reason.INFLUXDB_REFUSED),
        rejected("orders", 1, 7, Reason.WRONG_PARTITION),
    ]
    made = plan(given, {"orders-1-3"}, STARTS)
    assert made.wanted == []
    assert made.left_out == {
        OF_THE_ENGINE: 2,
        GONE: 2,
        AGAIN: 1,
        NOT_CURED[Reason.INFLUXDB_REFUSED]: 1,
        NOT_CURED[Reason.WRONG_PARTITION]: 1,
    }


def test_a_record_that_was_rejected_again_is_another_record() -> None:
    made = plan([rejected("orders", 1, 3), rejected("orders", 1, 8)], {"orders-1-3"}, STARTS)
    assert [each.place for each in made.wanted] == ["orders-1-8"]
