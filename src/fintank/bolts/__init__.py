"""The Storm bolts, one class a file: decode, call a pure function, emit."""

import sys
from pathlib import Path

from fintank.bolts import streams

if Path(sys.argv[0]).stem == "streamparse_run":
    streams.taken()  # before any other module of fintank is imported, which may print something
