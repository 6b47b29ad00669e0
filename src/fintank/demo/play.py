"""What the demo does while everything runs: send, and wait until all that was sent is read and written."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from kafka.admin import KafkaAdminClient

from fintank.adapters import kafka, rules_file
from fintank.adapters.influxdb import InfluxDB
from fintank.adapters.kafka_groups import PartitionState, partition_states
from fintank.demo import evidence
from fintank.demo.sending import FAKE_SPAN_US, PROBE_SYMBOL, Probes, now_us, send_fakes, send_replay
from fintank.demo.summary import Flow, Outcome
from fintank.errors import FintankError
from fintank.samples import fake_orders
from fintank.samples.quote_file import Extent, QuoteFile
from fintank.settings import Settings
from fintank.storm.background_run import BackgroundRun
from fintank.terminal.screen import LiveLine
from fintank.trading.limits import Limits
from fintank.waiting import wait_until

FIRST_TICK_SECONDS_MAX = 120
STALLED_SECONDS_MAX = 60
POLL_SECONDS = 0.2
LOOK_TIMES = 4
"""So many times as long as a look takes is waited until the next one."""

SENT = ("ticks", "orders")
DECIDED = ("executions", "fills")


@dataclass(frozen=True)
class Plan:
    """What to send: fake ticks, portfolio orders, and, if there are files, as many market orders again."""

    ticks: int
    orders: int
    files: Mapping[QuoteFile, Extent]


@dataclass(frozen=True)
class World:
    """What runs meanwhile. since_ns: no tick of this run has an earlier time."""

    where: Settings
    run: BackgroundRun
    admin: KafkaAdminClient
    influx: InfluxDB
    since_ns: int
    limits: Limits


def play(where: Settings, run: BackgroundRun, plan: Plan) -> Outcome:
    """Send everything and wait until all of it is read, decided and written."""
    since_ns = (now_us() - span_us(plan)) * 1000
    with kafka.connect(where.kafka) as admin:
        world = World(where, run, admin, InfluxDB(where.influx), since_ns, rules_file.load(where))
        with Probes(where) as probes:
            _wait_for_first(world, probes)
        # What others have left unread is not of this run.
        _wait_until_read(world, SENT + DECIDED, "before the start")
        positions = {topic: _ends(partition_states(admin), topic) for topic in kafka.TOPICS}
        stored = _stored(world)
        name = fake_orders.call_name("demo", now_us())
        with Probes(where) as probes:
            flows = list(_flows(world, plan, name))
        _wait_until_read(world, SENT, "at the end")
        _wait_until_read(world, DECIDED, "at the end")
        ends = _ends(partition_states(admin), "ticks")
        return Outcome(
            name=name,
            flows=flows,
            ticks_sent=sum(ends.values()) - sum(positions["ticks"].values()),
            ticks_stored=_stored(world) - stored,
            messages_sent=plan.orders * (2 if plan.files else 1),
            evidence=evidence.read(where.kafka, positions, name, world.limits),
            probe_seconds=probes.seconds,
        )


def span_us(plan: Plan) -> int:
    """Return how far before now the first tick may be, in microseconds."""
    return max([FAKE_SPAN_US, *(extent.last_us - extent.first_us for extent in plan.files.values())])


def unread(states: Iterable[PartitionState], targets: Mapping[tuple[str, int], int]) -> int:
    """Return how many records before the targets, by topic and partition, the topology has not committed."""
    return sum(
        max(targets[state.topic, state.partition] - (state.end_offset - (state.lag or 0)), 0)
        for state in states
        if (state.topic, state.partition) in targets
    )


def _flows(world: World, plan: Plan, name: str) -> Iterator[Flow]:
    address, orders = world.where.kafka, plan.orders
    print(f"Sending {plan.ticks:,} fake ticks and {orders:,} portfolio orders.")
    yield _flow(world, "fake ticks", plan.ticks, lambda: send_fakes(address, plan.ticks, orders, name))
    if plan.files:
        quotes = sum(extent.quotes for extent in plan.files.values())
        files = ", ".join(file.path.name for file in plan.files)
        print(f"Sending {quotes:,} real quotes and {orders:,} market orders: {files}.")
        replay_name = f"{name}-replay"
        yield _flow(
            world, "real quotes", quotes, lambda: send_replay(address, plan.files, orders, replay_name)
        )


def _flow(world: World, kind: str, ticks: int, send: Callable[[], None]) -> Flow:
    """Send ticks and orders and wait until they are read; time the ticks until all are seen in InfluxDB."""
    not_probes = f"symbol != '{PROBE_SYMBOL}'"
    before = _stored(world, not_probes)
    started = time.monotonic()
    send()
    targets = _targets(world, SENT)
    stored_after: float | None = None

    def is_done(line: LiveLine, behind: int) -> bool:
        nonlocal stored_after
        stored = _stored(world, not_probes) - before
        if stored_after is None and stored >= ticks:
            stored_after = time.monotonic() - started
        line.show(f"{stored:,} of {ticks:,} {kind} are stored, {behind:,} records to be acknowledged")
        return behind == 0

    _wait(world, targets, is_done)
    return Flow(kind, ticks, stored_after or time.monotonic() - started)


def _wait_until_read(world: World, topics: tuple[str, ...], when: str) -> None:
    def is_done(line: LiveLine, behind: int) -> bool:
        line.show(f"{behind:,} records to be read {when}")
        return behind == 0

    _wait(world, _targets(world, topics), is_done)


def _wait(
    world: World, targets: Mapping[tuple[str, int], int], is_done: Callable[[LiveLine, int], bool]
) -> None:
    """Poll until it is done, as long as the topology goes on reading towards the targets."""
    least, deadline = None, 0.0
    with LiveLine() as line:
        while True:
            looked = time.monotonic()
            world.run.require_running()
            behind = unread(partition_states(world.admin), targets)
            if is_done(line, behind):
                return
            if least is None or behind < least:
                least, deadline = behind, time.monotonic() + STALLED_SECONDS_MAX
            if time.monotonic() > deadline:
                topics = " and ".join(dict.fromkeys(topic for topic, _ in targets))
                raise FintankError(
                    f"{behind:,} records of {topics} are not read, and for {STALLED_SECONDS_MAX} s none was: "
                    f"see `invoke topics` and {world.run.log}"
                )
            # To look must not take the machine from what is looked at.
            time.sleep(max(POLL_SECONDS, LOOK_TIMES * (time.monotonic() - looked)))


def _wait_for_first(world: World, probes: Probes) -> None:
    with LiveLine() as line:

        def is_stored() -> bool:
            world.run.require_running()
            probes.raise_failed()
            line.show("waiting for the first probe tick to be stored")
            return bool(probes.seconds)

        if not wait_until(is_stored, FIRST_TICK_SECONDS_MAX, every=POLL_SECONDS):
            raise FintankError(
                f"No tick came into InfluxDB within {FIRST_TICK_SECONDS_MAX} s: see {world.run.log}"
            )


def _stored(world: World, also: str = "") -> int:
    conditions = " AND ".join(filter(None, [f"time >= {world.since_ns}", also]))
    return world.influx.count("bid", "bid_ask", conditions)


def _ends(states: Iterable[PartitionState], topic: str) -> dict[int, int]:
    return {state.partition: state.end_offset for state in states if state.topic == topic}


def _targets(world: World, topics: tuple[str, ...]) -> dict[tuple[str, int], int]:
    """Return where the topics end now."""
    return {
        (state.topic, state.partition): state.end_offset
        for state in partition_states(world.admin)
        if state.topic in topics
    }
