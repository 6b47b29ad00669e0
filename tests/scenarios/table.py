"""Scenarios: tables of quotes and orders and the expected reports. README.md says how to read them."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
MICROSECONDS = 1_000_000
START_US = 1_704_205_800 * MICROSECONDS
"""2024-01-02T14:30:00Z: second 0 of every scenario."""

RULES: dict[str, Any] = {
    "max_quote_lag_ms": 5_000,
    "max_quote_age_ms": 3_600_000,
    "aggregation_window_ms": 600_000,
    "retention_ms": 86_400_000,
    "time_zone": "America/New_York",
    "symbols": [],
    "max_order_qty": "1000000",
    "max_order_notional": "10000000",
    "max_open_orders": 1_000,
    "price_band": "0.5",
    "instruments": {"default": {"lot_size": "0.01", "currency": "USD"}},
    "market_collar": "0.1",
}
"""What rules.toml and instruments.toml hold in every scenario that says nothing else."""

SYMBOL, ACCOUNT = "IVE", "A"

_HEADING = re.compile(r"## ([a-z_]+-\d+)( \(live\))?: (.+)")
_ROW = re.compile(r"\|([^|]*)\|([^|]*)\|([^|]*)\|")
_EXPECTED = re.compile(r"([^{]+?)\s*(?:\{(.*)\})?")
_QUOTE = re.compile(
    r"(?:(?P<name>\w+): )?(?:(?P<symbol>\S+) on )?(?P<exchange>\S+) "
    r"(?P<bid>\S+)(?: x (?P<bid_size>\S+))? / (?P<ask>\S+)(?: x (?P<ask_size>\S+))?"
    r"(?: appended (?P<appended>\S+))?"
)
_PASS = re.compile(r"(\d+(?:\.\d+)?) s pass( unseen)?")
_AGAIN = re.compile(r"(.+) (again|redelivered)")
_NAMED = re.compile(r"(?P<name>[\w-]+): (?P<what>.+)")


class TableError(ValueError):
    """A scenario can't be read."""


@dataclass(frozen=True)
class Expected:
    """One report: how it begins, and fields of it or of its fill."""

    head: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Row:
    """What comes, and what must come of it.

    kind: ticks, orders, pass (log time) or unseen (what it leads to comes in the next row); log_us: how far
    log time moves; is_redelivered: the very record once more. append_us: when it was appended; None is at the
    log time.
    """

    kind: str
    expected: list[Expected]
    message: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    log_us: int = 0
    is_redelivered: bool = False
    append_us: int | None = None
    partition: int | None = None


@dataclass(frozen=True)
class Scenario:
    """One table."""

    id: str
    title: str
    is_live: bool
    rules: dict[str, Any]
    rows: list[Row]


def scenarios() -> list[Scenario]:
    """Read all scenarios of this folder."""
    return [found for path in sorted(FOLDER.glob("*.md")) for found in _read(path.read_text())]


def _read(text: str) -> list[Scenario]:
    found = []
    for part in re.split(r"^(?=## )", text, flags=re.MULTILINE):
        heading = _HEADING.match(part)
        if heading:
            found.append(_scenario(heading, part))
    return found


def _scenario(heading: re.Match[str], text: str) -> Scenario:
    rules = dict(RULES)
    for name, value in re.findall(r"^Rule: (\w+) = (.+)$", text, re.MULTILINE):
        if name not in rules:
            raise TableError(f"{heading[1]}: no rule {name}")
        rules[name] = value.split(", ") if name == "symbols" else _like(RULES[name], value)
    rules["instruments"] = _instruments(text)
    rows: list[Row] = []
    at = Decimal(0)
    for cells in _ROW.findall(text):
        at_text, what, outcome = (cell.strip() for cell in cells)
        if at_text in ("at", "---"):
            continue
        at = Decimal(at_text) if at_text else at
        try:
            rows.append(_row(at, what, outcome, rows))
        except (ValueError, KeyError, IndexError) as error:
            raise TableError(f"{heading[1]}: {what}: {error!r}") from error
    if not rows:
        raise TableError(f"{heading[1]}: no rows")
    return Scenario(heading[1], heading[3], bool(heading[2]), rules, rows)


