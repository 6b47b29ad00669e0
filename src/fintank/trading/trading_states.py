"""The trading states in force: of everything, of single symbols and of single accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fintank.trading.messages import State, TradingState

_ORDER = list(State)


def most_restrictive(states: Iterable[State]) -> State:
    """Return the state that allows the least."""
    return max(states, key=_ORDER.index, default=State.ACTIVE)


class TradingStates:
    """The latest message of each scope. For an order the most restrictive of its three states counts."""

    def __init__(self) -> None:
        self._in_force: dict[tuple[str | None, str | None], TradingState] = {}
        self.of_accounts: Mapping[str, State] = {}
        """The accounts whose own state is not ACTIVE."""

    def put(self, message: TradingState) -> bool:
        """Put a state into force; False if the one in force of its scope is as new."""
        scope = (message.symbol, message.account)
        before = self._in_force.get(scope)
        if before is not None and message.offset <= before.offset:
            return False
        self._in_force[scope] = message
        if message.account is not None:
            found = {**self.of_accounts, message.account: message.state}
            self.of_accounts = {name: state for name, state in found.items() if state is not State.ACTIVE}
        return True

    def begin_again(self, offset: int) -> list[TradingState]:
        """Take in that their partition continues at an earlier offset; return the states that change."""
        changed = [
            replace(message, offset=offset - 1)
            for message in self._in_force.values()
            if message.offset >= offset
        ]
        self._in_force |= {(message.symbol, message.account): message for message in changed}
        return changed

    def of_symbol(self, symbol: str) -> State:
        """Return the state of a symbol for accounts that have none of their own."""
        found = (self._in_force.get(scope) for scope in ((None, None), (symbol, None)))
        return most_restrictive(message.state for message in found if message is not None)
