"""Writing quotes to a CSV file that `invoke replay` reads."""

import csv
import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO, cast

from fintank.errors import FintankError
from fintank.trading.decimals import seconds_text
from fintank.trading.messages import Quote

COLUMNS = ("timestamp", "symbol", "exchange", "bid", "ask", "bid_size", "ask_size")


@contextmanager
def written(path: Path | None) -> Iterator[Callable[[Quote], None]]:
    """Yield a function that writes a quote to a new file, or, without a path, does nothing.

    FintankError if the file exists. A file without any quote is removed.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        create = gzip.open if path.suffix == ".gz" else open
        file = create(path, "xt", encoding="utf-8")
    except FileExistsError:
        raise FintankError(f"{path} exists: name another file, or delete it") from None
    count = 0
    with ExitStack() as stack:
        stack.callback(lambda: None if count else path.unlink(missing_ok=True))
        text = stack.enter_context(cast(TextIO, file))
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)

        def write(quote: Quote) -> None:
            nonlocal count
            count += 1
            values = (quote.symbol, quote.exchange, quote.bid, quote.ask, quote.bid_size, quote.ask_size)
            rows.writerow((seconds_text(quote.time_us), *values))

        yield write
