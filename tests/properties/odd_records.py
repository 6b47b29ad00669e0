"""Random records of odd markets: negative and huge prices, odd ticks and lots, any symbols, equal times.

Each run is of one market; the rules of all of them are ODD_RULES.
"""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from properties.random_records import PASSES, Step, mostly, placed, timestamp
from scenarios.playing import LOG_US
from scenarios.table import MICROSECONDS, START_US

_START_S = START_US // MICROSECONDS


@dataclass(frozen=True)
class Market:
    """The symbols of a run, and of its numbers those that are used mostly and those that are seldom."""

    symbols: tuple[str, ...]
    prices: tuple[list[Any], list[Any]]
    sizes: tuple[list[Any], list[Any]]
    quantities: tuple[list[Any], list[Any]]
    amounts: tuple[list[Any], list[Any]] = (["10", "99.99", "1000"], ["0.01", "0.001"])


OIL = Market(
    ("CL=F", "CL=F", "CLX&Y"),
    (["-37.75", "-37.5", "-37.25", "-37", "-36.5"], ["-0.25", "0", "-0", "0.25", "0.1", "-1e17"]),
    ([None, "3", "4", "7.5", "9"], ["0", "1"]),
    (["3", "6", "9", "12"], ["1", "300"]),
)
ZERO = replace(OIL, prices=(["-0.25", "0", "-0", "0.25", "0.5"], ["-1", "0.1", "1e17"]))
HUGE = Market(
    ("^GSPC", "^GSPC", "中文 1"),
    (
        ["999999999999999998", "999999999999999999", "999999999999999998.999999999999"],
        ["1", "9.5e17", "1e-12", "0"],
    ),
    ([None, "999999999999999999", "1", "1e-12"], ["0", "1e-30"]),
    (["1", "999999999999999999", "1e-12", "3e-12"], ["1e-13"]),
    (["999999999999999999", "999999999999999999.99", "500000000000000000"], ["0.01"]),
)
DUST = Market(
    ("SHIB,INU", 'A"B', "SHIB,INU"),
    (["2e-29", "1.9e-29", "0.000000000000000000000000000021"], ["1e-30", "1e-8", "0"]),
    ([None, "15", "1e17", "999999999999999999"], ["0", "6.999"]),
    (["7", "14", "700000000000000000", "999999999999999994"], ["0.7"]),
    (["0.01", "0.07", "1"], ["0.00"]),
)
MONEY = Market(
    ("BTC/USDT", "EURUSD", "7203.T", "BTC/USDT"),
    (["100", "100.01", "100.03", "101", "99", "99.99"], ["150", "50", "0", "1"]),
    ([None, None, "0.3", "1", "2.5", "0.29"], ["0"]),
    (["0.6", "3", "9.9"], ["0.3", "1"]),
    (["29.99", "30", "30.01", "100", "1000"], ["0.01"]),
)
MARKETS = (OIL, ZERO, HUGE, DUST, MONEY)
ODD_RULES: dict[str, Any] = {
    "max_quote_lag_ms": 2_000,
    "max_quote_age_ms": 20_000,
    "aggregation_window_ms": 1_000,
    "retention_ms": 86_400_000,
    "time_zone": "America/New_York",
    "symbols": [],
    "max_order_qty": None,
    "max_order_notional": None,
    "max_open_orders": 6,
    "price_band": "0.5",
    "market_collar": "0.5",
    "instruments": {
        "default": {"lot_size": "0.3", "min_qty": "0.5", "currency": "USD"},
        "instrument": [
            {
                "symbols": ["CL*"],
                "tick_size": "0.25",
                "lot_size": "3",
                "multiplier": "0.1",
                "allow_negative": True,
                "commission": {"per_share": "0.001", "rate": "0.01", "minimum": "0.02"},
            },
            {"symbols": ["^GSPC", "中*"], "lot_size": "0.000000000001", "multiplier": "999999999999999999"},
            {
                "symbols": ["SHIB*", 'A"?'],
                "lot_size": "7",
                "tick_size": "0." + "0" * 29 + "1",
                "currency": "USDT",
            },
            {"symbols": ["BTC/*"], "tick_size": "0.01", "currency": "USDT", "commission": {"rate": "0.1"}},
            {
                "symbols": ["*.T"],
                "currency": "JPY",
                "calendar": "XTKS",
                "commission": {"minimum": "5", "per_share": "0.3"},
            },
        ],
        "calendars": {
            "XTKS": [
                [_START_S + 1, _START_S + 2],
                [_START_S + 3, _START_S + 4, _START_S + 5, _START_S + 25],
            ]
        },
    },
}
SECONDS = st.sampled_from([0, 1, 1, 1, 2, 2, 3, 4, 5, 8, 25, 60])


@st.composite
def _tick(draw: st.DrawFn, market: Market) -> Step:
    prices = mostly(*market.prices)
    message = {
        "symbol": draw(st.sampled_from(market.symbols)),
        "exchange": draw(st.sampled_from(["N", "A", "B"])),
        "bid": draw(prices),
        "ask": draw(prices),
        "bid_size": draw(mostly(*market.sizes)),
        "ask_size": draw(mostly(*market.sizes)),
        "timestamp": timestamp(draw(SECONDS)),
    }
    append_us = START_US + draw(SECONDS) * MICROSECONDS if draw(st.integers(0, 4)) == 0 else LOG_US
    return Step("ticks", message, append_us=append_us)


