"""Each fault of a handshake in words; test_kafka_refusals.py has servers."""

import ssl

import pytest

from fintank.adapters.tls_faults import fault


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (9, "has a certificate that is not valid yet: check the clocks of both machines"),
        (10, "has a certificate that has expired: renew it there"),
        (
            62,
            "has a certificate for another name (why): use an address that it names, or add this one",
        ),
        (
            64,
            "has a certificate for another name (why): use an address that it names, or add this one",
        ),
        (
            18,
            "has a certificate that no trusted CA has signed (why): CA_FILE must name the file",
        ),
        (
            20,
            "has a certificate that no trusted CA has signed (why): CA_FILE must name the file",
        ),
    ],
)
def test_a_certificate_that_fails_is_one_line(code: int, line: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "why"
    assert fault("Kafka (a:1)", error, "CA_FILE").startswith(f"Kafka (a:1) {line}")


def test_a_server_without_tls_is_one_line() -> None:
    reset = ConnectionResetError(104, "Connection reset by peer")
    assert fault("Kafka (a:1)", reset, "CA_FILE") == (
        "Kafka (a:1) does not speak TLS (Connection reset by peer): check the address, and whether it should"
    )
