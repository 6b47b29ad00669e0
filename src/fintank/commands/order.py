"""invoke order: the whole life of an order."""

from fintank.adapters import rules_file
from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history import search
from fintank.order_history.life import timeline
from fintank.samples.produce import make_topics
from fintank.settings import Settings


@command(positional=["id"], help={"id": "the order_id of a portfolio order, or a cl_ord_id"})
def order(settings: Settings, id: str) -> None:  # noqa: A002 - the name that `invoke --help order` shows
    """Show the whole life of an order.

    Example: invoke order portfolio-20260102-030405-000006-1
    """
    limits = rules_file.load(settings)
    make_topics(settings.kafka)
    lives = search.find(settings.kafka, id, limits)
    if not lives:
        raise FintankError(
            f"No order {id!r} in the topic 'orders' of Kafka ({settings.kafka}), which keeps 30 days: "
            "`invoke show orders` has the latest ids, and warns if an open transaction hides some"
        )
    for number, life in enumerate(lives):
        if number:
            print()
        for line in timeline(life):
            print(line)
