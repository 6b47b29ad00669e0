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
        "shards": "the new number of shards",
        "drop_old": "without SHARDS: delete the old journals that an earlier call kept",
    },
)
def reshard(settings: Settings, shards: str, *, drop_old: bool = False) -> None:
    """Divide all open orders and quotes among another number of shards.

    Example: invoke reshard 16
    """
    if drop_old:
        if shards:
            raise FintankError(
                "--drop-old takes no number: it deletes the old journals that an earlier call kept"
            )
        resharding.drop_old(settings, print)
        return
    count = whole_number("SHARDS", shards, minimum=1, maximum=PARTITIONS_MAX)
    resharding.reshard(settings, count, print)