def _names(draw: st.DrawFn, market: Market) -> dict[str, Any]:
    return {
        "account": draw(st.sampled_from(["A", "A", "B"])),
        "symbol": draw(st.sampled_from(market.symbols)),
        "timestamp": timestamp(draw(SECONDS)),
    }


@st.composite
def _order(draw: st.DrawFn, market: Market) -> Step:
    ord_type = draw(st.sampled_from(["MARKET", "LIMIT", "LIMIT", "STOP", "STOP_LIMIT"]))
    tifs = ["GTC", "GTC", "GTC", "GTD", "DAY"] + ([] if "STOP" in ord_type else ["IOC", "FOK"])
    tif = draw(st.sampled_from(tifs))
    message = {
        **_names(draw, market),
        "msg_type": "order",
        "cl_ord_id": f"o{draw(st.integers(0, 40))}",
        "side": draw(st.sampled_from(["BUY", "SELL"])),
        "ord_type": ord_type,
        "time_in_force": tif,
        "priority": 1 if tif in ("IOC", "FOK") else draw(st.sampled_from([1, 1, 2, 3])),
    }
    if draw(st.integers(0, 2)):
        message["order_qty"] = draw(mostly(*market.quantities))
    else:
        message["cash_order_qty"] = draw(mostly(*market.amounts))
    if "LIMIT" in ord_type:
        message["price"] = draw(mostly(*market.prices))
    if "STOP" in ord_type:
        message["stop_px"] = draw(mostly(*market.prices))
    if tif == "GTD":
        message["expire_time"] = timestamp(draw(SECONDS))
    return Step("orders", message)


@st.composite
def _replace(draw: st.DrawFn, market: Market) -> Step:
    terms = {
        "order_qty": draw(mostly([None, *market.quantities[0]], market.quantities[1])),
        "cash_order_qty": draw(mostly([None], market.amounts[0])),
        "price": draw(mostly([None, *market.prices[0]], market.prices[1])),
        "stop_px": draw(mostly([None, None, market.prices[0][0]], market.prices[1])),
        "expire_time": draw(mostly([None, None], [timestamp(30), timestamp(3)])),
    }
    message = {
        **_names(draw, market),
        "msg_type": "replace",
        "cl_ord_id": f"o{draw(st.integers(0, 40))}",
        "orig_cl_ord_id": f"o{draw(st.integers(0, 40))}",
        **{name: value for name, value in terms.items() if value is not None},
    }
    return Step("orders", message)


@st.composite
def _cancel(draw: st.DrawFn, market: Market) -> Step:
    kind = draw(st.sampled_from(["one", "one", "list", "ACCOUNT", "SYMBOL", "ALL"]))
    names = _names(draw, market)
    name = {"cl_ord_id": f"c{draw(st.integers(0, 9))}", "timestamp": names["timestamp"]}
    if kind == "one":
        of_order = {"msg_type": "cancel", "orig_cl_ord_id": f"o{draw(st.integers(0, 40))}"}
        return Step("orders", {**names, **name, **of_order})
    if kind == "list":
        of_list = {"msg_type": "cancel", "account": names["account"], "list_id": "p1"}
        return Step("orders", {**name, **of_list})
    scoped = {kind.lower(): names[kind.lower()]} if kind != "ALL" else {}
    return Step("orders", {**name, "msg_type": "mass_cancel", "scope": kind, **scoped})


@st.composite
def _portfolio(draw: st.DrawFn, market: Market) -> Step:
    symbols = list(dict.fromkeys(market.symbols))
    weights = draw(st.permutations(["0.25", "0.75", "0"][: len(symbols)]))
    names = _names(draw, market)
    message = {
        "msg_type": "portfolio_order",
        "order_id": f"p{draw(st.integers(0, 2))}",
        "account": names["account"],
        "side": draw(st.sampled_from(["BUY", "SELL"])),
        "amount": draw(mostly(*market.amounts)),
        "portfolio": [{"symbol": s, "weight": w} for s, w in zip(symbols, weights, strict=True)],
        "priority": draw(st.sampled_from([1, 2])),
        "timestamp": names["timestamp"],
    }
    return Step("orders", message)


@st.composite
def _state(draw: st.DrawFn, market: Market) -> Step:
    names = _names(draw, market)
    scope = draw(st.sampled_from(["", "symbol", "account"]))
    message = {
        "msg_type": "trading_state",
        "state": draw(mostly(["ACTIVE"], ["SELL_ONLY", "HALTED"])),
        "timestamp": names["timestamp"],
        **({scope: names[scope]} if scope else {}),
    }
    return Step("orders", message)


@st.composite
def _steps(draw: st.DrawFn) -> list[Step]:
    market = draw(st.sampled_from(MARKETS))
    kinds = [_tick(market)] * 10 + [_order(market)] * 10 + [_replace(market)] * 3 + [_cancel(market)] * 2
    kinds += [_portfolio(market), _state(market), PASSES, PASSES]
    anything = st.integers(0, len(kinds) - 1).flatmap(kinds.__getitem__)
    parts = draw(st.lists(st.lists(anything, max_size=16), min_size=3, max_size=12))
    return placed([step for part in parts for step in part])


ODD_STEPS = _steps()
