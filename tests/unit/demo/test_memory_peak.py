import os
import subprocess
import sys

import psutil

from fintank.demo.memory_peak import trees_bytes

MEBIBYTE = 1024 * 1024


def test_a_tree_has_the_memory_of_its_children_and_what_is_gone_has_none() -> None:
    program = f"kept = bytearray({32 * MEBIBYTE}); print(); input()"
    alone = trees_bytes([os.getpid()])
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert trees_bytes([os.getpid()]) > alone + 30 * MEBIBYTE
        assert trees_bytes([os.getpid(), child.pid]) < alone + 100 * MEBIBYTE
        child.communicate(b"\n")
    assert not psutil.pid_exists(child.pid)
    assert trees_bytes([child.pid]) == 0
