"""How values are written for a person."""

from datetime import UTC, datetime


def utc(time_ms: float) -> str:
    """Write milliseconds since the epoch as a moment of UTC, to the millisecond."""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError):  # a topic without LogAppendTime holds whatever its producers wrote
        return f"{time_ms} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
