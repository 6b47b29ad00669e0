"""Names that any replay gives again: pure functions of what they name."""

from uuid import NAMESPACE_DNS, uuid5

from fintank.trading.messages import Identity

_NAMESPACE = uuid5(NAMESPACE_DNS, "executions.fintank")


def join(*parts: str) -> str:
    """Join texts so that different parts never give the same text: `3:IVE,6:NASDAQ`."""
    return ",".join(f"{len(part)}:{part}" for part in parts)


def exec_id(identity: Identity, exec_type: str, number: int = 0, content_hash: str = "") -> str:
    """Return the id of one report of one order or cancel.

    number counts the order's trades from 1 and is 0 for other reports, which an order has once each;
    content_hash is given for the refusal of a cancel, or of a message that took a known order's identity.
    """
    return str(uuid5(_NAMESPACE, join(*identity, exec_type, str(number), content_hash)))
