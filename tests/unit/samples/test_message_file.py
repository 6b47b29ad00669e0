import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.samples.csv_text import BadLine
from fintank.samples.message_file import MessageFile, SentMessage, read
from fintank.trading.messages import Cancel, Order, OrdType, PortfolioOrder, Side, TradingState

ORDER = {"account": "A", "symbol": "IVE", "side": "BUY", "order_qty": "12.50"}
MAY_FIRST_2014_US = 1_398_902_400_000_000


def lines(text: str) -> list[SentMessage | BadLine]:
    return list(read(io.BytesIO(text.encode()), "blotter", "send-7"))


def only(text: str) -> SentMessage:
    (line,) = lines(text)
    assert isinstance(line, SentMessage), line
    return line


def order(text: str) -> Order:
    message = only(text).message
    assert isinstance(message, Order)
    return message


def test_an_order_gets_what_it_lacks_and_keeps_its_numbers() -> None:
    line = only('{"account": "A", "symbol": "IVE", "side": "BUY", "order_qty": 12.50}')
    assert b"12.50" in line.value
    assert isinstance(line.message, Order)
    assert (line.message.cl_ord_id, line.message.ord_type) == ("send-7-1", OrdType.MARKET)
    assert (line.key, line.partition) == ("A", None)


def test_a_null_counts_as_absent() -> None:
    assert order(json.dumps(ORDER | {"timestamp": None, "cl_ord_id": None})).cl_ord_id == "send-7-1"


def test_each_type_of_message_goes_where_it_belongs() -> None:
    found = lines(
        '{"msg_type": "cancel", "account": "A", "orig_cl_ord_id": "x", "symbol": "IVE"}\n'
        '{"msg_type": "trading_state", "state": "HALTED"}\n'
        '{"msg_type": "portfolio_order", "account": "B", "side": "SELL", "amount": 100, '
        '"portfolio": [{"symbol": "IVE", "weight": 1}]}\n'
    )
    messages = [line for line in found if isinstance(line, SentMessage)]
    assert [type(line.message) for line in messages] == [Cancel, TradingState, PortfolioOrder]
    assert [(line.key, line.partition) for line in messages] == [
        ("A", None),
        ("trading_state", 0),
        ("B", None),
    ]


def test_csv_has_a_column_per_field_and_empty_ones_are_absent() -> None:
    found = order(
        "Account;Symbol;SIDE;order_qty;priority;timestamp;price;ord_type\n"
        "A;IVE;BUY;1.5;2;2014-05-01T00:00:00Z;94.5;LIMIT\n"
    )
    assert (found.side, found.order_qty, found.price, found.priority, found.order_time_us) == (
        *(Side.BUY, Decimal("1.5"), Decimal("94.5"), 2),
        MAY_FIRST_2014_US,
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "NOT_JSON"),
        ("[1]", "NOT_AN_OBJECT"),
        ("{}", 'MISSING_FIELD field="account"'),
        ('{"msg_type": "zap"}', 'UNKNOWN_VALUE field="msg_type" value="zap"'),
        ('{"msg_type": 1}', "BAD_TYPE"),
        ('{"account": "A", "symbol": "IVE", "side": "BUY", "order_qty": NaN}', "NOT_FINITE"),
        ('{"account": "A", "symbol": "IVE", "side": "BUY", "order_qty": 1e999999}', "out of range"),
        (json.dumps(ORDER | {"cash_order_qty": 1}), "exactly one of order_qty and cash_order_qty"),
    ],
)
def test_a_bad_line_is_named_as_its_reject_would_be(line: str, reason: str) -> None:
    good = json.dumps(ORDER)
    first, bad, last = lines(f"{good}\n{line}\n{good}\n")
    assert isinstance(first, SentMessage)
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert reason in bad.reason
    assert isinstance(last, SentMessage)


@pytest.mark.parametrize("header_end", ["", ",", ",,"])
@pytest.mark.parametrize("row_end", ["", ",", ",, ,"])
def test_columns_at_the_end_without_a_name_have_no_meaning(header_end: str, row_end: str) -> None:
    found = order(f"account,symbol,side,order_qty{header_end}\nA,IVE,BUY,1.5{row_end}\n")
    assert found.order_qty == Decimal("1.5")


def test_json_may_be_indented_and_follow_comments() -> None:
    (found,) = lines(f"# of Monday\n\t{json.dumps(ORDER)}\n")
    assert isinstance(found, SentMessage)


def test_a_portfolio_may_have_its_thousand_entries() -> None:
    weights = [{"symbol": f"S{at}".ljust(64, "X"), "weight": "0.001000000000000000"} for at in range(1_000)]
    portfolio = {"msg_type": "portfolio_order", "account": "A", "side": "BUY", "amount": 5}
    (found,) = lines(json.dumps({**portfolio, "portfolio": weights}))
    assert isinstance(found, SentMessage)


