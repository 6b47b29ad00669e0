"""What `invoke rebuild` counts; with real databases it is tests/integration/test_rebuild.py."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from fintank import settings
from fintank.adapters.sinks import Refusal
from fintank.reconciliation import rebuilding

BATCHES = [["a", "b", "bad 1"], [], ["c"], ["bad 2", "d", "e", "f", "bad 3"]]


class Sink:
    """Refuses some lines, and keeps the sizes of the writes."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.sizes: list[int] = []

    def write(self, lines: str) -> list[Refusal]:
        split = lines.split("\n")
        self.sizes.append(len(split))
        self.stored += [line for line in split if not line.startswith("bad")]
        return [Refusal(number, line) for number, line in enumerate(split) if line.startswith("bad")]


def test_points_and_refusals_are_counted_and_the_first_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilding, "LINES_MAX", 2)
    reader = SimpleNamespace(starts=lambda since_ms: {})
    monkeypatch.setattr(rebuilding, "open_reader", lambda *_: nullcontext(reader))
    batches = [SimpleNamespace(offsets=bool(lines), lines=lines) for lines in BATCHES]
    monkeypatch.setattr(rebuilding, "read_batches", lambda *_: iter(batches))
    sink = Sink()
    done = rebuilding._rebuild(settings.load({}), sink, "ticks", lambda batch: batch.lines, None)
    assert done == ("ticks", 6, 3, "bad 1")
    assert sink.stored == ["a", "b", "c", "d", "e", "f"]
    assert max(sink.sizes) == 2
