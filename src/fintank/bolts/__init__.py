"""The Storm bolts, one class per file: decode, call a pure function, emit."""

import sys
from pathlib import Path

from fintank.bolts import stdio

if Path(sys.argv[0]).stem == "streamparse_run":
    stdio.taken()  # Before any other module of fintank is imported: it may print something.