def test_a_message_that_kafka_would_not_take_is_a_bad_line_and_stops_no_others() -> None:
    small, large = json.dumps(ORDER), json.dumps(ORDER | {"note": "户" * 333_000}, ensure_ascii=False)
    first, bad, last = lines("\n".join((small, large, small)))
    assert (type(first), type(last)) == (SentMessage, SentMessage)
    assert isinstance(bad, BadLine)
    assert bad.reason.endswith(" bytes: a message may have 999,000")


def test_a_csv_line_of_another_width_is_bad() -> None:
    (bad,) = lines("account,symbol,side,order_qty\nA,IVE,BUY,1,note\n")
    assert bad == BadLine(2, "columns: 5 instead of 4")
    assert lines("account,symbol,side,order_qty\nA,IVE\n") == [BadLine(2, "columns: 2 instead of 4")]


def test_a_time_that_can_not_be_read_or_bytes_of_another_encoding_are_a_bad_line() -> None:
    (bad,) = lines("account,symbol,side,order_qty,timestamp\nA,IVE,BUY,1,yesterday\n")
    assert bad == BadLine(2, 'BAD_TYPE field="timestamp" expected="number" value="yesterday" type="string"')
    good = b'{"account": "A", "symbol": "IVE", "side": "BUY", "order_qty": 1}\n'
    _, bad = read(io.BytesIO(good + good.replace(b'"A"', b'"\xe9"')), "blotter", "n")
    assert bad == BadLine(2, "has bytes that are not of the file's encoding: save it in UTF-8")


def test_a_date_of_two_meanings_and_a_priority_of_other_digits_are_a_bad_line() -> None:
    (bad,) = lines("account,symbol,side,order_qty,timestamp\nA,IVE,BUY,1,01/02/2026 10:00\n")
    assert isinstance(bad, BadLine)
    assert bad.reason.startswith("timestamp '01/02/2026 10:00' has two meanings: write it as in")
    for priority in ("\u0663", "9" * 5_000):
        (bad,) = lines(f"account,symbol,side,order_qty,priority\nA,IVE,BUY,1,{priority}\n")
        assert isinstance(bad, BadLine)
        assert bad.reason.startswith('BAD_TYPE field="priority" expected="integer" value="')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "is neither JSON"),
        ("account,symbol,symbol\n", "two of its columns have one name"),
    ],
)
def test_another_file_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(FintankError, match=f"^blotter: {message}"):
        lines(text)


def opened(tmp_path: Path, *objects: dict[str, object]) -> MessageFile:
    path = tmp_path / "blotter.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))
    return MessageFile(path, tmp_path, "send-7")


def test_a_survey_tells_the_orders_the_requests_and_the_fields_without_a_meaning(tmp_path: Path) -> None:
    portfolio = {"msg_type": "portfolio_order", "order_id": "P", "account": "A", "side": "BUY", "amount": 5}
    weights = [{"symbol": "IVE", "weight": 0.5}, {"symbol": "CASH", "weight": 0.5}]
    of_all = {"msg_type": "mass_cancel", "cl_ord_id": "stop", "scope": "ALL"}
    objects = ({**ORDER, "note": "x"}, of_all, {**portfolio, "portfolio": weights}, {"x": 1})
    with opened(tmp_path, *objects) as file:
        extent = file.survey(strict=False)
    assert (extent.messages, extent.bad_lines) == (3, 1)
    assert (extent.orders, extent.requests) == (("send-7-1", "P-IVE"), ("stop",))
    assert extent.ignored == ("note",)


def test_the_fields_without_a_meaning_are_few_and_harmless_to_a_terminal(tmp_path: Path) -> None:
    odd = {"\x1b[31m": 1, "\ud800": 1, "x" * 1_000: 1}
    with opened(tmp_path, ORDER | odd | {f"n{at}": 1 for at in range(1_000)}) as file:
        ignored = file.survey(strict=False).ignored
    assert ignored[:4] == (r"\x1b[31m", r"\ud800", "x" * 60, "n0")
    assert len(ignored) == 30


def test_if_strict_a_bad_line_stops_before_anything_is_sent(tmp_path: Path) -> None:
    with opened(tmp_path, {**ORDER}, {"x": 1}) as file, pytest.raises(FintankError, match="nothing was sent"):
        file.survey(strict=True)


def test_paced_messages_carry_the_time_at_which_they_are_sent(tmp_path: Path) -> None:
    times = [1_398_902_400, 1_398_902_401]
    with opened(tmp_path, *({**ORDER, "timestamp": time} for time in times)) as file:
        sent = [json.loads(value)["timestamp"] for _, value, _ in file.records(times[0] * 1_000_000, 10)]
        kept = [json.loads(value)["timestamp"] for _, value, _ in file.records(times[0] * 1_000_000, None)]
    assert kept == times
    assert sent[0] > times[1]
    assert sent[1] - sent[0] >= 0.09
