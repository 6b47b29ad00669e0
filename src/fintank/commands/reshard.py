"""invoke reshard: divide open orders, quotes and all that the shards remember among more or fewer shards."""

from fintank.commands import command
from fintank.errors import FintankError
from fintank.resharding import reshard as resharding
from fintank.scale import PARTITIONS_MAX
from fintank.settings import Settings
from fintank.terminal.optional_id import TaskWithOptionalId
from fintank.terminal.options import whole_number


@command(
    positional=["shards"],
    klass=TaskWithOptionalId,
    help={
        "shards": "how many there are to be",
        "drop_old": "without SHARDS: delete the journals that an earlier call has kept",
    },
)
def reshard(settings: Settings, shards: str, *, drop_old: bool = False) -> None:
    """Divide all open orders and quotes among another number of shards.

    Example: invoke reshard 16
    """
    if drop_old:
        if shards:
            raise FintankError("--drop-old goes without a number: it deletes what an earlier call has kept")
        resharding.drop_old(settings, print)
        return
    count = whole_number("SHARDS", shards, minimum=1, maximum=PARTITIONS_MAX)
    resharding.reshard(settings, count, print)
