"""Why a client and a server can't agree on TLS, in words that say what to do."""

import contextlib
import socket
import ssl

from fintank.adapters.ports import CONNECT_TIMEOUT_S
from fintank.settings import host_and_port

# In OpenSSL's x509_vfy.h X509_V_ERR_CERT_HAS_EXPIRED, _CERT_NOT_YET_VALID, _HOSTNAME_MISMATCH and
# _IP_ADDRESS_MISMATCH.
EXPIRED = 10
NOT_YET_VALID = 9
OTHER_NAMES = (62, 64)


def fault(server: str, error: BaseException, ca_variable: str) -> str:
    """Return one line for a handshake that failed with a server, as in `Kafka (host:9093)`.

    ca_variable: what names the file of the CA that the client trusts.
    """
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        return f"{server} does not speak TLS ({reason}): check the address, and whether it should"
    if error.verify_code == EXPIRED:
        return f"{server} has a certificate that has expired: renew it there"
    if error.verify_code == NOT_YET_VALID:
        return f"{server} has a certificate that is not valid yet: check the clocks of both machines"
    if error.verify_code in OTHER_NAMES:
        return (
            f"{server} has a certificate for another name ({error.verify_message.rstrip('.')}): use an "
            "address that it names, or add this one to its subjectAltName"
        )
    return (
        f"{server} has a certificate that no trusted CA has signed ({error.verify_message}): {ca_variable} "
        "must name the file (PEM) of its CA"
    )


def handshake_fault(server: str, address: str, ca_file: str, ca_variable: str) -> str | None:
    """Return the line of `fault` for a server at host:port; None if it agrees on TLS, is away or hangs.

    ca_file: empty for the CAs that this machine trusts.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    try:
        _shake_hands(address, context)
    except (ssl.SSLError, ConnectionResetError) as error:
        return fault(server, error, ca_variable)
    except OSError:
        pass
    return None


def speaks_tls(address: str) -> bool:
    """Return whether a server speaks TLS, whatever its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(OSError):
        _shake_hands(address, context)
        return True
    return False


def _shake_hands(address: str, context: ssl.SSLContext) -> None:
    host, port = host_and_port(address)
    with (
        socket.create_connection((host, port), CONNECT_TIMEOUT_S) as connection,
        context.wrap_socket(connection, server_hostname=host),
    ):
        pass
