"""The size of the installation: shards, partitions, tasks and workers, from scale.toml.

A process has one scale: that of FINTANK_SCALE or scale.toml, or, in a bolt, that of the Storm option
`fintank.scale`, so that all bolts of a topology agree.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fintank import toml_file
from fintank.errors import FintankError
from fintank.output import printable
from fintank.settings import PROJECT_ROOT, path_of

OPTION = "fintank.scale"
PARTITIONS_MAX = 1_000
TASKS_MAX = 1_000
WORKERS_MAX = 1_000
SHOWN_CHARS_MAX = 200
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
    default = Scale()
    _require_known(content, ("shards", "partitions", "tasks", "storm"), name)
    partitions = _table(content, "partitions", PARTITIONED, name, PARTITIONS_MAX)
    tasks = _table(content, "tasks", COMPONENTS, name, TASKS_MAX)
    storm = _table(content, "storm", ("workers",), name, WORKERS_MAX)
    return Scale(
        _count(content.get("shards", default.shards), "shards", name, PARTITIONS_MAX),
        {**default.partitions, **partitions},
        tasks if "tasks" in content else default.tasks,
        storm.get("workers", default.workers),
    )


def idle(scale: Scale) -> Iterator[str]:
    """Yield a line for each component with tasks that have nothing to do."""
    useful = {spout: (scale.partitions[topic], f"partitions of {topic}") for spout, topic in READERS.items()}
    useful["rule-engine"] = (scale.shards, "shards")
    for component, (count, what) in useful.items():
        tasks = scale.tasks.get(component, 1)
        if tasks > count:
            yield f"scale.toml: of {tasks:,} tasks of {component} only {count:,} have work, as many as {what}"


def _table(
    content: Mapping[str, Any], key: str, known: tuple[str, ...], name: str, most: int
) -> dict[str, int]:
    found = content.get(key, {})
    if not isinstance(found, dict):
        raise FintankError(f"{name}: {key} must be a table, as in [{key}]")
    _require_known(found, known, f"{name}: [{key}]")
    return {one: _count(value, f"[{key}] {one}", name, most) for one, value in found.items()}


def _require_known(content: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(content.keys() - {*known})
    if unknown:
        name = printable(repr(unknown[0]), SHOWN_CHARS_MAX)
        raise FintankError(f"{where} has no {name}: it can have {', '.join(known)}")


def _count(value: object, key: str, name: str, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        found = printable(repr(value), SHOWN_CHARS_MAX)
        raise FintankError(f"{name}: {key} = {found} must be a whole number from 1 to {most:,}")
    return value
