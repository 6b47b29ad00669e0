"""The cookbook's own Ruby: reading published checksums."""

import hashlib
import subprocess

import pytest
from support.cookbook import COOKBOOK

SUM = hashlib.sha512(b"an archive").hexdigest()
BLOCKS = [SUM.upper()[start : start + 8] for start in range(0, 128, 8)]


def published(text: str) -> subprocess.CompletedProcess[str]:
    script = "print Fintank::Checksum.published($stdin.read, 'kafka_2.13-4.1.2.tgz')"
    command = ["ruby", "-r", str(COOKBOOK / "libraries" / "checksum.rb"), "-e", script]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    "text",
    [
        f"{SUM}  kafka_2.13-4.1.2.tgz\n",
        f"{SUM} *kafka_2.13-4.1.2.tgz\n",
        f"{SUM}\n",
        f"kafka_2.13-4.1.2.tgz: {' '.join(BLOCKS[:7])}\n  {' '.join(BLOCKS[7:])}\n",
    ],
)
def test_a_published_checksum_is_read_in_every_format_of_apache(text):
    assert published(text).stdout == SUM


@pytest.mark.parametrize("text", ["", "<html>404</html>", SUM[:-1], SUM + "0", f"{SUM}  {SUM}"])
def test_text_without_a_checksum_is_refused(text):
    done = published(text)
    assert done.returncode != 0
    assert "No SHA-512 of kafka_2.13-4.1.2.tgz" in done.stderr


def test_a_file_is_compared_with_its_checksum(tmp_path):
    (tmp_path / "archive").write_bytes(b"an archive")
    script = "Fintank::Checksum.verify(ARGV[0], ARGV[1], 'archive')"
    command = [
        "ruby",
        "-r",
        str(COOKBOOK / "libraries" / "checksum.rb"),
        "-e",
        script,
        str(tmp_path / "archive"),
    ]
    good = subprocess.run([*command, SUM], capture_output=True, text=True, timeout=30, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    bad = subprocess.run([*command, "0" * 128], capture_output=True, text=True, timeout=30, check=False)
    assert bad.returncode != 0
    assert f"archive has the SHA-512 {SUM} instead of {'0' * 128}" in bad.stderr
