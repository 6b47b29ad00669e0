"""A websocket server that plays an exchange: what it received, and what it sends on request."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve


class WebsocketVenue:
    """Greets each client with `greeting` after its subscription, and keeps the connection open."""

    def __init__(self) -> None:
        self.greeting: list[str] = []
        self.received: list[str] = []
        self.connections: list[ServerConnection] = []
        self.url = ""

    def send(self, text: str) -> None:
        """Send a message on the latest connection."""
        self.connections[-1].send(text)

    def cut(self) -> None:
        """Cut the latest connection without a closing handshake."""
        self.connections[-1].socket.close()

    def serve(self, connection: ServerConnection) -> None:
        try:
            self.received.append(str(connection.recv(timeout=10)))
            self.connections.append(connection)
            for text in self.greeting:
                connection.send(text)
            for _ in connection:
                pass
        except (ConnectionClosed, OSError):
            return


@contextmanager
def websocket_venue() -> Iterator[WebsocketVenue]:
    """Run a venue on a free port."""
    venue = WebsocketVenue()
    server: Server = serve(venue.serve, "localhost", 0)
    venue.url = f"ws://localhost:{server.socket.getsockname()[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield venue
    finally:
        server.shutdown()
        thread.join()
