"""A report's tables, as HTML. A table is None if it has no rows; the page then says so in words."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from fintank.report.data import ExecutionRow, FaultRow, Held, PortfolioOrderRow, ReportData
from fintank.terminal.texts import money, number, utc

ROWS_MAX = 1_000
SYMBOLS_MAX = 12
QUANTITY_DECIMALS = 6
AVERAGE_DECIMALS = 4
KINDS = {"BUY": "deposit", "SELL": "withdrawal"}

NUMBER = "number"
CODE = "code"
TAIL = "code tail"
"""A text whose end matters most: where there is little room, its start is cut off."""
CSS = {
    "account": "",
    "currency": "",
    **dict.fromkeys(("quantity", "price", "cash", "best bid", "best ask", "amount"), NUMBER),
    **dict.fromkeys(("seconds", "longest (s)"), NUMBER),
    **dict.fromkeys(("quote", "reason"), CODE),
    "order": TAIL,
}
"""The CSS class of a column's cells, by its title."""


def trades(found: Sequence[ExecutionRow], quote_times_ns: Mapping[str, int]) -> str | None:
    """List trades, latest first, each with the quote it was decided on.

    A row holds what one order traded at one millisecond: several trades if one quote was not enough.
    """
    deals: dict[tuple[str, str, str, int], list[ExecutionRow]] = defaultdict(list)
    for trade in found:
        deals[trade.account, trade.symbol, trade.cl_ord_id, trade.time_ns // 1_000_000].append(trade)
    titles = ["time (UTC)", "side", "quantity", "symbol", "price", "cash", "venue", "best bid", "best ask"]
    titles += ["quote time", "quote", "account", "order"]
    rows = [_deal_row(deal, quote_times_ns) for deal in reversed(deals.values())]
    return _table("latest", "trades", titles, rows)


def _deal_row(deal: Sequence[ExecutionRow], quote_times_ns: Mapping[str, int]) -> list[str]:
    first, *others = deal
    shares = sum(trade.last_qty or 0 for trade in deal)
    turnover = sum(trade.turnover for trade in deal)
    if len({trade.last_px for trade in deal}) == 1:
        price = number(first.last_px)
    else:
        average = turnover / shares / (first.multiplier or 1) if shares else None
        price = f"&empty; {number(average, AVERAGE_DECIMALS)}"
    more = f" +{len(others):,}" if others else ""
    bid, ask = number(first.bid), number(first.ask)
    quote = (bid, f"<b>{ask}</b>") if first.side == "BUY" else (f"<b>{bid}</b>", ask)
    return [
        *(_time(first.time_ns), _side(first.side), number(shares, QUANTITY_DECIMALS), escape(first.symbol)),
        *(f"<b>{price}</b>", money(turnover if first.side == "SELL" else -turnover)),
        escape(" ".join(sorted({trade.last_mkt or "" for trade in deal}))),
        *(*quote, _time(quote_times_ns.get(first.quote_id))),
        *(escape(first.quote_id) + more, escape(first.account), escape(first.cl_ord_id)),
    ]


def portfolio_orders(found: Sequence[PortfolioOrderRow]) -> str | None:
    """List deposits and withdrawals, latest first."""
    titles = ["time (UTC)", "type", "amount", "account", "symbols", "order"]
    rows = [
        [
            *(_time(order.time_ns), KINDS[order.side], money(order.amount), escape(order.account)),
            *(escape(order.symbols), escape(order.order_id)),
        ]
        for order in reversed(found)
    ]
    return _table("latest", "portfolio orders", titles, rows)


def unfilled_orders(found: Iterable[ExecutionRow]) -> str | None:
    """List orders that ended without being filled, latest first, each with the reason."""
    titles = ["time (UTC)", "state", "side", "symbol", "account", "order", "reason"]
    rows = [
        [
            *(_time(row.time_ns), escape(row.ord_status), _side(row.side), escape(row.symbol)),
            *(escape(row.account), escape(row.order_cl_ord_id), escape(row.text or "")),
        ]
        for row in sorted(found, key=lambda row: -row.time_ns)
    ]
    return _table("latest", "orders", titles, rows)


def quote_faults(found: Iterable[FaultRow]) -> str | None:
    """Sum up the crossed symbols and the silent exchanges, those of the most seconds first."""
    by_symbol: dict[tuple[str, str], list[FaultRow]] = defaultdict(list)
    for row in found:
        by_symbol[row.fault, row.symbol].append(row)
    rows = [
        [
            *(escape(symbol), escape(fault), f"{len({row.time_ns for row in own}):,}"),
            number(max(row.lasted_ms for row in own) / 1000),
            escape(max(own, key=lambda row: row.time_ns).exchanges),
        ]
        for (fault, symbol), own in sorted(by_symbol.items(), key=lambda item: -len(item[1]))
    ]
    titles = ["symbol", "fault", "seconds", "longest (s)", "exchanges, at last"]
    return _table("first", "symbols", titles, rows)


def positions(data: ReportData) -> str | None:
    """Show each account's shares by symbol, its cash, and the market value at the last bid and ask.

    An account has a row for each currency. At most SYMBOLS_MAX symbols have columns, those that most accounts
    hold; cash, commission and value include all. The profit is what is left of cash and value after it.
    """
    mids = {symbol: prices.middle for symbol, prices in data.prices.items() if prices.middle is not None}
    holders = Counter(symbol for _, symbol, _ in data.holdings)
    symbols = sorted(symbol for symbol, _ in holders.most_common(SYMBOLS_MAX))
    others = [f"{len(holders) - SYMBOLS_MAX:,} more symbols"] if len(holders) > SYMBOLS_MAX else []
    by_row: dict[tuple[str, str], dict[str, Held]] = defaultdict(dict)
    for (account, symbol, currency), held in data.holdings.items():
        by_row[account, currency][symbol] = held
    rows = []
    for (account, currency), own in sorted(by_row.items()):
        shares = [
            number(own[symbol].shares, QUANTITY_DECIMALS) if symbol in own else "" for symbol in symbols
        ]
        left_out = len(own.keys() - symbols)
        shares += [f"{left_out:,} held" if left_out else "" for _ in others]
        rows.append([escape(account), *shares, escape(currency), *_amounts(own, mids)])
    titles = [
        "account",
        *symbols,
        *others,
        "currency",
        "cash",
        "commission",
        "market value",
        "profit and loss",
    ]
    return _table("first", "accounts", titles, rows, css=NUMBER)


def _amounts(own: Mapping[str, Held], mids: Mapping[str, float]) -> list[str]:
    """Return cash, commission, market value and profit; the last two are empty if a symbol has no price."""
    cash = sum(held.cash for held in own.values())
    commission = sum(held.commission for held in own.values())
    known = [money(cash), money(commission)]
    if any(held.shares and symbol not in mids for symbol, held in own.items()):
        return [*known, "", ""]
    value = sum(held.shares * mids[symbol] * held.multiplier for symbol, held in own.items() if held.shares)
    return [*known, money(value), money(cash + value - commission)]


def _table(
    which: str, what: str, titles: Sequence[str], rows: Sequence[Sequence[str]], *, css: str = ""
) -> str | None:
    """Write a table; css is the class of columns that CSS does not know."""
    if not rows:
        return None
    styles = [CSS.get(title, css) for title in titles]
    head = "".join(map('<th class="{}">{}</th>'.format, styles, map(escape, titles)))
    body = "\n".join(f"<tr>{''.join(map(_cell, styles, row))}</tr>" for row in rows[:ROWS_MAX])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    left_out = f'<p class="note">The {which} {ROWS_MAX:,} of {len(rows):,} {what}.</p>'
    return f'<div class="scroll">{table}</div>{left_out if len(rows) > ROWS_MAX else ""}'


def _cell(style: str, text: str) -> str:
    title = f' title="{text}"' if style in (CODE, TAIL) else ""  # hovering shows what is cut off
    return f'<td class="{style}"{title}><bdi>{text}</bdi></td>'


def _time(time_ns: int | None) -> str:
    if time_ns is None:
        return ""
    date, time = utc(time_ns / 1e6).removesuffix("Z").split("T")
    return f'<time title="{date}">{time}</time>'


def _side(side: str | None) -> str:
    return "" if side is None else f'<span class="{side.lower()}">{side}</span>'
