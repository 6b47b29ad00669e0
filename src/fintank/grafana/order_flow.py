"""The dashboard *Order Flow*: what was ordered and traded, at which prices, and what is held."""

from fintank.colors import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, YELLOW
from fintank.grafana import panels
from fintank.grafana.panels import EVERY, RULE_ENGINE, Json, Panel, select, series, target

SYMBOL = panels.chosen("symbol")
EXCHANGE = panels.chosen("exchange")
VENUE = panels.chosen("exchange", "last_mkt")
ACCOUNT = panels.chosen("account")
TICKS = f"{SYMBOL} AND {EXCHANGE} AND $timeFilter"
ORDERS = f"{SYMBOL} AND {ACCOUNT} AND $timeFilter"
TRADES = f"{SYMBOL} AND {ACCOUNT} AND {VENUE} AND $timeFilter"
PORTFOLIO_ORDERS = f"{ACCOUNT} AND $timeFilter"
SIDES = {"BUY": BLUE, "SELL": VERMILION}
REFERENCE_COLUMNS = {"reference": "price", "collar low": "collar_low", "collar high": "collar_high"}
COLLAR = {"collar low": SKY, "collar high": SKY}
HIDDEN = {"viz": True, "legend": False, "tooltip": False}
"""A click on the name in the legend shows it: the collar is so wide that the prices would be one line."""
EXEC_TYPES = {
    "NEW": SKY,
    "TRADE": BLUE,
    "CANCELED": GREY,
    "EXPIRED": PURPLE,
    "REJECTED": VERMILION,
    "RESTATED": GREEN,
    "CANCEL_REJECTED": YELLOW,
}
AGES = {"open_orders": SKY, "open_over_1s": GREEN, "open_over_1m": ORANGE, "open_over_1h": VERMILION}
OPEN_ORDERS_MANY = 10_000
ACCOUNTS_LISTED_MAX = 1_000


def order_flow() -> Json:
    """Return the dashboard."""
    accounts = select('DISTINCT("account")', "executions", "$timeFilter", f"LIMIT {ACCOUNTS_LISTED_MAX}")
    variables = [
        panels.variable("symbol", "Symbol", 'SHOW TAG VALUES FROM "bid_ask" WITH KEY = "symbol"'),
        panels.variable("exchange", "Exchange", 'SHOW TAG VALUES FROM "bid_ask" WITH KEY = "exchange"'),
        # A field has no SHOW TAG VALUES. An account that is not listed can be typed.
        panels.variable("account", "Account", accounts),
    ]
    return panels.dashboard(
        "fintank-order-flow",
        "Order Flow",
        "Prices, orders, executions, fills and positions of fintank.",
        variables,
        [*_figures(), *_prices(), *_orders(), *_holdings(), *_logs()],
    )


def _figures() -> list[Panel]:
    turnover = select('"last_qty" * "last_px" AS "traded"', "fills", TRADES)
    return [
        panels.stat("Ticks", "Quotes stored in this time range.", _count("bid", "bid_ask", TICKS)),
        panels.stat(
            "Portfolio orders",
            "Deposits and withdrawals in this time range.",
            _count("order_id", "portfolio_orders", PORTFOLIO_ORDERS),
        ),
        panels.stat(
            "Executions",
            "Execution reports of all types in this time range.",
            _count("exec_id", "executions", ORDERS),
        ),
        panels.stat("Fills", "Trades booked in this time range.", _count("exec_id", "fills", TRADES)),
        panels.stat(
            "Turnover",
            "Quantity times price of all trades in this time range, in the currency of the prices.",
            f'SELECT sum("traded") FROM ({turnover})',
        ),
        panels.rejects_count(),
    ]


def _prices() -> list[Panel]:
    spread = '(mean("ask") - mean("bid")) / mean("ask") * 10000 AS "spread"'
    return [
        _price(),
        panels.lines(
            "Spread",
            "The mean ask above the mean bid of each interval, in basis points of the ask.",
            series(spread, "bid_ask", TICKS, by="symbol"),
            unit="suffix: bp",
            width=12,
        ),
        panels.bars(
            "Executions by type",
            "Execution reports in each interval: NEW, TRADE, and the other ways orders end.",
            series('count("exec_id")', "executions", ORDERS, by="exec_type"),
            width=12,
            colors=EXEC_TYPES,
        ),
    ]


