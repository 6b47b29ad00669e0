"""The certificates of docs/tls.md pass every client, also those that hold them to RFC 5280 (Python 3.13)."""

import subprocess
from pathlib import Path

import pytest
from support.certificates import Authority

from fintank.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "tls.md"


def check_strictly(ca: Path, certificate: Path) -> None:
    words = ["openssl", "verify", "-x509_strict", "-verify_hostname", "localhost", "-CAfile", ca, certificate]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_pages_commands_make_certificates_for_strict_clients(tmp_path: Path) -> None:
    (commands,) = (block for block in PAGE.read_text().split("```") if "openssl req -x509" in block)
    subprocess.run(["bash", "-e"], input=commands, cwd=tmp_path, check=True, capture_output=True, text=True)
    check_strictly(tmp_path / "ca.pem", tmp_path / "kafka.pem")


def test_the_tests_certificates_pass_strict_clients(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    check_strictly(authority.ca, authority.sign())


def test_a_ca_that_does_not_say_that_it_may_sign_does_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    words = [
        "openssl",
        "req",
        "-x509",
        "-key",
        tmp_path / "ca" / "ca.key",
        "-days",
        "2",
        "-subj",
        "/CN=Test CA",
    ]
    subprocess.run([*words, "-out", authority.ca], check=True, capture_output=True)
    with pytest.raises(AssertionError, match="2 != 0"):
        check_strictly(authority.ca, authority.sign())
