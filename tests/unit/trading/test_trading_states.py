"""Trading states: the latest of each scope, also where their partition begins again."""

from dataclasses import replace

from fintank.trading.messages import State, TradingState
from fintank.trading.trading_states import TradingStates


def halted(offset: int, symbol: str | None = None, account: str | None = None) -> TradingState:
    return TradingState(State.HALTED, 1, offset, f"orders-0-{offset}", symbol, account)


def test_a_state_counts_until_a_later_record_of_its_scope() -> None:
    states = TradingStates()
    state = halted(5, "IVE")
    assert states.put(state)
    assert not states.put(replace(state, state=State.ACTIVE))
    assert not states.put(replace(state, state=State.ACTIVE, offset=4))
    assert states.of_symbol("IVE") is State.HALTED
    assert states.put(replace(state, state=State.ACTIVE, offset=6))
    assert states.of_symbol("IVE") is State.ACTIVE


def test_states_from_before_a_partition_began_again_give_way_to_any_record_after_it() -> None:
    states = TradingStates()
    of_all, of_symbol, of_account = halted(9), halted(5, "IVE"), halted(4, account="A")
    for state in (of_all, of_symbol, of_account):
        states.put(state)
    assert states.begin_again(5) == [replace(of_all, offset=4), replace(of_symbol, offset=4)]
    assert states.begin_again(5) == []
    assert states.of_symbol("IVE") is State.HALTED
    for state in (of_all, of_symbol, of_account):
        assert not states.put(replace(state, offset=4))
        assert states.put(replace(state, offset=5, state=State.ACTIVE))
    assert states.of_symbol("IVE") is State.ACTIVE
