"""invoke send: send the orders and other messages of a file."""

from pathlib import Path

from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.order_history import outcomes
from fintank.samples import fake_orders
from fintank.samples.bad_lines import print_skipped
from fintank.samples.message_file import MessageFile
from fintank.samples.produce import make_topics
from fintank.samples.produce import send as produce
from fintank.settings import Settings
from fintank.terminal.options import positive_number, whole_number
from fintank.terminal.texts import counted
from fintank.waiting import now_us


@command(
    positional=["file"],
    help={
        "file": "JSON lines, or CSV with a column per field; also compressed; - is standard input",
        "speed": "send at the pace of the timestamps, this many times as fast; default: all at once",
        "strict": "send nothing if a line is bad; default: bad lines are named, skipped and counted",
        "wait": "wait for executions and answers for at most this many seconds",
    },
)
def send(
    settings: Settings, file: str, speed: str | None = None, strict: bool = False, wait: str = "0"
) -> None:
    """Send orders, replaces, cancels and trading states.

    Example: invoke send blotter.csv --wait 10
    """
    path = Path(file)
    factor = None if speed is None else positive_number("--speed", speed)
    seconds = whole_number("--wait", wait, minimum=0, maximum=outcomes.WAIT_SECONDS_MAX)
    address = settings.kafka
    with MessageFile(path, settings.home / "run", fake_orders.call_name("send", now_us())) as messages:
        extent = messages.survey(strict)
        if extent.ignored:
            print(f"These fields have no meaning and are ignored: {', '.join(extent.ignored)}.")
        noun = counted(extent.messages, "message")
        print(f"Sending {noun} of {path} to Kafka ({address}) topic 'orders'.", flush=True)
        make_topics(address)
        with open_reader(address, "executions") as reader:
            positions = reader.ends()
            records = messages.records(extent.first_us, factor)
            produce(address, "orders", "message", records, extent.messages)
            print_skipped(extent.bad_lines)
            sent = outcomes.Sent(extent.orders, extent.requests)
            outcomes.print_ids(sent)
            if seconds:
                outcomes.wait(address, reader, positions, sent, seconds)
    print("Done.")
