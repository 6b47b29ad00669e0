"""Points do not overwrite each other: records with one timestamp differ in their series or their time."""

import json
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from fintank.settings import PROJECT_ROOT
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.wire.kafka import executions, fills, orders
from fintank.wire.points.order_points import component_line, portfolio_line

SCHEMAS = PROJECT_ROOT / "src" / "fintank" / "wire" / "kafka" / "schemas"
MILLION = 1_000_000
APPEND_MS = 1_800_000_000_000


class Record(NamedTuple):
    """A record's place, and what may differ in it or not."""

    partition: int
    offset: int
    account: str
    symbol: str
    seconds: float
    is_portfolio: bool

    @property
    def run(self) -> str:
        return f"{self.offset},1,{APPEND_MS}"


NEAR = st.sampled_from([0, 1, 2, 999, 1_000, 2_000, 500_000, MILLION - 1])
"""Offsets of one moment are less than a million apart."""
RECORDS = st.sampled_from([0, 999_990, 123_456_789]).flatmap(
    lambda first: st.lists(
        st.builds(
            Record,
            partition=st.integers(0, 3),
            offset=NEAR.map(first.__add__),
            account=st.sampled_from(["A", "B", "A,B= \\", "\\"]),
            symbol=st.sampled_from(["IVE", "VTI"]),
            seconds=st.sampled_from([1_438_539_936.355, 1_438_539_936.355217]),
            is_portfolio=st.booleans(),
        ),
        unique_by=lambda record: record[:2],
        min_size=2,
        max_size=32,
    )
)


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())["examples"][0]
    return found


def places(lines: Iterable[str]) -> set[tuple[str, str]]:
    """Return series and time of each line; no tag has a space in it."""
    return {(line.split(" ")[0], line.rpartition(" ")[2]) for line in lines}


@given(RECORDS)
def test_reports_and_fills_of_one_moment_are_points_of_their_own(records: list[Record]) -> None:
    for to_lines, topic, name in (
        (executions.to_lines, "executions", "execution"),
        (executions.to_lines, "executions", "order_cancel_reject"),
        (fills.to_lines, "fills", "fill"),
    ):
        lines = []
        for partition, found in groupby(sorted(records), key=attrgetter("partition")):
            batch = list(found)
            texts = [
                {**example(name), "account": r.account, "symbol": r.symbol, "transact_time": r.seconds}
                for r in batch
            ]
            runs = " ".join(record.run for record in batch)
            lines += to_lines(topic, partition, runs, "\n".join(map(json.dumps, texts))).lines.split("\n")
        assert len(lines) == len(records)
        assert len(places(lines)) == len(records)


@given(RECORDS)
def test_orders_of_one_moment_are_points_of_their_own(records: list[Record]) -> None:
    portfolios, parts = [], []
    for record in records:
        kind = "portfolio_order" if record.is_portfolio else "order"
        terms = {"account": record.account, "symbol": record.symbol, "timestamp": record.seconds}
        text = json.dumps({**example(kind), **terms})
        (message,) = orders.read("orders", record.partition, record.run, text).messages
        if isinstance(message, PortfolioOrder):
            portfolios.append(portfolio_line(message))
            parts += [component_line(part) for part in components(message, Limits())]
        else:
            assert isinstance(message, Order)
            parts.append(component_line(message))
    assert len(places(portfolios)) == len(portfolios)
    assert len(places(parts)) == len(parts) == len(records) + len(portfolios)
