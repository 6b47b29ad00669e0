"""A lock on a folder: one process at a time works there."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, on_wait: Callable[[], object]) -> Iterator[None]:
    """Hold the lock during the block; `on_wait` is called if another process has it, before waiting for it.

    A folder that does not exist, or is on a file system without locks, is not locked.
    """
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield
        return
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(opened, fcntl.LOCK_EX)
        except OSError:
            pass  # NFS has no such locks
        yield
    finally:
        os.close(opened)