def _price() -> Panel:
    """Return the panel that is repeated for each symbol."""
    marks = {"custom_drawStyle": "points", "custom_showPoints": "always"}
    references = ", ".join(f'last("{column}") AS "{name}"' for name, column in REFERENCE_COLUMNS.items())
    dashed = {"custom_lineStyle": {"fill": "dash", "dash": [8, 8]}, "custom_showPoints": "never"}
    traded = {side: f"\"exec_type\" = 'TRADE' AND \"side\" = '{side}' AND {TRADES}" for side in SIDES}
    return panels.lines(
        "$symbol: bid, ask and trades",
        "The last bid and ask of each interval, and executions at their prices. A grey ring marks the fill: "
        "a dot without a ring, or a ring without a dot, is an error. Dashed: the reference price; a click "
        "on `collar low` and `collar high` shows between which prices MARKET orders and stops trade.",
        series('last("bid") AS "bid", last("ask") AS "ask"', "bid_ask", TICKS),
        target(select('"last_px"', "fills", TRADES), "fill"),
        *(target(select('"last_px"', "executions", where), side) for side, where in traded.items()),
        series(references, "reference_price", f"{SYMBOL} AND $timeFilter"),
        height=9,
        colors={"bid": GREY, "ask": ORANGE, "fill": "#C7CBD1", **SIDES, "reference": PURPLE, **COLLAR},
        overrides=[
            panels.styled("reference", **dashed),
            *(panels.styled(name, **dashed, custom_hideFrom=HIDDEN) for name in COLLAR),
            panels.styled("fill", **marks, custom_pointSize=13),
            panels.styled("BUY", **marks, custom_pointSize=7),
            panels.styled("SELL", **marks, custom_pointSize=7),
        ],
        custom={"fillOpacity": 0, "lineInterpolation": "stepAfter", "axisLabel": "price"},
        repeat="symbol",
    )


def _orders() -> list[Panel]:
    ages = ", ".join(f'last("{age}") AS "{age}"' for age in AGES)
    by_task = select(ages, "pipeline", RULE_ENGINE, f'{EVERY}, "task" fill(none)')
    sums = ", ".join(f'sum("{age}") AS "{age}"' for age in AGES)
    return [
        panels.bars(
            "Deposits and withdrawals",
            "Amounts of the portfolio orders of each interval; withdrawals point down.",
            _amounts("BUY", 'sum("amount")', "deposits"),
            _amounts("SELL", '-1 * sum("amount")', "withdrawals"),
            width=12,
            colors={"deposits": BLUE, "withdrawals": VERMILION},
        ),
        panels.lines(
            "Open orders by age",
            "Orders waiting for a price: all, and those older than a second, a minute and an hour by their "
            "symbol's clock. Covers all symbols and accounts.",
            target(f"SELECT {sums} FROM ({by_task}) WHERE $timeFilter {EVERY} fill(none)", "$col"),
            width=12,
            colors=AGES,
            thresholds=[(OPEN_ORDERS_MANY, VERMILION)],
        ),
    ]


def _holdings() -> list[Panel]:
    positions = (
        'sum("delta_shares") AS "shares", sum("delta_cash") AS "cash", sum("commission") AS "commission"'
    )
    return [
        panels.lines(
            "Shares",
            "Shares bought minus shares sold since the start of the time range, by symbol.",
            target(_running_sum("delta_shares", ', "symbol"'), "$tag_symbol"),
        ),
        panels.lines(
            "Cash",
            "Proceeds of sales minus cost of purchases since the start of the time range, over the chosen "
            "accounts and symbols, by currency, without the commissions. Choose one account to see its own.",
            target(_running_sum("delta_cash", ', "currency"'), "$tag_currency"),
        ),
        panels.table(
            "Positions",
            "Shares, and the cash from trading them, over all fills ever, summed over the chosen accounts. "
            "Choose one account to see its own; `invoke report` lists all.",
            select(positions, "fills", f"{SYMBOL} AND {ACCOUNT}", 'GROUP BY "symbol", "currency"'),
            transformations=[panels.without("Time")],
        ),
    ]


def _logs() -> list[Panel]:
    return [
        panels.table(
            "Portfolio orders",
            "The latest deposits (BUY) and withdrawals (SELL).",
            _latest("portfolio_orders", PORTFOLIO_ORDERS, "account side amount symbols priority order_id"),
            width=12,
        ),
        panels.table(
            "Fills",
            "The latest fills.",
            _latest(
                "fills",
                TRADES,
                "account side symbol last_qty last_px last_mkt delta_shares delta_cash currency commission "
                "cl_ord_id",
            ),
            width=12,
        ),
        panels.table(
            "Executions",
            "The latest execution reports, each with the best bid and ask and the quotes it was decided on, "
            "and the reason if an order was rejected or ended.",
            _latest(
                "executions",
                ORDERS,
                "exec_type ord_status account side symbol last_qty last_px last_mkt bid ask quote_ids "
                "cl_ord_id orig_cl_ord_id text",
            ),
            width=16,
            height=10,
        ),
        panels.rejects_by_reason(height=10),
    ]


def _count(field: str, measurement: str, where: str) -> str:
    return select(f'count("{field}")', measurement, where)


def _latest(measurement: str, where: str, columns: str) -> str:
    named = ", ".join(f'"{column}"' for column in columns.split())
    return select(named, measurement, where, "ORDER BY time DESC LIMIT 200")


def _running_sum(field: str, by: str = "") -> str:
    return select(f'cumulative_sum(sum("{field}"))', "fills", TRADES, f"{EVERY}{by} fill(0)")


def _amounts(side: str, what: str, alias: str) -> Json:
    return series(what, "portfolio_orders", f"\"side\" = '{side}' AND {PORTFOLIO_ORDERS}", alias)
