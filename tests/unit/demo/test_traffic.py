import pytest

from fintank.demo.traffic import interleaved


@pytest.mark.parametrize(("ticks", "orders"), [(12, 3), (100, 100), (3, 10), (1, 1), (10, 0)])
def test_all_ticks_and_all_orders_are_sent_in_order(ticks: int, orders: int) -> None:
    sent = list(mixed(ticks, orders))
    assert [key for topic, key in sent if topic == "ticks"] == [str(number) for number in range(ticks)]
    assert [key for topic, key in sent if topic == "orders"] == [str(number) for number in range(orders)]


def test_orders_are_spread_evenly_and_followed_by_ticks() -> None:
    topics = "".join(topic[0] for topic, _ in mixed(12, 3))
    assert topics == "tttotttotttottt"


def test_an_order_is_made_when_it_is_due() -> None:
    made: list[int] = []

    def orders():
        for number in range(2):
            made.append(number)
            yield str(number), b""

    records = interleaved([("IVE", b"")] * 9, 9, orders(), 2)
    for _ in range(3):
        next(records)
    assert made == []
    assert next(records) == ("orders", ("0", b""))
    assert made == [0]


def mixed(ticks: int, orders: int):
    records = interleaved(
        ((str(number), b"") for number in range(ticks)),
        ticks,
        ((str(number), b"") for number in range(orders)),
        orders,
    )
    return ((topic, key) for topic, (key, _) in records)