def _instruments(text: str) -> dict[str, Any]:
    """Read `Instrument BTC*: lot_size = 1, commission.rate = 0.001` and `Calendar XNYS: 0-100, 200-300`."""
    default = dict(RULES["instruments"]["default"])
    tables: list[dict[str, Any]] = []
    for pattern, values in re.findall(r"^Instrument (\S+): (.+)$", text, re.MULTILINE):
        table = default if pattern == "default" else {"symbols": [pattern]}
        for pair in values.split(", "):
            name, value = pair.split(" = ")
            if name.startswith("commission."):
                table.setdefault("commission", {})[name.removeprefix("commission.")] = value
            else:
                table[name] = value == "true" if name == "allow_negative" else value
        if table is not default:
            tables.append(table)
    start = START_US // MICROSECONDS
    calendars = {
        name: [[start + int(edge) for edge in session.split("-")] for session in sessions.split(", ")]
        for name, sessions in re.findall(r"^Calendar (\S+): (.+)$", text, re.MULTILINE)
    }
    return {"default": default, "instrument": tables, "calendars": calendars}


def _like(default: Any, value: str) -> Any:
    if value == "none":
        return None
    return int(value) if isinstance(default, int) else value


def _row(at: Decimal, what: str, outcome: str, earlier: list[Row]) -> Row:
    expected = [_expected(part.strip()) for part in outcome.split(";") if part.strip()]
    passed = _PASS.fullmatch(what)
    if passed:
        kind = "unseen" if passed[2] else "pass"
        return Row(kind, expected, log_us=int(Decimal(passed[1]) * MICROSECONDS))
    again = _AGAIN.fullmatch(what)
    if again:
        same = next(row for row in earlier if row.name == again[1])
        return Row(same.kind, expected, same.message, same.name, is_redelivered=again[2] == "redelivered")
    quote = _QUOTE.fullmatch(what)
    if quote:
        appended = quote["appended"]
        append_us = None if appended is None else START_US + int(Decimal(appended) * MICROSECONDS)
        return Row("ticks", expected, _tick(at, quote), quote["name"], append_us=append_us)
    if what.startswith("trading "):
        return _trading(at, what, expected)
    named = _NAMED.fullmatch(what)
    if not named:
        raise TableError(f"what is {what!r}?")
    return Row("orders", expected, _order(at, named["name"], named["what"]), named["name"])


def _trading(at: Decimal, what: str, expected: list[Expected]) -> Row:
    """Read `trading HALTED`, and `of VTI`, `for B`, `in partition 1` behind it."""
    _, state, *options = what.split()
    message = {"msg_type": "trading_state", "state": state, "timestamp": timestamp(at)}
    given = dict(pairwise(options))
    names = {"of": "symbol", "for": "account"}
    message |= {name: given[word] for word, name in names.items() if word in given}
    return Row("orders", expected, message, what, partition=int(given.get("partition", "0")))


def _expected(text: str) -> Expected:
    head, fields = _EXPECTED.fullmatch(text).groups()  # type: ignore[union-attr]
    pairs = dict(pair.split("=", 1) for pair in (fields or "").split())
    return Expected(head, pairs)


def _tick(at: Decimal, quote: re.Match[str]) -> dict[str, Any]:
    message = {
        "symbol": quote["symbol"] or SYMBOL,
        "exchange": quote["exchange"],
        "bid": None if quote["bid"] == "-" else quote["bid"],
        "ask": None if quote["ask"] == "-" else quote["ask"],
        "timestamp": timestamp(at),
    }
    sizes = {name: quote[name] for name in ("bid_size", "ask_size") if quote[name]}
    return {**message, **sizes}


