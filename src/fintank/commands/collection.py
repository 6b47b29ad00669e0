"""All commands in one namespace, in the order of their modules' first use."""

from types import ModuleType

from invoke.collection import Collection
from invoke.tasks import Task

from fintank.commands import (
    dashboard,
    demo,
    doctor,
    orders,
    queue_ticks,
    reconcile,
    replay,
    report,
    services,
    show,
    topics,
    topology,
    trading,
)


def collection() -> Collection:
    """Collect the commands of every module of this package."""
    namespace = Collection()
    namespace.configure({"tasks": {"auto_dash_names": False}})
    namespace.auto_dash_names = False
    for module in _modules():
        for task in vars(module).values():
            if isinstance(task, Task):
                namespace.add_task(task)
    return namespace


def _modules() -> list[ModuleType]:
    return [
        *(demo, dashboard, doctor, services, topology, topics, queue_ticks, replay),
        *(orders, trading, reconcile, report, show),
    ]
