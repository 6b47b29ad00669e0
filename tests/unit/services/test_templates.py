from fintank.services.templates import fill


def test_properties_files_are_ascii() -> None:
    text = fill(
        "server.properties",
        node=1,
        port=1,
        controller_port=2,
        voters="1@127.0.0.1:2",
        replicas=1,
        in_sync=1,
        session_ms=12_000,
        controller_ms=30_000,
        address="localhost:1",
        data="/tmp/höme 😀",
        protocol="PLAINTEXT",
        security="",
    )
    assert "log.dirs=/tmp/h\\u00f6me \\ud83d\\ude00\n" in text
    assert text.isascii()
