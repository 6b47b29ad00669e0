import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from fintank.adapters.rejected_records import Rejected
from fintank.commands.program import collection
from fintank.commands.rejects import chosen, counts, example
from fintank.terminal.screen import console

MINUTE_MS = 60_000


def rejected(offset: int, reason: str = "BAD_VALUE", topic: str = "orders", at: int = 0) -> Rejected:
    return Rejected(topic, 1, offset, reason, "field=x", b"{\x1b\xff}", "", at * MINUTE_MS)


def test_each_record_counts_once_with_its_latest_reject() -> None:
    given = [rejected(1), rejected(2), rejected(1, at=3), rejected(3, "EMPTY"), rejected(4, topic="ticks")]
    assert [(each.offset, each.time_ms) for each in chosen(given, "orders", "BAD_VALUE")] == [
        (2, 0),
        (1, 3 * MINUTE_MS),
    ]
    assert len(chosen(given, None, None)) == 4


def test_only_the_rejects_that_are_shown_keep_their_texts() -> None:
    given = [*map(rejected, range(100)), *(rejected(99, at=minute) for minute in range(9)), rejected(97)]
    kept = chosen(given, None, None)
    assert [each.offset for each in kept if each.detail] == [95, 96, 98, 99, 97]
    assert [each.offset for each in kept if each.payload] == [95, 96, 98, 99, 97]
    assert kept[0] == rejected(0)._replace(detail="", payload=b"")


def test_the_table_has_a_row_for_each_topic_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    console(100).print(counts([rejected(1), rejected(2, at=2), rejected(3, topic="ticks")]))
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if ":" in line]
    early, late = "1970-01-01T00:00:00.000Z", "1970-01-01T00:02:00.000Z"
    assert rows == [
        ["orders", "BAD_VALUE", "2", early, late],
        ["ticks", "BAD_VALUE", "1", early, early],
    ]


def test_an_example_is_safe_for_a_terminal() -> None:
    assert example(rejected(7)).splitlines() == [
        "  orders-1-7  1970-01-01T00:00:00.000Z  BAD_VALUE  field=x",
        "    {\\x1b\\xff}",
    ]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"topic": "journal"}, "--topic journal: choose one of ticks, orders, executions, fills"),
        ({"reason": "bad"}, "--reason bad: choose one of NOT_UTF8, EMPTY, "),
        ({"resend": True, "topic": "fills"}, "--topic fills: only the rule engine writes it"),
        ({"since": "soon"}, "--since soon: must be a time"),
        ({"resend": True, "since": ""}, "since is empty: give it a value, or leave it out"),
    ],
)
def test_a_wrong_option_is_one_line(options: dict[str, object], error: str) -> None:
    with pytest.raises(Exit) as ended:
        collection([]).tasks["rejects"](Context(), **options)
    assert str(ended.value.message).startswith(error)
    assert "\n" not in str(ended.value.message)
