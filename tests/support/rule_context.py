"""What the rules of a single order see, by default nothing that breaks one."""

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from fintank import settings
from fintank.adapters import rules_file
from fintank.trading.depth import Depth
from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.limits import Limits
from fintank.trading.messages import CodedReason, State
from fintank.trading.rules import RuleContext

CONTEXT = RuleContext(
    Limits(),
    Instrument(),
    now_us=None,
    log_us=0,
    forgotten_us=-1,
    state=State.ACTIVE,
    open_orders=0,
    market=Depth(),
    reference=None,
)


def with_limits(**limits: Any) -> RuleContext:
    return replace(CONTEXT, limits=Limits(**limits))


def lots_of(lot_size: int) -> Limits:
    return Limits(instruments=Instruments(default=Instrument(lot_size=Decimal(lot_size))))


def text(reason: CodedReason | None) -> str | None:
    return None if reason is None else reason.text


@cache
def shipped_rules() -> str:
    """The Storm option with the shipped rules.toml and instruments.toml."""
    return rules_file.load_json(settings.load({}))
