"""The dashboard *Order Flow*: what was ordered and traded, at which prices, and what is held."""

from collections.abc import Sequence

from fintank.colors import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, YELLOW
from fintank.grafana import panels
from fintank.grafana.boards import Dashboard, Variable
from fintank.grafana.panel_query import (
    Call,
    Chosen,
    Condition,
    Equals,
    PanelQuery,
    Value,
    VariableQuery,
    each,
    latest,
    sum_over_tasks,
    value,
)
from fintank.grafana.panels import PRICE_DECIMALS, RULE_ENGINE, SUM_DECIMALS, Panel

SYMBOL = Chosen("symbol", "symbol")
ACCOUNT = Chosen("account", "account")
TICKS = (SYMBOL, Chosen("exchange", "exchange"))
ORDERS = (SYMBOL, ACCOUNT)
TRADES = (SYMBOL, ACCOUNT, Chosen("last_mkt", "exchange"))
PORTFOLIO_ORDERS = (ACCOUNT,)
SIDES = {"BUY": BLUE, "SELL": VERMILION}
REFERENCE_COLUMNS = {"reference": "price", "collar low": "collar_low", "collar high": "collar_high"}
COLLAR = {"collar low": SKY, "collar high": SKY}
HIDDEN = {"viz": True, "legend": False, "tooltip": True}
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


def order_flow() -> Dashboard:
    """Return the dashboard."""
    variables = [
        Variable("symbol", "Symbol", VariableQuery("symbol", "bid_ask")),
        Variable("exchange", "Exchange", VariableQuery("exchange", "bid_ask")),
        # An account that is not listed can be typed.
        Variable("account", "Account", VariableQuery("account", "executions", ACCOUNTS_LISTED_MAX)),
    ]
    return Dashboard(
        "fintank-order-flow",
        "Order Flow",
        "Prices, orders, executions, fills and positions of fintank.",
        variables,
        [*_figures(), *_prices(), *_orders(), *_holdings(), *_logs()],
    )


def _figures() -> list[Panel]:
    traded = Value("{0} * {1}", (Call("", "last_qty"), Call("", "last_px")), "traded")
    trades = PanelQuery([traded], "fills", TRADES)
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
            PanelQuery([value("sum", "traded")], trades, in_range=False),
            decimals=SUM_DECIMALS,
        ),
        panels.rejects_count(),
    ]


def _prices() -> list[Panel]:
    means = (Call("mean", "ask"), Call("mean", "bid"))
    spread = Value("({0} - {1}) / {0} * 10000", means, "spread")
    counts = [value("count", "exec_id")]
    return [
        _price(),
        panels.lines(
            "Spread",
            "The mean ask above the mean bid of each interval, in basis points of the ask.",
            PanelQuery([spread], "bid_ask", TICKS, every=True, by=("symbol",)),
            unit="suffix:bp",
            width=12,
        ),
        panels.bars(
            "Executions by type",
            "Execution reports in each interval, by type: NEW, TRADE, CANCELED and so on.",
            PanelQuery(counts, "executions", ORDERS, every=True, by=("exec_type",)),
            width=12,
            colors=EXEC_TYPES,
        ),
    ]


