"""The program `streamparse_run`, which Storm starts for each Python bolt.

It does what streamparse's own does, which workers with a virtualenv of `sparse submit` have, but imports only
pystorm: all of streamparse took as much CPU at the start of each bolt as everything else.
"""

import sys
from importlib import import_module


def main() -> None:
    """Run the bolt `package.module.Class` that is the argument."""
    module, _, name = sys.argv[-1].rpartition(".")
    getattr(import_module(module), name)().run()
