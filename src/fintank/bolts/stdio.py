"""stdin and stdout, which belong to Storm: a word printed among its messages breaks the protocol."""

import io
import os
from functools import cache
from typing import BinaryIO


@cache
def taken() -> tuple[io.BufferedReader, BinaryIO]:
    """Take stdin and stdout for the protocol alone; return the same two streams at each call.

    From now on whatever prints, even a child process or a C library, writes to stderr, which Storm logs;
    whatever reads stdin finds it empty.
    """
    from_storm, to_storm = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return from_storm, to_storm
