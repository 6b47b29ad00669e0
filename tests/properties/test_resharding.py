"""Shards that are divided among other shards go on as if they had decided from the start."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from json import dumps
from random import Random
from typing import Any

import factories
import pytest
from support.audited_shard import (
    ORDERS,
    START_MS,
    DecidingShard,
    Logs,
    booked_fills,
    decided_again,
    rules,
)

from fintank.adapters.kafka_topics import partition_for
from fintank.audit.differences import AuditFindings
from fintank.audit.known_symbols import KnownSymbols
from fintank.trading.changes import Change, Entry, SymbolReference, id_of
from fintank.trading.log_positions import LogPosition, Positions, Reached
from fintank.trading.messages import Order, PortfolioOrder, State, TradingState
from fintank.trading.partition_log import Partition, Range
from fintank.trading.recovery import Recovery
from fintank.trading.resharding import Division, let_time_pass, meeting_point
from fintank.trading.timeline import Resharded
from fintank.trading.working_order import WorkingOrder
from fintank.wire import rules_toml

NAMES = ["IVE", "VTI", "IWS", "A", "B", "C", "D", "E"]
LIMITS = rules_toml.from_json(dumps(rules()), "test")


class ManyLogs(Logs):
    """Records of many symbols; some orders belong to a list, some cancels and states are for all shards."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, symbols=NAMES)
        random = Random(seed)
        found = self.records[ORDERS]
        for number, (append_ms, message) in enumerate(found):
            time_us, name = append_ms * 1000, f"m-{number}"
            given: dict[str, Any] = {"content_hash": name, "order_time_us": time_us}
            kind = random.random()
            if kind < 0.3 and isinstance(message, Order):
                found[number] = append_ms, replace(message, list_id=f"list-{number // 8}")
            elif kind < 0.34:
                made = factories.cancel(list_id=f"list-{number // 8}", cl_ord_id=name, **given)
                found[number] = append_ms, made
            elif kind < 0.36:
                found[number] = append_ms, factories.mass_cancel(account="acc", cl_ord_id=name, **given)
            elif kind < 0.40:
                state = random.choice([State.ACTIVE, State.ACTIVE, State.SELL_ONLY])
                found[number] = append_ms, TradingState(state, time_us, number, f"orders-0-{number}")

    def first_asked_ms(self, now_ms: int) -> int:
        """Return the time: the clock is right."""
        return max(now_ms, START_MS)

    def stop(self, partition: Partition, until: float) -> int:
        """Return how many records came in a part of the time: of all partitions up to the same time."""
        times_ms = sorted(append_ms for found in self.records.values() for append_ms, _ in found)
        stop_ms = times_ms[int(len(times_ms) * until) - 1]
        return sum(append_ms <= stop_ms for append_ms, _ in self.records[partition])


class OfOneShard:
    """The logs as one shard gets them."""

    def __init__(self, logs: Logs, number: int, shards: int) -> None:
        self.records, self.ends, self.stop = logs.records, logs.ends, logs.stop
        self.first_asked_ms = logs.first_asked_ms
        self._logs, self._number, self._shards = logs, number, shards

    def range(self, partition: Partition, first: int, end: int) -> Range[Any]:
        found = self._logs.range(partition, first, end)
        pairs = [pair for pair in zip(found.offsets, found.records, strict=True) if self._is_mine(pair[1])]
        return replace(found, offsets=[offset for offset, _ in pairs], records=[each for _, each in pairs])

    def _is_mine(self, message: Any) -> bool:
        if isinstance(message, TradingState | PortfolioOrder) or message.symbol is None:
            return True
        return partition_for(message.symbol, self._shards) == self._number


def shards_of(logs: Logs, count: int) -> list[DecidingShard]:
    return [DecidingShard(OfOneShard(logs, number, count)) for number in range(count)]  # type: ignore[arg-type]


def divide(
    entries: dict[int, list[Entry]],
    remembered: Iterable[tuple[Reached, Iterable[Entry]]],
    point: Positions,
    count: int,
) -> None:
    """Divide what shards remember among others."""
    division = Division(count, lambda symbol: partition_for(symbol, count))
    for reached, found in remembered:
        for number, entry in division.take(found, reached):
            entries[number].append(entry)
    for number in range(count):
        entries[number] += division.shared(point)


