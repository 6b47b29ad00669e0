"""After every record nothing is left to happen until the next one, or until time causes a step."""

from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.odd_records import ODD_RULES, ODD_STEPS
from properties.random_records import RULES, STEPS, Step, placed, timestamp
from scenarios.core_world import CoreWorld
from scenarios.playing import LOG_US, Emitted

from fintank.trading.depth import Level, is_worse
from fintank.trading.effects import stepped
from fintank.trading.messages import Side
from fintank.trading.shard_state import ShardState
from fintank.trading.working_order import WorkingOrder

NUMBERS = st.integers(0, 10**6)
LOOKED_AT = 0.15
"""The share of steps after which all open orders are looked at, which takes as long as twenty steps."""
EAGER_RULES = {
    **RULES,
    "symbols": [],
    "price_band": None,
    "max_open_orders": None,
    "max_order_notional": None,
}


@st.composite
def eager_steps(draw: st.DrawFn) -> list[Step]:
    """Draw orders that wait near the market, and quotes that touch them, a second or so apart."""
    seconds, steps = 0, []
    for number, kind in enumerate(draw(st.lists(st.integers(0, 9), min_size=20, max_size=60))):
        seed = Random(draw(NUMBERS))
        seconds += seed.choice((0, 0, 0, 1, 1, 2, 9, 30))
        named = {"symbol": "IVE", "timestamp": timestamp(seconds)}
        if kind == 0:
            steps.append(Step("second", {}, seed.choice((1, 10**6, 10**7, 3 * 10**7))))
        elif kind < 8:
            steps.append(Step("ticks", named | eager_quote(seed)))
        else:
            ord_type = seed.choice(("MARKET", "LIMIT", "STOP", "STOP", "STOP_LIMIT"))
            terms = {"price": "LIMIT" in ord_type, "stop_px": "STOP" in ord_type}
            quantity = {"cash_order_qty": "500"} if seed.random() < 0.2 else {"order_qty": "4"}
            side, away = seed.choice((("BUY", -1), ("SELL", 1)))
            prices = {"price": 100 + away * seed.randrange(-1, 4), "stop_px": 100 - away * seed.randrange(4)}
            message = named | quantity | {name: str(prices[name]) for name in terms if terms[name]}
            message |= {"msg_type": "order", "cl_ord_id": f"o{number}", "account": "A", "ord_type": ord_type}
            message |= {"side": side, "priority": seed.choice((1, 1, 1, 2, 3))}
            steps.append(Step("orders", message))
    return placed(steps)


def eager_quote(seed: Random) -> dict[str, Any]:
    bid = seed.choice((96, 97, 98, 98, 99, 99, 99, 100, 101, 102))
    sizes = {f"{side}_size": seed.choice((None, "1", "3", "0.05")) for side in ("bid", "ask")}
    ask = bid + seed.choice((1, 1, 2, 3, 12))
    empty = seed.choice(("bid", "ask", *["none"] * 8))
    return {"exchange": seed.choice("NAB"), "bid": str(bid), "ask": str(ask)} | sizes | {empty: None}


RUNS = {"usual": (RULES, STEPS), "odd": (ODD_RULES, ODD_STEPS), "eager": (EAGER_RULES, eager_steps())}


@pytest.mark.parametrize("name", RUNS)
@given(data=st.data())
def test_after_a_step_nothing_is_left_to_happen(name: str, data: st.DataObject) -> None:
    rules, steps = RUNS[name]
    random = Random(data.draw(NUMBERS))
    for world, log_us in worlds_after_each(rules, data.draw(steps)):
        assert world.run_timers(log_us) == Emitted()
        if random.random() > LOOKED_AT:
            continue
        for state in (shard.core.state for shard in world.shards if shard.core.state.open):
            # What is over is not looked at, so it need not be copied.
            shared = (state.limits, state.registry, state.cancels, state._forgetting)
            copied = deepcopy(state, {id(part): part for part in shared})
            for symbol in list(copied.open):
                left = [working for working in copied.open[symbol].by_seq.values() if must(copied, working)]
                assert left == []
                events = stepped(copied, copied.open[symbol], copied.moment(symbol, None))
                assert events == []


def worlds_after_each(rules: dict[str, Any], steps: list[Step]) -> Any:
    """Yield the world and its log time after each record that changed anything."""
    world, log_us = CoreWorld(rules), LOG_US
    for step in steps:
        log_us += step.log_us
        if step.topic == "second":
            world.run_timers(log_us)
        else:
            world.take(step.topic, step.text, step.place, log_us)
        for shard in world.shards:
            shard.core.state.log_us = log_us
        yield world, log_us


def must(state: ShardState, working: WorkingOrder) -> bool:
    """Whether an open order should have been ended, triggered or traded; blocks aside."""
    order = working.order
    moment = state.moment(order.symbol, None)
    if moment.now_us is None:
        return False
    if working.end_us is not None and working.end_us <= moment.now_us:
        return True
    levels = moment.market.levels(order.side)
    context = state.rule_context(order.symbol, moment)
    if not levels or not context.allows(order) or not moment.instrument.is_open(moment.now_us):
        return False
    reference, is_buy = context.reference, order.side is Side.BUY

    def is_collared(price: Any) -> bool:
        return reference is not None and abs(price - reference) <= abs(reference) * state.limits.market_collar

    if working.is_stop:
        is_touched = levels[0].price >= order.stop_px if is_buy else levels[0].price <= order.stop_px
        return is_touched and is_collared(levels[0].price)
    if order.priority > 1:
        return False
    least = moment.instrument.lot_size if order.order_qty is None else 0
    return any(
        offers(level, least) and not is_worse(level.price, order.price, order.side)
        for number, level in enumerate(levels)
        if order.price is not None or all(is_collared(before.price) for before in levels[: number + 1])
    )


def offers(level: Level, least: Any) -> bool:
    """Whether an order can take anything."""
    return level.left is None or (level.left > 0 and level.left >= least)
