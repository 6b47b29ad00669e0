"""What belongs to one order, through all the ids that replaces gave it.

A replace that was refused links nothing: its id may be another order's.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from fintank.order_history.life import Message, Reported, Sent, orders_of
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, ExecType, Identity, Order, PortfolioOrder
from fintank.trading.reports import ExecutionReport
from fintank.trading.requests import Replace
from fintank.wire.kafka.rejects import Reject

Links = Mapping[Identity, Identity]
"""What replaces made of orders: the identity that an order got -> the one that it had."""


class Chain(NamedTuple):
    """What was sent and reported about the orders that came with the id first_id."""

    first_id: str
    sent: Sequence[Sent]
    reports: Sequence[Reported]


def chains(
    order_id: str, sent: Sequence[Sent], reports: Sequence[Reported], limits: Limits
) -> Iterator[Chain]:
    """Yield a chain of the orders that came with an id, and one of each order that got it by a replace.

    sent, reports: all that has to do with the id, or with one that replaces link to it.
    """
    links = _links(sent, reports)
    replaced = [_first(identity, links).cl_ord_id for identity in links if identity.cl_ord_id == order_id]
    own = [order_id] if not replaced or _has_own(order_id, sent, reports, links, limits) else []
    for first_id in dict.fromkeys([*own, *replaced]):
        orders = [order for _, message in sent for order in _orders(first_id, message, limits)]
        identities = _all_of({order.identity for order in orders}, links)
        kept = [each for each in sent if _belongs(each[1], first_id, identities, limits)]
        yield Chain(first_id, kept, [each for each in reports if _answers(each, kept, identities)])


def is_named(order_id: str, message: Message, limits: Limits) -> bool:
    """Whether a message is about an order with this id, or about a component of a portfolio order with it."""
    if isinstance(message, Reject):
        return quoted(order_id) in message.payload.encode()
    if isinstance(message, Replace):
        named = message.orig_cl_ord_id
        return order_id in (named, message.cl_ord_id) or named.startswith(f"{order_id}-")
    if isinstance(message, Cancel):
        named = message.list_id or message.orig_cl_ord_id or ""
        return named == order_id or named.startswith(f"{order_id}-") or order_id.startswith(f"{named}-")
    if isinstance(message, PortfolioOrder) and message.order_id == order_id:
        return True  # it may have no component: all CASH
    return bool(orders_of(order_id, message, limits))


def quoted(text: str) -> bytes:
    """Write a text as it usually stands in a record."""
    return json.dumps(text, ensure_ascii=False).encode(errors="backslashreplace")


def _links(sent: Sequence[Sent], reports: Sequence[Reported]) -> Links:
    """Return what replaces did, and what those without an answer may still do."""
    done = {report.identity for _, report in reports if report.exec_type == ExecType.REPLACED}
    refused = {report.input for _, report in reports if not isinstance(report, ExecutionReport)}
    replaces = [message for _, message in sent if isinstance(message, Replace)]
    contents = {message.content_hash for message in replaces if message.input in refused}
    return {
        message.identity: message.order_identity
        for message in reversed(replaces)
        if message.input not in refused and (message.identity in done or message.content_hash not in contents)
    }


def _first(identity: Identity, links: Links) -> Identity:
    """Return the identity that an order had when it came."""
    seen = {identity}
    while (before := links.get(identity)) is not None and before not in seen:
        identity = before
        seen.add(before)
    return identity


def _has_own(
    order_id: str, sent: Sequence[Sent], reports: Sequence[Reported], links: Links, limits: Limits
) -> bool:
    """Whether an order came with an id that a replace gave to another one."""
    accepted = {report.identity for _, report in reports if report.exec_type == ExecType.NEW}
    return any(
        order.identity not in links or order.identity in accepted
        for _, message in sent
        for order in _orders(order_id, message, limits)
    )


def _all_of(identities: Collection[Identity], links: Links) -> set[Identity]:
    """Return identities, and all that replaces made of them."""
    found = set(identities)
    return found | {identity for identity in links if _first(identity, links) in found}


def _orders(order_id: str, message: Message, limits: Limits) -> list[Order]:
    if not isinstance(message, Order | PortfolioOrder):
        return []
    return orders_of(order_id, message, limits)


def _belongs(message: Message, first_id: str, identities: Collection[Identity], limits: Limits) -> bool:
    if is_named(first_id, message, limits):
        return True
    if isinstance(message, Reject):
        return any(is_named(identity.cl_ord_id, message, limits) for identity in identities)
    if isinstance(message, Replace):
        return message.identity in identities or message.order_identity in identities
    if isinstance(message, Cancel):
        return message.symbol is not None and message.order_identity in identities
    return isinstance(message, Order) and message.identity in identities


def _answers(reported: Reported, kept: Sequence[Sent], identities: Collection[Identity]) -> bool:
    """Whether a report is of an order of a chain, or answers one of its requests."""
    report = reported[1]
    if isinstance(report, ExecutionReport):
        return report.identity in identities
    requests = (message for _, message in kept if isinstance(message, Cancel | Replace))
    return any(message.input == report.input for message in requests)
