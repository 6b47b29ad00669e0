"""invoke rejects: what could not be used, counted by reason, and sent again after the cure."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from fintank import output
from fintank.adapters.consumer_groups import GROUPS
from fintank.adapters.rejected_records import Rejected, read_rejects
from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.commands.show import decoded
from fintank.errors import FintankError
from fintank.reconciliation import resending
from fintank.report.span import parse_span
from fintank.samples.produce import make_topics
from fintank.settings import Settings
from fintank.terminal.screen import console, table
from fintank.terminal.texts import counted, utc
from fintank.wire.kafka.rejects import Reason

TABLE_CHARS_MIN = 100
EXAMPLES = 5


@command(
    help={
        "resend": "send the original records again, each once: those of ticks and orders",
        "topic": f"only records of this topic: {', '.join(GROUPS)}",
        "reason": "only rejects with this reason, such as BAD_VALUE",
        "since": "only rejects since then, by Kafka's time: 15m, 1h, 2d ago, or 2026-11-24T20:00 (UTC)",
    }
)
def rejects(
    settings: Settings,
    resend: bool = False,
    topic: str | None = None,
    reason: str | None = None,
    since: str | None = None,
) -> None:
    """Count the rejects and show the latest.

    Example: invoke rejects --resend --topic orders --since 1h
    """
    if topic and topic not in GROUPS:
        raise FintankError(f"--topic {topic}: choose one of {', '.join(GROUPS)}")
    if reason and reason not in {*Reason}:
        raise FintankError(f"--reason {reason}: choose one of {', '.join(Reason)}")
    if resend and topic and topic not in resending.TOPICS:
        raise FintankError(
            f"--topic {topic}: only the rule engine writes it, so nothing is resent to it: `invoke rebuild` "
            "writes its points"
        )
    since_ms = parse_span(since, "now").since_ns // 1_000_000 if since else None
    make_topics(settings.kafka)
    with open_reader(settings.kafka, "rejects") as reader:
        found = chosen(read_rejects(reader, since_ms), topic, reason)
    if not found:
        print("There are no such rejects." if topic or reason or since else "There are no rejects.")
        return
    console(TABLE_CHARS_MIN).print(counts(found))
    if resend:
        resending.resend(settings.kafka, found, print)
        return
    print(f"The latest of {counted(len(found), 'reject')}:")
    for reject in found[-EXAMPLES:]:
        print(example(reject))


def chosen(rejects: Iterable[Rejected], topic: str | None, reason: str | None) -> list[Rejected]:
    """Return the rejects of a topic, or all, with a reason, or any; each record once, with its latest.

    There may be millions: only the last EXAMPLES keep their texts.
    """
    latest: dict[tuple[str, int, int], Rejected] = {}
    shown: list[tuple[str, int, int]] = []
    for reject in rejects:
        if topic in (None, reject.topic) and reason in (None, reject.reason):
            place = (reject.topic, reject.partition, reject.offset)
            latest.pop(place, None)
            latest[place] = reject
            shown = [*(each for each in shown if each != place), place]
            if len(shown) > EXAMPLES:
                first = shown.pop(0)
                latest[first] = latest[first].without_texts
    return list(latest.values())


def counts(rejects: Sequence[Rejected]) -> Table:
    """Return a row per topic and reason: how many, and when the first and the latest were rejected."""
    made = table("topic", "reason", "rejects", "first", "latest", numbers=("rejects",))
    times: dict[tuple[str, str], list[int]] = {}
    for reject in rejects:
        times.setdefault((reject.topic, reject.reason), []).append(reject.time_ms)
    for (topic, reason), of in sorted(times.items()):
        made.add_row(topic, reason, f"{len(of):,}", utc(min(of)), utc(max(of)))
    return made


def example(reject: Rejected) -> str:
    """Return two lines: where, when and why, and the beginning of the record."""
    payload = decoded(reject.payload)
    detail = output.printable(reject.detail)
    return f"  {reject.place}  {utc(reject.time_ms)}  {reject.reason}  {detail}\n    {payload}"
