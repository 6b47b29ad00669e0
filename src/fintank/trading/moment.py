"""The moment of a decision."""

from dataclasses import dataclass

from fintank.trading.depth import Depth
from fintank.trading.instruments import Instrument
from fintank.trading.working_order import Closing


@dataclass(frozen=True, slots=True)
class Moment:
    """The message that is being decided on, and its symbol's market at that time.

    input: the message's record, as in "ticks-0-17"; None for the passing of time. now_us: the symbol's clock,
    and tick_time_us: the time of its latest tick; both None before its first. log_us: the log time. as_of:
    see QuoteBook.as_of.
    """

    input: str | None
    instrument: Instrument
    market: Depth
    now_us: int | None
    tick_time_us: int | None
    log_us: int
    as_of: str | None

    @property
    def closing(self) -> Closing:
        """When the retention begins of what closes now."""
        return Closing(self.log_us, True) if self.now_us is None else Closing(self.now_us, False)

    def transact_time_us(self, time_us: int) -> int:
        """Return the later of a message's time and the latest tick's, which is the same in any replay."""
        return time_us if self.tick_time_us is None else max(time_us, self.tick_time_us)