def _order(at: Decimal, name: str, what: str) -> dict[str, Any]:
    """Read `BUY 10 LIMIT 100`, `SELL portfolio $10 = IVE 0.5 + CASH 0.5`, `cancel o1`."""
    words = what.replace(",", "").split()
    message: dict[str, Any] = {"account": ACCOUNT, "timestamp": timestamp(at)}
    if words[:2] == ["cancel", "all"]:
        return _mass_cancel(at, name, words)
    if words[0] == "cancel":
        message |= _cancel(name, words)
    elif words[0] == "replace":
        message |= _replace(name, words)
    elif words[1] == "portfolio":
        message |= {"msg_type": "portfolio_order", "order_id": name, "side": words[0]}
        message |= {"amount": words[2].removeprefix("$"), "portfolio": _portfolio(words)}
    else:
        quantity = "cash_order_qty" if words[1].startswith("$") else "order_qty"
        message |= {"msg_type": "order", "cl_ord_id": name, "symbol": SYMBOL, "side": words[0]}
        message |= {quantity: words[1].removeprefix("$")}
        types = [word for word in words if word in ("LIMIT", "STOP")]
        message["ord_type"] = "_".join(sorted(types, reverse=True)) or "MARKET"
    _options(message, words)
    return message


def _portfolio(words: list[str]) -> list[dict[str, str]]:
    """Read `BUY portfolio $10 = IVE 0.5 + VTI 0.5`, and `IVE 0 x 1001` as so many lines."""
    portfolio = []
    line: list[str] = []
    for word in [*words[4:], "+"]:
        if word in ("+", "priority", "GTD", "GTC", "DAY", "IOC", "FOK", "for", "dated", "with"):
            portfolio += [{"symbol": line[0], "weight": line[1]}] * (int(line[3]) if len(line) > 2 else 1)
            line = []
            if word != "+":
                break
        else:
            line.append(word)
    return portfolio


def _cancel(name: str, words: list[str]) -> dict[str, Any]:
    message = {"msg_type": "cancel", "cl_ord_id": name}
    if words[1] == "list":
        return {**message, "list_id": words[2]}
    return {**message, "orig_cl_ord_id": words[1], "symbol": SYMBOL}


def _mass_cancel(at: Decimal, name: str, words: list[str]) -> dict[str, Any]:
    """Read `cancel all`, `cancel all of IVE`, `cancel all for A`."""
    message: dict[str, Any] = {"msg_type": "mass_cancel", "cl_ord_id": name, "timestamp": timestamp(at)}
    message["scope"] = "SYMBOL" if "of" in words else "ACCOUNT" if "for" in words else "ALL"
    _options(message, words)
    return message


def _replace(name: str, words: list[str]) -> dict[str, Any]:
    """Read `replace o1 BUY 5 LIMIT 100`: what is named is new; `replace o1 $50` for a cash order."""
    message = {"msg_type": "replace", "cl_ord_id": name, "orig_cl_ord_id": words[1], "symbol": SYMBOL}
    quantity = words[2] if len(words) > 2 else ""
    if quantity.startswith("$"):
        message["cash_order_qty"] = quantity.removeprefix("$")
    elif quantity[:1].isdigit() or quantity.startswith("-"):
        message["order_qty"] = quantity
    return message


def _options(message: dict[str, Any], words: list[str]) -> None:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in ("GTC", "DAY", "IOC", "FOK", "GTD"):
            message["time_in_force"] = word
        if word == "GTD":
            message["expire_time"] = timestamp(Decimal(following))
        elif word == "priority":
            message["priority"] = int(following)
        elif word in ("LIMIT", "STOP"):
            message["price" if word == "LIMIT" else "stop_px"] = following
        elif word == "of":
            message["symbol"] = following
        elif word == "for":
            message["account"] = following
        elif word == "dated":
            message["timestamp"] = timestamp(Decimal(following))
        elif "=" in word and word != "=":
            name, value = word.split("=", 1)
            message[name] = None if value == "null" else value


def timestamp(at: Decimal) -> str:
    """Write a second of the scenario as seconds since the epoch; JSON takes it as text."""
    time_us = START_US + int(at * MICROSECONDS)
    return f"{time_us // MICROSECONDS}.{time_us % MICROSECONDS:06d}"
