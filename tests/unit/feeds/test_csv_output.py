import gzip
from contextlib import suppress
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.feeds.csv_output import written
from fintank.trading.messages import Quote

QUOTE = Quote("IVE", "NYSE", 1_764_000_000_000_000, 0, 0, "94", None, None, None)


def test_a_feed_that_never_quoted_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv.gz"
    with pytest.raises(FintankError, match="unreachable"), written(path):
        raise FintankError("unreachable")
    assert not path.exists()


def test_a_fault_leaves_a_whole_file_of_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv.gz"
    with suppress(KeyboardInterrupt), written(path) as write:
        write(QUOTE)
        raise KeyboardInterrupt
    assert gzip.decompress(path.read_bytes()).endswith(b"\n1764000000.000000,IVE,NYSE,94,,,\n")
    with pytest.raises(FintankError, match="exists: name another file"), written(path):
        pass
    assert path.stat().st_size
