"""The size of the installation: shards, partitions, tasks and workers, from scale.toml.

A process has one scale: that of FINTANK_SCALE or scale.toml, or, in a bolt, that of the Storm option
`fintank.scale`, so that all bolts of a topology agree.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fintank import toml_file
from fintank.settings import PROJECT_ROOT, path_of
from fintank.wire.toml_keys import Key, fields, table, whole

OPTION = "fintank.scale"
PARTITIONS_MAX = 1_000
TASKS_MAX = 1_000
WORKERS_MAX = 1_000
PARTITIONED = ("ticks", "orders", "executions", "fills")
COMPONENTS = (
    "tick-spout",
    "order-spout",
    "execution-spout",
    "fill-spout",
    "tick-deserializer",
    "tick-influxdb-loader",
    "order-deserializer",
    "order-influxdb-loader",
    "component-order-creator",
    "component-order-influxdb-loader",
    "rule-engine",
    "execution-deserializer",
    "execution-influxdb-loader",
    "fill-deserializer",
    "fill-influxdb-loader",
    "reject-writer",
)
"""The components of topologies/order_flow.clj."""
READERS = {f"{topic.removesuffix('s')}-spout": topic for topic in PARTITIONED}
"""The spout of each partitioned topic."""
_FILE = PROJECT_ROOT / "scale.toml"


@dataclass(frozen=True)
class Scale:
    """`partitions` of the topics of the flow; `tasks` by component, where not 1."""

    shards: int = 4
    partitions: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(PARTITIONED, 4))
    tasks: Mapping[str, int] = field(default_factory=lambda: {"rule-engine": 2})
    workers: int = 1

    def to_json(self) -> str:
        """Write it as the Storm option `fintank.scale`."""
        return json.dumps(asdict(self))


_used: list[Scale] = []


def current() -> Scale:
    """Return the scale of this process; FintankError on a wrong file."""
    if not _used:
        _used.append(load())
    return _used[0]


def use(scale: Scale) -> None:
    """Make it the scale of this process."""
    _used[:] = [scale]


def use_option(storm_conf: Mapping[str, Any]) -> None:
    """Use the scale of the topology, if its options have it."""
    if text := storm_conf.get(OPTION):
        use(Scale(**json.loads(text)))


def load(environ: Mapping[str, str] = os.environ) -> Scale:
    """Read the file FINTANK_SCALE, by default scale.toml; FintankError on a wrong one."""
    named = environ.get("FINTANK_SCALE")
    file = path_of("FINTANK_SCALE", named) if named else _FILE
    if not named and not file.exists():
        return Scale()
    content = toml_file.text(file, "FINTANK_SCALE names the file of the scale")
    return parse(toml_file.parsed(content, file.name), file.name)


def parse(content: Mapping[str, Any], name: str) -> Scale:
    """Read the content of scale.toml; what is left out has its default."""

    def counts(key: str, names: Iterable[str], most: int) -> Key:
        return table(key, {one: whole(one, 1, most) for one in names}, f"{name}: [{key}]")

    keys = {
        "shards": whole("shards", 1, PARTITIONS_MAX),
        "partitions": counts("partitions", PARTITIONED, PARTITIONS_MAX),
        "tasks": counts("tasks", COMPONENTS, TASKS_MAX),
        "storm": counts("storm", ("workers",), WORKERS_MAX),
    }
    default, found = Scale(), fields(content, keys, name)
    return Scale(
        found.get("shards", default.shards),
        {**default.partitions, **found.get("partitions", {})},
        found.get("tasks", default.tasks),
        found.get("storm", {}).get("workers", default.workers),
    )


def idle(scale: Scale) -> Iterator[str]:
    """Yield a line for each component with tasks that have nothing to do."""
    useful = {spout: (scale.partitions[topic], f"partitions of {topic}") for spout, topic in READERS.items()}
    useful["rule-engine"] = (scale.shards, "shards")
    for component, (count, what) in useful.items():
        tasks = scale.tasks.get(component, 1)
        if tasks > count:
            yield f"scale.toml: of {tasks:,} tasks of {component} only {count:,} have work, as many as {what}"
