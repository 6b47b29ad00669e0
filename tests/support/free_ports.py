"""Free TCP ports for the services of a test."""

import random

from fintank.adapters.ports import is_free

# Below the range from which Linux takes ports for outgoing connections.
PORTS = range(20_000, 32_000)


def consecutive(count: int) -> int:
    """Return the first of `count` consecutive free ports, chosen at random so that parallel runs differ."""
    for _ in range(1000):
        first = random.choice(PORTS[:-count])
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} consecutive free ports within {PORTS}")
