import pytest
from support.certificates import LOCALHOST, Authority
from support.http_server import QuietHandler, http_server

from fintank.adapters import kafka, kafka_refusals
from fintank.errors import FintankError

CA = "FINTANK_KAFKA_CA must name the file"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.mark.parametrize(
    ("names", "days", "line"),
    [
        (LOCALHOST, 1, ""),
        (LOCALHOST, -1, "has a certificate that has expired: renew it there"),
        ("DNS:kafka-1,IP:127.0.0.2", 1, "has a certificate for another name .*subjectAltName"),
    ],
)
def test_a_brokers_certificate_is_checked_before_anything_is_sent(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, names: str, days: int, line: str
) -> None:
    monkeypatch.setenv("FINTANK_KAFKA_CA", str(authority.ca))
    with http_server(QuietHandler, authority.sign(names, days)) as address:
        if not line:
            kafka.ensure_answers(address)
            return
        with pytest.raises(FintankError, match=rf"^Kafka \({address}\) {line}[^\n]*$"):
            kafka.ensure_answers(address)


def test_another_ca_than_the_brokers_is_not_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("tls") / "other")
    monkeypatch.setenv("FINTANK_KAFKA_CA", str(other.ca))
    with http_server(QuietHandler, authority.sign()) as address:
        # The second of two brokers counts too: some partitions are its own.
        found = kafka_refusals.tls_fault(f"127.0.0.1:1,{address}")
        assert found is not None
        assert "no trusted CA has signed" in found
        assert CA in found


def test_tls_where_the_broker_has_none_is_said(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINTANK_KAFKA_CA", str(authority.ca))
    with (
        http_server(QuietHandler) as address,
        pytest.raises(FintankError, match=r"does not speak TLS .*: check the address"),
    ):
        kafka.ensure_answers(address)


def test_no_tls_where_the_broker_has_it_is_said(authority: Authority) -> None:
    with http_server(QuietHandler, authority.sign()) as address:
        assert "speaks TLS, and this client does not: name its CA" in kafka_refusals.reason(address)
