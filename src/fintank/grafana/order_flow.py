"""The dashboard *Order Flow*: what was asked for, what was traded, at which prices, and what is held."""

from fintank.grafana.panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Json,
    Panel,
    Query,
    bars,
    dashboard,
    lines,
    rejects_by_reason,
    rejects_count,
    select,
    stat,
    styled,
    table,
    variable,
    without,
)

SYMBOL = '"symbol" =~ /^$symbol$/'
EXCHANGE = '"exchange" =~ /^$exchange$/'
VENUE = '"last_mkt" =~ /^$exchange$/'
ACCOUNT = '"account" =~ /^$account$/'
TICKS = f"{SYMBOL} AND {EXCHANGE} AND $timeFilter"
ORDERS = f"{SYMBOL} AND {ACCOUNT} AND $timeFilter"
TRADES = f"{SYMBOL} AND {ACCOUNT} AND {VENUE} AND $timeFilter"
EVERY = "GROUP BY time($__interval)"
SIDES = {"BUY": BLUE, "SELL": VERMILION}
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
MONEY = "short"
RULE_ENGINE = "\"component\" = 'rule-engine' AND $timeFilter"


def order_flow() -> Json:
    """Return the dashboard."""
    variables = [
        variable("symbol", "Symbol", 'SHOW TAG VALUES FROM "bid_ask" WITH KEY = "symbol"'),
        variable("exchange", "Exchange", 'SHOW TAG VALUES FROM "bid_ask" WITH KEY = "exchange"'),
        # A field has no SHOW TAG VALUES. Who is not in the list can be typed.
        variable("account", "Account", _accounts()),
    ]
    return dashboard(
        "fintank-order-flow",
        "Order Flow",
        "Prices, orders, executions, fills and positions of fintank.",
        variables,
        [*_figures(), *_prices(), *_orders(), *_holdings(), *_logs()],
    )


def _figures() -> list[Panel]:
    turnover = select('"last_qty" * "last_px" AS "traded"', "fills", TRADES)
    return [
        stat("Ticks", "Quotes stored in the shown time.", _count("bid", "bid_ask", TICKS), "short"),
        stat(
            "Portfolio orders",
            "Deposits and withdrawals that came in the shown time.",
            _count("order_id", "portfolio_orders", f"{ACCOUNT} AND $timeFilter"),
            "short",
        ),
        stat(
            "Executions",
            "Execution reports of all kinds in the shown time.",
            _count("exec_id", "executions", ORDERS),
            "short",
        ),
        stat("Fills", "Trades booked in the shown time.", _count("exec_id", "fills", TRADES), "short"),
        stat(
            "Turnover",
            "Quantity times price of all trades in the shown time, in the currency of the prices.",
            Query(f'SELECT sum("traded") FROM ({turnover})'),
            MONEY,
        ),
        rejects_count(),
    ]


def _prices() -> list[Panel]:
    return [
        _price(),
        lines(
            "Spread",
            "The mean ask above the mean bid of each interval, in hundredths of a percent of the ask.",
            Query(
                select(
                    '(mean("ask") - mean("bid")) / mean("ask") * 10000 AS "spread"',
                    "bid_ask",
                    TICKS,
                    f'{EVERY}, "symbol" fill(none)',
                ),
                alias="$tag_symbol",
            ),
            unit="suffix: bp",
            width=12,
        ),
        bars(
            "Executions by type",
            "Execution reports of each interval: NEW, TRADE, and how orders ended otherwise.",
            Query(
                select('count("exec_id")', "executions", ORDERS, f'{EVERY}, "exec_type" fill(none)'),
                alias="$tag_exec_type",
            ),
            unit="short",
            width=12,
            colors=EXEC_TYPES,
        ),
    ]


def _price() -> Panel:
    """Return the panel that is repeated for each symbol."""
    marks = {"custom_drawStyle": "points", "custom_showPoints": "always"}
    quotes = select('last("bid") AS "bid", last("ask") AS "ask"', "bid_ask", TICKS, f"{EVERY} fill(none)")
    return lines(
        "$symbol: bid, ask and trades",
        "The last bid and ask of each interval, the executions at their prices, and behind each the booking "
        "that it became: a dot without its grey ring, or a ring without its dot, should not be.",
        Query(quotes, alias="$col"),
        Query(select('"last_px"', "fills", TRADES), alias="fill"),
        *(Query(select('"last_px"', "executions", _traded(side)), alias=side) for side in SIDES),
        unit="short",
        width=8,
        height=9,
        colors={"bid": GREY, "ask": ORANGE, "fill": "#C7CBD1", **SIDES},
        overrides=[
            styled("fill", **marks, custom_pointSize=13),
            styled("BUY", **marks, custom_pointSize=7),
            styled("SELL", **marks, custom_pointSize=7),
        ],
        custom={"fillOpacity": 0, "lineInterpolation": "stepAfter", "axisLabel": "price"},
        repeat="symbol",
    )


