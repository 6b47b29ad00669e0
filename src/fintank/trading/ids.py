"""Ids that any replay makes again: pure functions of what they identify."""

from uuid import NAMESPACE_DNS, uuid5

from fintank.trading.messages import Identity

_EXECUTIONS = uuid5(NAMESPACE_DNS, "executions.fintank")
_ORDERS = uuid5(NAMESPACE_DNS, "orders.fintank")


def join(*parts: str) -> str:
    """Join texts without ambiguity, each as length:text, as in `3:IVE,6:NASDAQ`."""
    return ",".join(f"{len(part)}:{part}" for part in parts)


def split(text: str) -> tuple[str, ...]:
    """Return the texts that `join` joined; ValueError for any other text."""
    parts: list[str] = []
    rest = text
    while rest:
        length, _, rest = rest.partition(":")
        if not length.isdecimal():
            break
        parts.append(rest[: int(length)])
        rest = rest[int(length) + 1 :]
    if join(*parts) != text:
        raise ValueError(f"{text!r} is not a list of length:text")
    return tuple(parts)


def exec_id(identity: Identity, exec_type: str, content_hash: str, number: int = 0) -> str:
    """Return the id of one report.

    content_hash is that of the order or cancel: an identity may be used again after the retention.
    number counts an order's trades from 1; it is 0 for other reports, of which an order has one each.
    """
    return str(uuid5(_EXECUTIONS, join(*identity, exec_type, str(number), content_hash)))


def order_id(identity: Identity, content_hash: str) -> str:
    """Return FIX's OrderID of an order, from its first message; it stays when the order is replaced."""
    return str(uuid5(_ORDERS, join(*identity, content_hash)))
