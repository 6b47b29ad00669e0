import socket

from support import free_ports

from fintank.adapters import ports


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.listens(f"localhost:{port}")
    assert ports.is_free(port)
    assert not ports.listens(f"localhost:{port}")


def test_consecutive_ports_are_all_free() -> None:
    first = free_ports.consecutive(3)
    assert all(ports.is_free(port) for port in range(first, first + 3))
