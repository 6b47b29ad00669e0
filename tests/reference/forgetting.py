"""Forgetting: what has been closed for longer than the retention, and symbols of which nothing is left."""

from typing import Any

from reference.books import SHARDS, shard
from reference.messages import Cancel
from reference.steps import Steps


class Forgetting(Steps):
    """Forgets before each message, as if it did so all the time."""

    def forget(self) -> None:
        for key, (closed_us, time_us, number, symbol) in list(self.closings.items()):
            now_us = self.log_us if symbol is None else self.clock(symbol)
            assert now_us is not None
            if now_us - closed_us > self.rules["retention_ms"] * 1000:
                self.forget_closing(key)
                del self.closings[key]
                if symbol is not None:
                    self.forgotten[symbol] = max(self.forgotten[symbol], time_us)
                else:
                    for each in range(SHARDS) if number is None else [number]:
                        self.forgotten_without[each] = max(self.forgotten_without[each], time_us)
        for symbol, market in list(self.markets.items()):
            is_needed = self.open[symbol] or any(of == symbol for *_, of in self.closings.values())
            if market.is_silent(self.log_us) and not is_needed:
                del self.markets[symbol]
                number = shard(symbol)
                lost_us = self.forgotten.pop(symbol, 0)
                self.forgotten_without[number] = max(self.forgotten_without[number], lost_us)

    def forget_closing(self, key: tuple[object, ...]) -> None:
        kind, *names = key
        if kind == "order":
            del self.known[tuple(names)]  # type: ignore[arg-type]
        elif kind == "refused":
            self.refused.remove(tuple(names))
        elif kind == "mass":
            self.mass_cancels.remove(str(names[0]))
        else:
            self.cancels = [cancel for cancel in self.cancels if cancel.input != names[0]]

    def begin(self, symbol: str, time_us: int) -> None:
        """Let a symbol that has no clock begin with what was forgotten, unless its ticks are much older."""
        forgotten_us = self.forgotten_without[shard(symbol)]
        if self.clock(symbol) is None and time_us > forgotten_us - self.rules["retention_ms"] * 1000:
            self.forgotten[symbol] = forgotten_us

    def request_of(self, identity: tuple[Any, ...]) -> Cancel | None:
        """Return the cancel or replace of one order that has this name."""
        found = (
            other
            for other in self.cancels
            if ("cancel", other.account, other.symbol, other.cl_ord_id) == identity and other.list_id is None
        )
        return next(found, None)

    def is_taken(self, identity: tuple[Any, ...]) -> bool:
        """Whether a cancel or replace of this name is remembered, if only one that was a duplicate."""
        return self.request_of(identity) is not None or any(of == identity for of, _ in self.refused)
