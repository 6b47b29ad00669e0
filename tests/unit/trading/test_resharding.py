"""What shards remember, divided among another number of shards."""

from dataclasses import replace
from decimal import Decimal

from factories import SECOND, START, cancel, mass_cancel, order, quote
from support.report_lines import report_lines

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import ClosedOrder, Entry, HeldQuote, RejectedDuplicate, SymbolClock
from fintank.trading.clock import ClockState
from fintank.trading.depth import Sizes
from fintank.trading.limits import Limits
from fintank.trading.log_positions import NOTHING_REACHED, LogPosition, Positions, Reached
from fintank.trading.messages import OrdStatus, State, TradingState
from fintank.trading.partition_log import Partition
from fintank.trading.recovery import Recovery
from fintank.trading.resharding import Division, let_time_pass, meeting_point
from fintank.trading.shard import Shard
from fintank.trading.working_order import Closing, WorkingOrder

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)
TOPIC_IDS = {"ticks": "a", "orders": "b"}
SHARDS = {"IVE": 0, "VTI": 1, "IWS": 1}
UNTAKEN = Sizes(Decimal(0), Decimal(0))


def standing(now_ms: int, reached_us: int, ticks: int = 10, left_ids: tuple[str, ...] = ()) -> Positions:
    """Positions of a shard that has decided no order yet."""
    places = {TICKS: LogPosition(ticks, now_ms), ORDERS: LogPosition(None, 0)}
    return Positions(now_ms, TOPIC_IDS, places, Reached(reached_us, "IVE", 7), left_ids)


def working(cl_ord_id: str, symbol: str, arrival_seq: int) -> WorkingOrder:
    made = order("1", cl_ord_id=cl_ord_id, symbol=symbol)
    return WorkingOrder(made, arrival_seq, START, None, is_checked=True)


def remembered(closed_us: int, name: str = "m-1") -> RememberedCancel:
    made = mass_cancel(account="acc", cl_ord_id=name, order_time_us=0)
    return RememberedCancel.of(made, Closing(closed_us, by_log=True), is_refused=True)


def divided(*shards: list[Entry]) -> tuple[list[tuple[int, Entry]], list[Entry]]:
    """Divide what shards remember between two others: what goes to one of them, and what to both."""
    division = Division(2, SHARDS.__getitem__)
    found = [each for entries in shards for each in division.take(entries, NOTHING_REACHED)]
    return found, division.shared(Positions())


def test_shards_meet_at_the_latest_of_their_times_in_whole_milliseconds() -> None:
    point = meeting_point([standing(8_000, 8_000_000, left_ids=("x", "y")), standing(7_000, 9_000_001)])
    reached = Reached(9_001_000, None)
    assert point == Positions(9_001, TOPIC_IDS, {TICKS: LogPosition(10, 0)}, reached, ("x", "y"))
    assert meeting_point([standing(8_000, 7_000_000)]) == replace(
        point, now_ms=8_000, reached=Reached(8_000_000, None), left_ids=()
    )


def test_shards_at_different_offsets_or_in_different_topics_do_not_meet() -> None:
    here = standing(8_000, 8_000_000)
    assert meeting_point([here, standing(8_000, 8_000_000, ticks=11)]) is None
    assert meeting_point([standing(8_000, 8_000_000, ticks=11), here]) is None
    assert meeting_point([here, replace(here, topic_ids={"ticks": "a", "orders": "c"})]) is None


def test_what_time_alone_causes_is_written_and_remembered() -> None:
    shard, recovery = Shard(Limits()), Recovery()
    shard.on_quote(quote(), START)
    accepted = shard.on_order(order("1", price="90", tif="GTD", ends=5), START)
    for change in accepted.journal:
        recovery.take(change)
    effects, reached = let_time_pass(recovery, Limits(), START + 9 * SECOND)
    assert report_lines(effects) == ["o-1 EXPIRED EXPIRED"]
    assert reached == Reached(START + 5 * SECOND, "IVE")
    (closed,) = (entry for entry in recovery.entries() if isinstance(entry, ClosedOrder))
    assert (closed.ord_status, closed.closed_us) == (OrdStatus.EXPIRED, START + 5 * SECOND)
    assert let_time_pass(recovery, Limits(), START + 9 * SECOND)[0].reports == ()


def test_what_belongs_to_a_symbol_goes_to_its_shard() -> None:
    identity = order("1", symbol="VTI").identity
    entries: list[Entry] = [
        HeldQuote(quote(symbol="VTI"), UNTAKEN),
        HeldQuote(quote(), UNTAKEN),
        SymbolClock("VTI", ClockState(START, START), 0),
        ClosedOrder(START, START, identity, "hash-1", OrdStatus.FILLED, by_log=False),
        RejectedDuplicate(START, START, identity, "hash-2", by_log=False),
        RememberedCancel.of(cancel("o-1", symbol="VTI"), Closing(START, by_log=False)),
    ]
    found, shared = divided([*entries, standing(0, 0)])
    assert found == list(zip((1, 0, 1, 1, 1, 1), entries, strict=True))
    assert shared == []


def test_open_orders_keep_their_order_and_those_of_a_shard_with_a_lower_number_come_first() -> None:
    first: list[Entry] = [working("o-2", "VTI", 8), working("o-3", "IVE", 9), working("o-1", "VTI", 5)]
    second: list[Entry] = [working("o-4", "IWS", 3)]
    found, shared = divided(first, second)
    assert shared == []
    assert found == [
        (1, working("o-1", "VTI", 0)),
        (1, working("o-2", "VTI", 1)),
        (0, working("o-3", "IVE", 0)),
        (1, working("o-4", "IWS", 2)),
    ]


def test_what_every_shard_decided_goes_to_every_shard_the_latest_of_each() -> None:
    state = TradingState(State.HALTED, START, 5, "orders-0-5")
    of_symbol = TradingState(State.HALTED, START, 6, "orders-0-6", symbol="VTI")
    later = replace(state, state=State.ACTIVE, offset=7, input="orders-0-7")
    of_list = RememberedCancel.of(cancel(list_id="p"), Closing(START, by_log=True))
    found, shared = divided(
        [state, of_symbol, remembered(START), remembered(START + 3, "m-2"), of_list],
        [later, remembered(START + 1), remembered(START + 2, "m-2"), of_list],
        [state],
    )
    assert found == []
    assert shared == [later, of_symbol, remembered(START + 1), remembered(START + 3, "m-2"), of_list]


def test_every_shard_begins_where_all_stood_and_has_forgotten_as_much_as_any() -> None:
    division = Division(2, SHARDS.__getitem__)
    for forgotten_us in (4, 6, 5):
        assert list(division.take([], Reached(START, None, forgotten_us))) == []
    point = meeting_point([standing(8_000, 8_000_000)])
    assert point is not None
    assert division.shared(point) == [replace(point, reached=Reached(8_000_000, None, 6))]
