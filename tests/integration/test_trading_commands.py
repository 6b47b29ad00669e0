"""cancel and trading_state as a user calls them; the core decides in place of a topology."""

import re
import time

import pytest
from confluent_kafka import Consumer
from support.core_engine import CoreEngine
from support.order_traffic import market_order, send
from support.stack import Stack, fintank, run_fintank, start_fintank

pytestmark = pytest.mark.usefixtures("topics")


def send_order(stack: Stack, message: dict[str, object]) -> None:
    send(stack.settings.kafka, "orders", "account", [message])


def test_cancel_finds_an_order_by_its_id_alone(
    stack: Stack, engine: CoreEngine, orders_member: Consumer
) -> None:
    name = f"rests-{time.time_ns()}"
    send_order(stack, {**market_order(name, "QUIET", "5"), "ord_type": "LIMIT", "price": "1.5"})
    engine.decide()
    with start_fintank(stack, "cancel", name, "--wait", "60") as running:
        assert running.stdout is not None
        assert f"cancel QUIET, {name} of acc-1." in running.stdout.readline()
        while running.poll() is None:  # the line is printed before the cancel is sent
            engine.decide()
        output = running.stdout.read()
    assert running.returncode == 0
    assert re.search(rf"{name} +CANCELED +QUIET +BUY +5 +CANCELED +code=CANCEL_REQUESTED", output)
    again = fintank(stack, "cancel", name, "--wait", "0")
    engine.decide()
    life = fintank(stack, "order", name)
    assert "LIMIT order at 1.5 of acc-1: BUY QUIET, quantity 5, priority 1, GTC, placed" in life
    assert re.search(r"QUIET +CANCELED +code=CANCEL_REQUESTED cl_ord_id=cancel-\S+, by orders-\d-\d+", life)
    assert re.search(r"QUIET +CANCEL_REJECTED cancel-\S+: code=TOO_LATE ord_status=CANCELED", life)
    assert "Sent cancel-" in again


def test_replace_changes_an_order_and_mass_cancels_end_what_is_open(stack: Stack, engine: CoreEngine) -> None:
    name, account = f"moves-{time.time_ns()}", f"acc-{time.time_ns()}"
    message = {**market_order(name, "QUIET", "5"), "account": account, "ord_type": "LIMIT", "price": "1.5"}
    send_order(stack, message)
    engine.decide()
    sent = fintank(stack, "replace", name, "--price", "1.25", "--quantity", "4", "--wait", "0")
    replaced = re.search(r"Sent (replace-\S+): replace QUIET", sent)
    assert replaced is not None
    engine.decide()
    by_old_id = fintank(stack, "replace", name, "--quantity", "3", "--wait", "0")
    assert f"replace QUIET, {replaced[1]} of {account}." in by_old_id
    engine.decide()
    assert f"cancel all open orders of {account}." in fintank(stack, "cancel", "--account", account)
    engine.decide()
    for order_id in (name, replaced[1]):
        life = fintank(stack, "order", order_id)
        assert life.startswith(f"Order {name}")
        assert f"{name} is {replaced[1]} now" in life
        assert len(re.findall("REPLACED", life)) == 2
        assert re.search(r"CANCELED +code=CANCEL_REQUESTED cl_ord_id=cancel-", life)
        assert re.search(rf"{account} +QUIET +CANCELED", life)


def test_cancel_ends_all_components_of_a_portfolio_order(stack: Stack, engine: CoreEngine) -> None:
    name = f"whole-{time.time_ns()}"
    message = {"msg_type": "portfolio_order", "order_id": name, "account": "A-2", "side": "BUY", "amount": 10}
    weights = [{"symbol": "QUIET", "weight": 0.5}, {"symbol": "SILENT", "weight": 0.5}]
    send_order(stack, {**message, "portfolio": weights, "timestamp": time.time()})
    engine.decide()
    assert f"cancel all open components of {name} of A-2." in fintank(stack, "cancel", name)
    engine.decide()
    life = fintank(stack, "order", name)
    assert len(re.findall(r"CANCELED +code=CANCEL_REQUESTED", life)) == 2
    assert "2 of 2 terminal" in life


def test_cancel_of_an_id_that_several_orders_share_asks_for_account_and_symbol(stack: Stack) -> None:
    name = f"both-{time.time_ns()}"
    for account in ("A-1", "A-2"):
        send_order(stack, {**market_order(name, "IVE"), "account": account})
    done = run_fintank(stack, "cancel", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"Several orders have the id '{name}': choose with --account and --symbol among A-1 IVE"
    )
    assert f"cancel IVE, {name} of A-2." in fintank(stack, "cancel", name, "--account", "A-2", "--wait", "0")


def test_cancel_of_an_unknown_id_needs_account_and_symbol(stack: Stack) -> None:
    done = run_fintank(stack, "cancel", "nobody-1")
    assert done.returncode == 1
    assert done.stderr.startswith("No order 'nobody-1' in the topic 'orders'")
    output = fintank(stack, "cancel", "nobody-1", "--account", "A-1", "--symbol", "IVE", "--wait", "0")
    assert "cancel IVE, nobody-1 of A-1." in output


@pytest.mark.parametrize("state", ["HALTED", "ACTIVE"])
def test_trading_state_is_set_and_shown(stack: Stack, engine: CoreEngine, state: str) -> None:
    assert f"trading is {state}." in fintank(stack, "trading_state", state.lower())
    assert f"Trading is {state}, since 20" in fintank(stack, "trading_state", "show")
    engine.decide()
    name = f"{state}-{time.time_ns()}"
    send_order(stack, market_order(name, "IVE", "5"))
    engine.decide()
    assert ("code=TRADING_HALTED state=HALTED" in fintank(stack, "order", name)) == (state == "HALTED")


def test_trading_state_refuses_an_unknown_state(stack: Stack) -> None:
    done = run_fintank(stack, "trading_state", "CLOSED")
    assert done.returncode == 1
    assert done.stderr == "trading_state CLOSED: must be one of ACTIVE, SELL_ONLY, HALTED, or show\n"