def _orders() -> list[Panel]:
    ages = ", ".join(f'last("{age}") AS "{age}"' for age in AGES)
    by_task = select(ages, "pipeline", RULE_ENGINE, f'{EVERY}, "task" fill(none)')
    sums = ", ".join(f'sum("{age}") AS "{age}"' for age in AGES)
    return [
        bars(
            "Deposits and withdrawals",
            "Amounts of the portfolio orders of each interval, withdrawals downward.",
            Query(_amounts("BUY", ""), alias="deposits"),
            Query(_amounts("SELL", "-1 * "), alias="withdrawals"),
            unit=MONEY,
            width=12,
            colors={"deposits": BLUE, "withdrawals": VERMILION},
        ),
        lines(
            "Open orders by age",
            "Orders that wait for a price: all, and those older than a second, a minute and an hour by their "
            "symbol's clock; of all symbols and accounts.",
            Query(f"SELECT {sums} FROM ({by_task}) WHERE $timeFilter {EVERY} fill(none)", alias="$col"),
            unit="short",
            width=12,
            colors=AGES,
            thresholds=[(OPEN_ORDERS_MANY, VERMILION)],
        ),
    ]


def _holdings() -> list[Panel]:
    positions = 'sum("delta_shares") AS "shares", sum("delta_cash") AS "cash"'
    return [
        lines(
            "Shares",
            "Shares bought less shares sold since the start of the shown time, by symbol.",
            Query(_running_sum("delta_shares", ', "symbol"'), alias="$tag_symbol"),
            unit="short",
            width=8,
        ),
        lines(
            "Cash",
            "Cash from sales less cash for purchases since the start of the shown time, of the chosen "
            "accounts and symbols together: choose one account to see its own.",
            Query(_running_sum("delta_cash"), alias="cash"),
            unit=MONEY,
            width=8,
            colors={"cash": BLUE},
        ),
        table(
            "Positions",
            "Shares, and the cash that trading them brought, by all bookings ever, of the chosen accounts "
            "together: choose one to see its own. `invoke report` lists all.",
            Query(
                select(positions, "fills", f"{SYMBOL} AND {ACCOUNT}", 'GROUP BY "symbol"'),
                is_table=True,
            ),
            "short",
            width=8,
            transformations=[without("Time")],
        ),
    ]


def _logs() -> list[Panel]:
    return [
        table(
            "Portfolio orders",
            "The latest deposits (BUY) and withdrawals (SELL).",
            _latest(
                "portfolio_orders",
                f"{ACCOUNT} AND $timeFilter",
                *("account", "side", "amount", "symbols", "priority", "order_id"),
            ),
            "short",
            width=12,
        ),
        table(
            "Fills",
            "The latest bookings.",
            _latest(
                "fills",
                TRADES,
                *("account", "side", "symbol", "last_qty", "last_px", "last_mkt", "delta_shares"),
                *("delta_cash", "cl_ord_id"),
            ),
            "short",
            width=12,
        ),
        table(
            "Executions",
            "The latest execution reports, each with the best bid and ask and the quotes that it was decided "
            "on, and why an order was refused or ended.",
            _latest(
                "executions",
                ORDERS,
                *("exec_type", "ord_status", "account", "side", "symbol", "last_qty", "last_px", "last_mkt"),
                *("bid", "ask", "quote_ids", "cl_ord_id", "text"),
            ),
            "short",
            width=16,
            height=10,
        ),
        rejects_by_reason(height=10),
    ]


def _count(field: str, measurement: str, where: str) -> Query:
    return Query(select(f'count("{field}")', measurement, where))


def _latest(measurement: str, where: str, *columns: str) -> Query:
    named = ", ".join(f'"{column}"' for column in columns)
    return Query(select(named, measurement, where, "ORDER BY time DESC LIMIT 200"), is_table=True)


def _accounts() -> str:
    return select('DISTINCT("account")', "executions", "$timeFilter", f"LIMIT {ACCOUNTS_LISTED_MAX}")


def _running_sum(field: str, by: str = "") -> str:
    return select(f'cumulative_sum(sum("{field}"))', "fills", TRADES, f"{EVERY}{by} fill(0)")


def _traded(side: str) -> str:
    return f"\"exec_type\" = 'TRADE' AND \"side\" = '{side}' AND {TRADES}"


def _amounts(side: str, sign: str) -> str:
    where = f"\"side\" = '{side}' AND {ACCOUNT} AND $timeFilter"
    return select(f'{sign}sum("amount")', "portfolio_orders", where, f"{EVERY} fill(none)")