def _price() -> Panel:
    """Return the panel that is repeated for each symbol."""
    marks = {"custom_drawStyle": "points", "custom_showPoints": "always"}
    references = [value("last", column, name) for name, column in REFERENCE_COLUMNS.items()]
    price = [value("", "last_px")]
    dashed = {"custom_lineStyle": {"fill": "dash", "dash": [8, 8]}, "custom_showPoints": "never"}
    is_trade = Equals("exec_type", "TRADE")
    return panels.lines(
        "$symbol: bid, ask and trades",
        "The last bid and ask of each interval, and executions at their prices. A grey ring marks the fill: "
        "a dot without a ring, or a ring without a dot, is an error. Dashed: the reference price; a click "
        "on `collar low` and `collar high` shows between which prices MARKET orders and stops trade.",
        PanelQuery(each("last", "bid", "ask"), "bid_ask", TICKS, every=True),
        PanelQuery(price, "fills", TRADES, name="fill"),
        *(
            PanelQuery(price, "executions", (is_trade, Equals("side", side), *TRADES), name=side)
            for side in SIDES
        ),
        PanelQuery(references, "reference_price", (SYMBOL,), every=True),
        decimals=PRICE_DECIMALS,
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
    return [
        panels.bars(
            "Deposits and withdrawals",
            "Amounts of the portfolio orders of each interval; withdrawals point down.",
            _amounts("BUY", "{0}", "deposits"),
            _amounts("SELL", "-1 * {0}", "withdrawals"),
            width=12,
            decimals=SUM_DECIMALS,
            colors={"deposits": BLUE, "withdrawals": VERMILION},
        ),
        panels.lines(
            "Open orders by age",
            "Orders waiting for a price: all, and those older than a second, a minute and an hour by their "
            "symbol's clock. Covers all symbols and accounts.",
            sum_over_tasks("pipeline", RULE_ENGINE, *AGES),
            width=12,
            colors=AGES,
            thresholds=[(OPEN_ORDERS_MANY, VERMILION)],
        ),
    ]


def _holdings() -> list[Panel]:
    columns = {"shares": "delta_shares", "cash": "delta_cash", "commission": "commission"}
    positions = [value("sum", column, name) for name, column in columns.items()]
    return [
        panels.lines(
            "Shares",
            "Shares bought minus shares sold since the start of the time range, by symbol.",
            _running_sum("delta_shares", "symbol"),
            decimals=PRICE_DECIMALS,
        ),
        panels.lines(
            "Cash",
            "Proceeds of sales minus cost of purchases since the start of the time range, over the chosen "
            "accounts and symbols, by currency, without the commissions. Choose one account to see its own.",
            _running_sum("delta_cash", "currency"),
            decimals=SUM_DECIMALS,
        ),
        panels.table(
            "Positions",
            "Shares, and the cash from trading them, over all fills ever, summed over the chosen accounts. "
            "Choose one account to see its own; `invoke report` lists all.",
            PanelQuery(positions, "fills", ORDERS, in_range=False, by=("symbol", "currency")),
            decimals=PRICE_DECIMALS,
            overrides=[panels.styled(name, decimals=SUM_DECIMALS) for name in ("cash", "commission")],
            transformations=[panels.without("Time")],
        ),
    ]


def _logs() -> list[Panel]:
    return [
        panels.table(
            "Portfolio orders",
            "The latest deposits (BUY) and withdrawals (SELL).",
            latest("portfolio_orders", PORTFOLIO_ORDERS, "account side amount symbols priority order_id"),
            width=12,
            decimals=PRICE_DECIMALS,
        ),
        panels.table(
            "Fills",
            "The latest fills.",
            latest(
                "fills",
                TRADES,
                "account side symbol last_qty last_px last_mkt delta_shares delta_cash currency commission "
                "cl_ord_id",
            ),
            width=12,
            decimals=PRICE_DECIMALS,
        ),
        panels.table(
            "Executions",
            "The latest execution reports, each with the best bid and ask and the quotes it was decided on, "
            "and the reason if an order was rejected or ended.",
            latest(
                "executions",
                ORDERS,
                "exec_type ord_status account side symbol last_qty last_px last_mkt bid ask quote_ids "
                "cl_ord_id orig_cl_ord_id text",
            ),
            width=16,
            height=10,
            decimals=PRICE_DECIMALS,
        ),
        panels.rejects_by_reason(height=10),
    ]


def _count(field: str, measurement: str, where: Sequence[Condition]) -> PanelQuery:
    return PanelQuery([value("count", field)], measurement, where)


def _running_sum(field: str, by: str) -> PanelQuery:
    return PanelQuery([value("sum", field)], "fills", TRADES, every=True, by=(by,), running=True)


def _amounts(side: str, text: str, name: str) -> PanelQuery:
    amounts = Value(text, (Call("sum", "amount"),))
    where = (Equals("side", side), *PORTFOLIO_ORDERS)
    return PanelQuery([amounts], "portfolio_orders", where, every=True, name=name)
