from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.messages import CodedReason, ComponentSpec, Identity, Order, OrdStatus, Side, State
from fintank.trading.reports import ExecutionReport, Fill

Make = Callable[..., Any]

# As the trading semantics list them; in the core, times have their unit in their name.
EXECUTIONS = """exec_id, exec_type, ord_status, order_id, cl_ord_id, orig_cl_ord_id, list_id, account,
symbol, side, ord_type, time_in_force, priority, order_qty, cash_order_qty,
price, stop_px, last_qty, last_px, last_mkt, cum_qty, leaves_qty,
leaves_cash, avg_px, residual_cash, currency, multiplier, commission,
bid, ask, quote_ids, input, ord_rej_reason, exec_restatement_reason, text,
order_time, transact_time, log_time, as_of"""
FILLS = """exec_id, cl_ord_id, list_id, account, symbol, side, last_qty, last_px, last_mkt, delta_shares,
delta_cash, currency, multiplier, commission, transact_time"""


def test_reports_and_fills_have_the_documented_fields_in_their_order() -> None:
    for message, documented in [(ExecutionReport, EXECUTIONS), (Fill, FILLS)]:
        names = [field.name.removesuffix("_us") for field in fields(message)]
        assert names == documented.replace("\n", " ").replace(",", " ").split()


def test_an_orders_identity_is_account_symbol_and_cl_ord_id(order: Make) -> None:
    assert order("1").identity == Identity("acc", "IVE", "o-1")


def test_messages_are_frozen(order: Make) -> None:
    with pytest.raises(FrozenInstanceError):
        order("1").account = "other"


@pytest.mark.parametrize("quantities", [{}, {"qty": "1", "cash": "1"}])
def test_an_order_has_either_a_quantity_or_an_amount(order: Make, quantities: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one of order_qty and cash_order_qty"):
        order(**quantities)


def test_an_order_with_a_refusal_needs_no_quantity(order: Make) -> None:
    assert order(refusal=CodedReason("X", "code=X")).order_qty is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cl_ord_id", ""),
        ("cl_ord_id", "x" * 129),
        ("cl_ord_id", "a\nb"),
        ("cl_ord_id", "\ud800"),
        ("account", ""),
        ("account", "x" * 65),
        ("symbol", ""),
        ("symbol", "x" * 65),
        ("list_id", ""),
        ("list_id", "x" * 65),
        ("priority", 0),
        ("order_qty", Decimal("NaN")),
        ("order_qty", Decimal("1e18")),
        ("price", Decimal("Infinity")),
        ("stop_px", Decimal("1e-31")),
    ],
)
def test_what_is_no_order_is_not_made(order: Make, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        order(**{"order_qty": Decimal(1), field: value})


def test_the_longest_texts_are_accepted(order: Make) -> None:
    made: Order = order("1", cl_ord_id="x" * 128, account="x" * 64, symbol="x" * 32, list_id="x" * 64)
    assert made.cl_ord_id == "x" * 128


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", ""),
        ("order_id", "x" * 65),
        ("account", "\t"),
        ("account", "x" * 65),
        ("priority", 0),
        ("amount", Decimal("NaN")),
    ],
)
def test_what_is_no_portfolio_order_is_not_made(portfolio_order: Make, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        portfolio_order({"IVE": "1"}, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cl_ord_id", ""),
        ("cl_ord_id", "x" * 129),
        ("account", "x" * 65),
        ("symbol", ""),
        ("symbol", "x" * 65),
        ("orig_cl_ord_id", "a\nb"),
        ("orig_cl_ord_id", "x" * 129),
    ],
)
def test_what_is_no_cancel_is_not_made(cancel: Make, field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must have"):
        cancel(**{"orig_cl_ord_id": "o-1", field: value})


def test_a_cancel_names_one_order_or_one_list(cancel: Make) -> None:
    made = cancel("x" * 128, cl_ord_id="x" * 128, account="x" * 64, symbol="x" * 32)
    assert made.order_identity == Identity("x" * 64, "x" * 32, "x" * 128)
    assert cancel("o-1").identity == Identity("acc", "IVE", "c-1")
    assert cancel(list_id="x" * 64).list_id == "x" * 64
    for given in ({"list_id": "x" * 65}, {"list_id": ""}):
        with pytest.raises(ValueError, match="list_id must have 1 to 64"):
            cancel(**given)
    wrong: list[dict[str, Any]] = [
        {"orig_cl_ord_id": None},
        {"orig_cl_ord_id": "o-1", "symbol": None},
        {"orig_cl_ord_id": "o-1", "list_id": "p"},
        {"symbol": "IVE", "list_id": "p"},
    ]
    for given in wrong:
        with pytest.raises(ValueError, match="either orig_cl_ord_id and symbol, or list_id"):
            cancel(**given)


def test_the_trading_state_allows_sides() -> None:
    allowed = {state: [side for side in Side if state.allows(side)] for state in State}
    assert allowed == {
        State.ACTIVE: [Side.BUY, Side.SELL],
        State.SELL_ONLY: [Side.SELL],
        State.HALTED: [],
    }


def test_these_states_are_terminal() -> None:
    terminal = {status for status in OrdStatus if status.is_terminal}
    assert terminal == {"FILLED", "CANCELED", "REPLACED", "EXPIRED", "REJECTED"}


def test_a_weight_is_a_number_and_its_symbol_has_a_name() -> None:
    with pytest.raises(ValueError, match="weight"):
        ComponentSpec("IVE", Decimal("NaN"))
    with pytest.raises(ValueError, match="symbol"):
        ComponentSpec("", Decimal(1))


def test_a_quotes_identity_is_partition_and_offset(quote: Make) -> None:
    assert quote(partition=3, offset=42).quote_id == "3-42"


def test_a_state_is_one_of_three_and_reducing_is_another_name_of_sell_only() -> None:
    assert State("REDUCING") is State("SELL_ONLY") is State.SELL_ONLY
    for unknown in ("", "REDUCED", "REDUCING ", "reducing", "ZERO"):
        with pytest.raises(ValueError, match="is not a valid State"):
            State(unknown)
