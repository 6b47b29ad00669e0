"""Certificates of a CA that a test makes with openssl."""

import subprocess
from pathlib import Path

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
LOCALHOST = "DNS:localhost,IP:127.0.0.1"


class Authority:
    """A CA in a folder of its own; `ca` is the file of its certificate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._made = 0
        self.ca = folder / "ca.pem"
        to = ("-keyout", folder / "ca.key", "-out", self.ca)
        usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=Test CA", *usage, *to)

    def sign(self, names: str = LOCALHOST, days: int = 1) -> Path:
        """Return a new file with a server's key and its certificate for these names; expired for days < 0."""
        self._made += 1
        file, request = self._folder / f"server-{self._made}.pem", self._folder / "request"
        extensions, certificate = self._folder / "extensions", self._folder / "certificate"
        extensions.write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n")
        _openssl("req", *NEW_KEY, "-subj", "/CN=server", "-keyout", file, "-out", request)
        signer = ("-CA", self.ca, "-CAkey", self._folder / "ca.key", "-CAcreateserial")
        to = (*_validity(days), "-extfile", extensions, "-out", certificate)
        _openssl("x509", "-req", "-in", request, *signer, *to)
        with file.open("a") as both:
            both.write(certificate.read_text())
        return file


def _validity(days: int) -> tuple[object, ...]:
    """Return the options for so many days. From 3.5 on openssl refuses fewer than 0, before 3.4 it knows no
    dates."""
    if days < 0 and "-not_after" in _openssl("x509", "-help"):
        return "-not_before", "20200101000000Z", "-not_after", "20200102000000Z"
    return "-days", days


def _openssl(*words: object) -> str:
    done = subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True)
    return done.stdout + done.stderr
