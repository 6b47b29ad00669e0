"""What keeps a bolt from losing data."""

import subprocess
import sys

from fintank.bolts.batch_bolt import BatchBolt


class EmitsWhatIsNoJson(BatchBolt):
    def process(self, tup):
        self.emit([object()], need_task_ids=False)
        self.ack(tup)


def test_an_emit_that_can_not_be_sent_fails_its_tuple_and_is_never_acked(storm):
    sent = storm.run(EmitsWhatIsNoJson, storm.tuple_of("a", 1), storm.tuple_of("b", 2))
    assert [message["command"] for message in sent] == ["error", "sync", "fail"]
    assert sent[-1] == storm.failed("a")


def test_a_print_does_not_reach_the_protocol():
    program = "from fintank.bolts.batch_bolt import BatchBolt; bolt = BatchBolt(); print('noise')"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "noise\n")
