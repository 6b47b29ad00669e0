"""The live view as text: panels side by side on a wide terminal, one below the other on a narrow one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fintank.scale import PARTITIONED
from fintank.terminal.texts import money, number
from fintank.trading.decimals import plain
from fintank.trading.messages import Side
from fintank.trading.reports import ExecutionReport
from fintank.watch.board import Board

WIDE_CHARS_MIN = 150
ID_CHARS = range(12, 37)
"""How long an order's id may be, by the room that is left."""
OTHERS_CHARS = 62
"""What a row of an order takes without its id."""
HEADER_LINES = 3
FRAME_LINES = {True: 3, False: 2}
"""The lines of a panel that are no rows, by whether it is wide: its frame or rule, and its titles."""
RECENT_US = 60_000_000
"""A reject is red for so long."""


def view(board: Board, width: int, height: int, now_us: int) -> Layout:
    """Return the whole screen."""
    is_wide = width >= WIDE_CHARS_MIN
    frame = FRAME_LINES[is_wide]
    body = max(height - HEADER_LINES, 4 * (frame + 1))
    rows = (body // 2 if is_wide else body // 4) - frame
    panel = _boxed if is_wide else _ruled
    prices = Layout(panel("Prices", _prices(board, rows, now_us)))
    holdings = Layout(panel("Positions", _holdings(board, rows)))
    room = (width // 2 if is_wide else width) - OTHERS_CHARS
    id_chars = min(max(room, ID_CHARS[0]), ID_CHARS[-1])
    orders = Layout(panel("Orders", _orders(board.reports, rows, id_chars)))
    fills = Layout(panel("Fills", _fills(board.fills, rows, id_chars)))
    whole = Layout()
    header = Layout(_header(board, now_us), size=HEADER_LINES)
    if is_wide:
        left, right = Layout(), Layout()
        left.split_column(prices, holdings)
        right.split_column(fills, orders)
        main = Layout()
        main.split_row(left, right)
        whole.split_column(header, main)
    else:
        whole.split_column(header, prices, fills, orders, holdings)
    return whole


def _boxed(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=Text(title), box=box.SQUARE, padding=(0, 1))


def _ruled(title: str, content: RenderableType) -> Group:
    """Make a panel of a low terminal, which has no lines to spare for a frame."""
    return Group(Rule(Text(title), align="left", style=""), content)


def _header(board: Board, now_us: int) -> Group:
    per_second, lag = board.rates
    flow = "  ".join(f"{topic} {per_second.get(topic, 0):,.0f}/s" for topic in PARTITIONED)
    behind = "  ".join(f"{topic} {count:,}" for topic, count in lag.items())
    rejects, style = "rejects: none", ""
    if board.rejects:
        time_us, text = board.rejects[-1]
        rejects = (
            f"rejects {per_second.get('rejects', 0):,.0f}/s, the latest {_age(now_us - time_us)} ago: {text}"
        )
        style = "red" if now_us - time_us < RECENT_US else ""
    return Group(_line(flow, "bold"), _line(f"lag: {behind}", ""), _line(rejects, style))


def _line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _table(*titles: str, numbers: Sequence[str] = ()) -> Table:
    made = Table(box=None, expand=True, padding=(0, 1), pad_edge=False, header_style="dim")
    for title in titles:
        made.add_column(title, justify="right" if title in numbers else "left", no_wrap=True)
    return made


def _prices(board: Board, rows: int, now_us: int) -> Table:
    made = _table(
        "symbol", "bid", "ask", "spread", "venues", "age", numbers=("bid", "ask", "spread", "venues", "age")
    )
    for best in board.prices(max(rows, 0)):
        both = best.bid is not None and best.ask is not None
        spread = None if not both else best.ask - best.bid  # type: ignore[operator]
        crossed = spread is not None and spread < 0
        cells = (best.symbol, _decimal(best.bid), _decimal(best.ask), _decimal(spread), str(best.venues))
        made.add_row(*map(Text, cells), Text(_age(now_us - best.time_us)), style="yellow" if crossed else "")
    return made


def _orders(reports: Sequence[ExecutionReport], rows: int, id_chars: int) -> Table:
    made = _table("time", "order", "symbol", "side", "qty", "type", "status", numbers=("qty",))
    for report in list(reports)[: -rows - 1 : -1]:
        made.add_row(
            _clock(report.transact_time_us),
            Text(_short(report.identity.cl_ord_id, id_chars)),
            Text(report.symbol),
            Text(report.side, style=_STYLES[report.side]),
            _ordered(report),
            Text(report.exec_type),
            Text(report.ord_status),
        )
    return made


def _fills(reports: Sequence[ExecutionReport], rows: int, id_chars: int) -> Table:
    made = _table("time", "order", "symbol", "side", "qty", "price", "venue", numbers=("qty", "price"))
    for report in list(reports)[: -rows - 1 : -1]:
        made.add_row(
            _clock(report.transact_time_us),
            Text(_short(report.identity.cl_ord_id, id_chars)),
            Text(report.symbol),
            Text(report.side, style=_STYLES[report.side]),
            _decimal(report.last_qty),
            _decimal(report.last_px),
            Text(report.last_mkt or ""),
        )
    return made


def _holdings(board: Board, rows: int) -> Table:
    made = _table("account", "symbol", "shares", "cash", "currency", numbers=("shares", "cash"))
    for held in board.holdings(max(rows, 0)):
        sums = number(held.shares), money(held.cash)
        made.add_row(Text(held.account), Text(held.symbol), *sums, Text(held.currency))
    return made


def _ordered(report: ExecutionReport) -> str:
    """Return how much an order is for: shares, or an amount with its currency."""
    if report.order_qty is not None:
        return _decimal(report.order_qty)
    return f"{_decimal(report.cash_order_qty)} {report.currency or ''}".rstrip()


def _decimal(value: Decimal | None) -> str:
    return "-" if value is None else plain(value)


def _short(order_id: str, chars_max: int) -> str:
    """Keep the end of an id: what tells orders of one call apart."""
    return order_id if len(order_id) <= chars_max else f"…{order_id[1 - chars_max :]}"


def _clock(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / 1_000_000, UTC):%H:%M:%S}"


def _age(age_us: int) -> str:
    seconds = max(age_us, 0) / 1_000_000
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.0f} h"


_STYLES = {Side.BUY: "green", Side.SELL: "red"}