def resharded(logs: Logs, old: Sequence[DecidingShard], count: int) -> list[DecidingShard]:
    """Do what `invoke reshard` does."""
    point = meeting_point([shard.decided for shard in old])
    assert point is not None
    remembered = []
    for shard in old:
        recovery = Recovery()
        for entry in shard.log.entries():
            recovery.take(entry)
        effects, reached = let_time_pass(recovery, LIMITS, point.reached.us)
        shard.log.commit(effects.reports, effects.fills, effects.journal)
        remembered.append((reached, recovery.entries()))
    entries: dict[int, list[Entry]] = defaultdict(list)
    divide(entries, remembered, point, count)
    offsets = {place: at.next or 0 for place, at in point.partitions.items()}
    new = shards_of(logs, count)
    for number, shard in enumerate(new):
        shard.log.commit((), (), entries[number], [Resharded(offsets, point.now_ms, {})])
    return new


def told(shards: Sequence[DecidingShard]) -> dict[str, list[object]]:
    """All reports and fills, by symbol, in order."""
    found: dict[str, list[object]] = defaultdict(list)
    for shard in shards:
        for report in shard.log.reports:
            found[f"reports of {report.symbol}"].append(report)
        for fill in shard.log.fills:
            found[f"fills of {fill.symbol}"].append(fill)
    return found


def state(shard: DecidingShard) -> dict[object, object]:
    """What a shard remembers; the orders of each symbol are numbered anew."""
    found: dict[object, object] = {}
    seqs: dict[str, int] = defaultdict(int)
    for entry in sorted(shard.log.entries(), key=_arrival):
        plain: Change = entry
        if isinstance(entry, WorkingOrder):
            seqs[entry.order.symbol] += 1
            plain = replace(entry, arrival_seq=seqs[entry.order.symbol])
        elif isinstance(entry, Positions):
            places = {place: LogPosition(at.next, 0) for place, at in entry.partitions.items()}
            plain = Positions(0, entry.topic_ids, places, Reached(0, None))
        # What a reference price is at a time is judged when it is asked for.
        if not isinstance(entry, SymbolReference):
            found[id_of(entry)] = plain
    return found


def _arrival(entry: Entry) -> int:
    return entry.arrival_seq if isinstance(entry, WorkingOrder) else 0


@pytest.mark.parametrize("seed", range(12))
def test_shards_that_were_divided_decide_as_those_that_were_so_many_from_the_start(seed: int) -> None:
    logs = ManyLogs(seed)
    counts = Random(seed).choice([(4, 16, 3), (1, 2, 1), (3, 5, 7), (16, 4, 1), (2, 1, 4)])
    always = shards_of(logs, counts[-1])
    lives = [shards_of(logs, counts[0])]
    for part, count in zip((0.4, 0.7, 1), counts, strict=True):
        if part > 0.4:
            lives.append(resharded(logs, lives[-1], count))
        for shard in (*lives[-1], *always):
            shard.live(part)
    assert len(always[0].log.entries()) > 10
    for name, found in told(always).items():
        assert [message for shards in lives for message in told(shards)[name]] == found
    assert list(map(state, lives[-1])) == list(map(state, always))


@pytest.mark.parametrize("seed", range(6))
def test_the_audit_decides_one_generation_after_the_other(seed: int) -> None:
    logs = ManyLogs(seed)
    counts = (4, 16, 3)
    lives = [shards_of(logs, counts[0])]
    for part, count in zip((0.4, 0.7, 1), counts, strict=True):
        if part > 0.4:
            lives.append(resharded(logs, lives[-1], count))
        for shard in lives[-1]:
            shard.live(part)
    findings = AuditFindings()
    written = [shard.log for shards in lives for shard in shards]
    booked = booked_fills(findings, [fill for log in written for fill in log.fills])
    entries: dict[int, list[Entry]] = defaultdict(list)
    for shards, after in zip_longest(lives, lives[1:]):
        point = meeting_point([shard.decided for shard in shards])
        assert point is not None
        audits = [
            decided_again(
                *(OfOneShard(logs, number, len(shards)), shard.log),  # type: ignore[arg-type]
                *(point if after else shard.decided, booked),
                known=KnownSymbols(None),
                number=number,
                shards=len(shards),
                entries=entries[number],
                keeps_state=after is not None,
            )
            for number, shard in enumerate(shards)
        ]
        entries = defaultdict(list)
        if after:
            divide(entries, [(audit.remembered(), audit.entries()) for audit in audits], point, len(after))
    booked.finish(0, dict.fromkeys(range(4), 0))
    assert findings.differences == 0, findings.named[:3]
    assert findings.reports == sum(len(log.reports) for log in written) > 150


def test_a_shard_that_is_behind_is_seen() -> None:
    logs = ManyLogs(1)
    shards = shards_of(logs, 2)
    shards[0].live(0.5)
    shards[1].live(0.4)
    assert meeting_point([shard.decided for shard in shards]) is None
