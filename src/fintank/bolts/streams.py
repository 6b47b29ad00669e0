"""The streams between Storm and this process: a word printed among its messages breaks the protocol."""

import io
import os
from functools import cache
from typing import BinaryIO


@cache
def taken() -> tuple[io.BufferedReader, BinaryIO]:
    """Return Storm's stdin and stdout for the protocol alone; the same ones at each call.

    Whatever prints from now on, a child process or a C library too, writes to stderr, which Storm logs.
    Whatever reads stdin finds its end.
    """
    from_storm, to_storm = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return from_storm, to_storm
