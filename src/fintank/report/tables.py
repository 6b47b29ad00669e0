"""A report's tables, as HTML."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from fintank.report.facts import Facts, PortfolioOrder, Report
from fintank.report.texts import milliseconds, moment, money, price, quantity

ROWS_MAX = 1_000
SYMBOLS_MAX = 12
AVERAGE_DECIMALS = 4
KINDS = {"BUY": "deposit", "SELL": "withdrawal"}


class Column(NamedTuple):
    """A table's column: its heading, and the CSS class of its cells."""

    title: str
    css: str = ""


NUMBER = "number"
CODE = "code"
TAIL = "code tail"
"""A text of which the end tells most: that is left where there is little room."""


class Deal(NamedTuple):
    """What one order traded at one moment: a trade a quote, of several quotes if one was not enough."""

    trades: Sequence[Report]

    @property
    def quantity(self) -> float:
        """How many shares changed hands."""
        return sum(trade.last_qty or 0 for trade in self.trades)

    @property
    def turnover(self) -> float:
        """What they cost."""
        return sum((trade.last_qty or 0) * (trade.last_px or 0) for trade in self.trades)


def deals(found: Iterable[Report]) -> list[Deal]:
    """Put the trades of one order and millisecond together, in the order of the first of them."""
    together: dict[tuple[str, str, str, int], list[Report]] = {}
    for trade in found:
        moment_ms = trade.time_ns // 1_000_000
        key = (trade.account, trade.symbol, trade.cl_ord_id, moment_ms)
        together.setdefault(key, []).append(trade)
    return [Deal(some) for some in together.values()]


def trades(found: Sequence[Report], quote_times_ns: Mapping[str, int]) -> str:
    """List what was bought and sold, the latest first, each with the quote that it was decided on."""
    columns = [
        *(Column("time (UTC)"), Column("side"), Column("quantity", NUMBER), Column("symbol")),
        *(Column("price", NUMBER), Column("cash", NUMBER), Column("venue"), Column("best bid", NUMBER)),
        *(Column("best ask", NUMBER), Column("quote of"), Column("quote", CODE), Column("account")),
        Column("order", TAIL),
    ]
    return _table("trades", columns, [_deal_row(deal, quote_times_ns) for deal in reversed(deals(found))])


def _deal_row(deal: Deal, quote_times_ns: Mapping[str, int]) -> list[str]:
    first, *others = deal.trades
    prices = {trade.last_px for trade in deal.trades}
    average = price(deal.turnover / deal.quantity, AVERAGE_DECIMALS) if deal.quantity else ""
    more = f" +{len(others):,}" if others else ""
    return [
        *(_time(first.time_ns), _side(first.side), quantity(deal.quantity), escape(first.symbol)),
        f"<b>{price(first.last_px) if len(prices) == 1 else f'&empty; {average}'}</b>",
        money(deal.turnover if first.side == "SELL" else -deal.turnover),
        escape(" ".join(sorted({trade.last_mkt or "" for trade in deal.trades}))),
        *(price(first.bid), price(first.ask), _time(quote_times_ns.get(first.quote_id))),
        *(escape(first.quote_id) + more, escape(first.account), escape(first.cl_ord_id)),
    ]


def portfolio_orders(found: Sequence[PortfolioOrder]) -> str:
    """List deposits and withdrawals, the latest first."""
    columns = [Column("time (UTC)"), Column("what"), Column("amount", NUMBER), Column("account")]
    columns += [Column("symbols"), Column("order", TAIL)]
    rows = [
        [
            *(_time(order.time_ns), KINDS[order.side], money(order.amount), escape(order.account)),
            *(escape(order.symbols), escape(order.order_id)),
        ]
        for order in reversed(found)
    ]
    return _table("portfolio orders", columns, rows)


def ended_unfilled(found: Iterable[Report]) -> str:
    """List orders that ended without being filled, the latest first, and why."""
    columns = [Column("time (UTC)"), Column("state"), Column("side"), Column("symbol"), Column("account")]
    columns += [Column("order", TAIL), Column("why", CODE)]
    rows = [
        [
            *(_time(report.time_ns), escape(report.ord_status), _side(report.side), escape(report.symbol)),
            *(escape(report.account), escape(report.cl_ord_id), escape(report.text or "")),
        ]
        for report in sorted(found, key=lambda report: -report.time_ns)
    ]
    return _table("such orders", columns, rows)


def positions(facts: Facts) -> str:
    """Show shares by account and symbol, cash, and what the shares are worth at the last bid and ask.

    Of more than SYMBOLS_MAX symbols those that most accounts hold have columns; cash and worth are of all.
    """
    mids = {
        symbol: (quotes.bid.values[-1] + quotes.ask.values[-1]) / 2
        for symbol, quotes in facts.quotes.items()
        if quotes.bid.values and quotes.ask.values
    }
    holders = Counter(symbol for _, symbol in facts.holdings)
    symbols = sorted(symbol for symbol, _ in holders.most_common(SYMBOLS_MAX))
    others = [f"{len(holders) - SYMBOLS_MAX:,} more symbols"] if len(holders) > SYMBOLS_MAX else []
    by_account: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for (account, symbol), position in facts.holdings.items():
        by_account[account][symbol] = position
    rows = []
    for account, held in sorted(by_account.items()):
        cash = sum(money_ for _, money_ in held.values())
        worth = _worth(held, mids)
        shares = [quantity(held[symbol][0]) if symbol in held else "" for symbol in symbols]
        left_out = len(held.keys() - symbols)
        shares += [f"{left_out:,} held" if left_out else "" for _ in others]
        valued = ["", ""] if worth is None else [money(worth), money(cash + worth)]
        rows.append([escape(account), *shares, money(cash), *valued])
    titles = (*symbols, *others, "cash", "worth of the shares", "profit and loss")
    columns = [Column("account"), *(Column(title, NUMBER) for title in titles)]
    return _table("accounts", columns, rows, which="first")


def _worth(held: Mapping[str, tuple[float, float]], mids: Mapping[str, float]) -> float | None:
    """Return what the shares are worth; None if a symbol has no price here."""
    if any(shares and symbol not in mids for symbol, (shares, _) in held.items()):
        return None
    return sum(shares * mids[symbol] for symbol, (shares, _) in held.items() if shares)


def _table(what: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], which: str = "latest") -> str:
    head = "".join(f'<th class="{column.css}">{escape(column.title)}</th>' for column in columns)
    body = "\n".join(f"<tr>{_cells(columns, row)}</tr>" for row in rows[:ROWS_MAX])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    left_out = f'<p class="note">The {which} {ROWS_MAX:,} of {len(rows):,} {what}.</p>'
    return f'<div class="scroll">{table}</div>{left_out if len(rows) > ROWS_MAX else ""}'


def _cells(columns: Sequence[Column], row: Sequence[str]) -> str:
    return "".join(map(_cell, columns, row))


def _cell(column: Column, text: str) -> str:
    # What is cut off can be read by pointing at it.
    title = f' title="{text}"' if column.css in (CODE, TAIL) else ""
    return f'<td class="{column.css}"{title}><bdi>{text}</bdi></td>'


def _time(time_ns: int | None) -> str:
    if time_ns is None:
        return ""
    return f'<time title="{moment(time_ns):%Y-%m-%d}">{milliseconds(time_ns)}</time>'


def _side(side: str | None) -> str:
    if side is None:
        return ""
    return f'<span class="{side.lower()}">{side}</span>'
