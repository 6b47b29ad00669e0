"""What the rules of a single order see, by default nothing that breaks one."""

from dataclasses import replace
from typing import Any

from fintank.trading.depth import Depth
from fintank.trading.limits import Limits
from fintank.trading.messages import CodedReason, State
from fintank.trading.rules import RuleContext

CONTEXT = RuleContext(Limits(), now_us=None, state=State.ACTIVE, open_orders=0, market=Depth())


def with_limits(**limits: Any) -> RuleContext:
    return replace(CONTEXT, limits=Limits(**limits))


def text(reason: CodedReason | None) -> str | None:
    return None if reason is None else reason.text
