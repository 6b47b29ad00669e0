from fintank.services.templates import fill


def test_properties_files_are_ascii() -> None:
    text = fill(
        "server.properties",
        port=1,
        controller_port=2,
        address="localhost:1",
        data="/tmp/höme 😀",
        protocol="PLAINTEXT",
        login="",
    )
    assert "log.dirs=/tmp/h\\u00f6me \\ud83d\\ude00\n" in text
    assert text.isascii()
