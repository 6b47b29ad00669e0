"""The run of the demo: send everything, and wait until all of it is processed and stored."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafka.admin import KafkaAdminClient

from fintank.adapters import kafka, kafka_topics, rules_file, sinks
from fintank.adapters.consumer_groups import PartitionState, partition_states
from fintank.adapters.sinks import Store
from fintank.adapters.sinks.query import Query
from fintank.demo import evidence, probes, traffic
from fintank.demo.background_run import BackgroundRun
from fintank.demo.probes import Probes
from fintank.demo.summary import DemoResult, Throughput
from fintank.errors import FintankError
from fintank.samples import fake_orders
from fintank.samples.quote_file import Extent, QuoteFile
from fintank.settings import Settings
from fintank.terminal.screen import LiveLine
from fintank.waiting import now_us, wait_until

FIRST_TICK_SECONDS_MAX = 120
STALLED_SECONDS_MAX = 60
POLL_SECONDS = 0.2
PAUSE_FACTOR = 4
"""A pause between polls is this many times as long as a poll, so that polling costs the topology little."""

SENT = ("ticks", "orders")
DECIDED = ("executions", "fills")

Offsets = Mapping[tuple[str, int], int]
"""Offsets by topic and partition."""


@dataclass(frozen=True)
class Plan:
    """What to send: fake ticks, portfolio orders and, if there are files, as many market orders again."""

    ticks: int
    orders: int
    files: Mapping[QuoteFile, Extent]

    @property
    def span_us(self) -> int:
        """How far in the past the first tick may be."""
        lengths_us = (extent.last_us - extent.first_us for extent in self.files.values())
        return max([traffic.FAKE_SPAN_US, *lengths_us])


@dataclass(frozen=True)
class _Stack:
    """What runs meanwhile. since_ns: no tick of this run is earlier."""

    settings: Settings
    topology: BackgroundRun
    admin: KafkaAdminClient
    store: Store
    since_ns: int

    def ends(self, *topics: str) -> dict[tuple[str, int], int]:
        """Return where the topics end now."""
        states = partition_states(self.admin)
        return {(state.topic, state.partition): state.end_offset for state in states if state.topic in topics}

    def stored_ticks(self, **tags: Sequence[str]) -> int:
        """Count the points of bid_ask."""
        query = Query("bid_ask", ("bid",), self.since_ns, tags=tags, function="count")
        return sinks.count(self.store, query)

    def stored_quotes(self) -> int:
        """Count the points of bid_ask that are not probes; those of the moment may be missing."""
        return self.stored_ticks() - self.stored_ticks(symbol=[probes.SYMBOL])

    def wait_for_first(self, probing: Probes) -> None:
        """Wait until the first probe is stored."""
        with LiveLine() as line:

            def is_stored() -> bool:
                self.topology.require_running()
                probing.raise_failed()
                line.show("waiting for the first probe tick to be stored")
                return bool(probing.seconds)

            if not wait_until(is_stored, FIRST_TICK_SECONDS_MAX, every=POLL_SECONDS):
                raise FintankError(
                    f"No tick was stored within {FIRST_TICK_SECONDS_MAX} s: see {self.topology.log}"
                )

    def wait_until_read(self, *topics: str) -> None:
        """Wait until everything that is in the topics now is processed."""
        named = " and ".join(topics)
        self.wait(self.ends(*topics), lambda behind: f"{behind:,} records of {named} unprocessed")

    def wait(self, targets: Offsets, describe: Callable[[int], str]) -> None:
        """Poll until the topology has read up to the targets; FintankError if it stops making progress."""
        least, deadline = None, 0.0
        with LiveLine() as line:
            while True:
                polled = time.monotonic()
                self.topology.require_running()
                behind = unread(partition_states(self.admin), targets)
                line.show(describe(behind))
                if behind == 0:
                    return
                if least is None or behind < least:
                    least, deadline = behind, time.monotonic() + STALLED_SECONDS_MAX
                if time.monotonic() > deadline:
                    topics = " and ".join(dict.fromkeys(topic for topic, _ in targets))
                    raise FintankError(
                        f"{behind:,} records of {topics} are unprocessed, without progress for "
                        f"{STALLED_SECONDS_MAX} s: see `invoke topics` and {self.topology.log}"
                    )
                time.sleep(max(POLL_SECONDS, PAUSE_FACTOR * (time.monotonic() - polled)))

    def timed(self, kind: str, ticks: int, send: Callable[[], None]) -> Throughput:
        """Send ticks and orders and wait until they are read; time the ticks until the sink has them all."""
        before = self.stored_quotes()
        started = time.monotonic()
        send()
        stored_after: float | None = None

        def describe(behind: int) -> str:
            nonlocal stored_after
            stored = self.stored_quotes() - before
            if stored_after is None and stored >= ticks:
                stored_after = time.monotonic() - started
            return f"{stored:,} of {ticks:,} {kind} stored, {behind:,} records unprocessed"

        self.wait(self.ends(*SENT), describe)
        return Throughput(kind, ticks, stored_after or time.monotonic() - started)


def play(settings: Settings, topology: BackgroundRun, plan: Plan) -> DemoResult:
    """Send everything and wait until all of it is read, decided and written."""
    since_ns = (now_us() - plan.span_us) * 1000
    with kafka.connect(settings.kafka) as admin:
        stack = _Stack(settings, topology, admin, sinks.open_store(settings.sink), since_ns)
        with Probes(settings) as probing:
            stack.wait_for_first(probing)
        stack.wait_until_read(*SENT, *DECIDED)  # whatever earlier runs left
        starts = stack.ends(*kafka_topics.topics())
        stored = stack.stored_ticks()
        name = fake_orders.call_name("demo", now_us())
        with Probes(settings) as probing:
            throughputs = list(_send(stack, plan, name))
        stack.wait_until_read(*SENT)
        stack.wait_until_read(*DECIDED)
        positions = {
            topic: {partition: offset for (of, partition), offset in starts.items() if of == topic}
            for topic in kafka_topics.topics()
        }
        return DemoResult(
            name=name,
            throughputs=throughputs,
            ticks_sent=sum(stack.ends("ticks").values()) - sum(positions["ticks"].values()),
            ticks_stored=stack.stored_ticks() - stored,
            messages_sent=plan.orders * (2 if plan.files else 1),
            evidence=evidence.read(settings.kafka, positions, name, rules_file.load(settings)),
            probe_seconds=probing.seconds,
        )


def unread(states: Iterable[PartitionState], targets: Offsets) -> int:
    """Return how many records before the targets the topology has not committed."""
    return sum(
        max(targets[state.topic, state.partition] - (state.end_offset - (state.lag or 0)), 0)
        for state in states
        if (state.topic, state.partition) in targets
    )


def _send(stack: _Stack, plan: Plan, name: str) -> Iterator[Throughput]:
    address, orders = stack.settings.kafka, plan.orders
    print(f"Sending {plan.ticks:,} fake ticks and {orders:,} portfolio orders.")
    yield stack.timed("fake ticks", plan.ticks, lambda: traffic.send_fakes(address, plan.ticks, orders, name))
    if plan.files:
        quotes = sum(extent.quotes for extent in plan.files.values())
        files = ", ".join(file.path.name for file in plan.files)
        print(f"Sending {quotes:,} real quotes and {orders:,} market orders: {files}.")
        yield stack.timed(
            "real quotes",
            quotes,
            lambda: traffic.send_replay(address, plan.files, orders, f"{name}-replay"),
        )
