import os
import socket

from fintank.services import port_checks


def test_the_process_that_holds_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_checks.holder_pid(port) == os.getpid()
        assert port_checks.holder(port).endswith(f"(pid {os.getpid()})")
