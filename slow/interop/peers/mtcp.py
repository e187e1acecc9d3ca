"""pyD3TN's MTCP, both ends of it, asked a line at a time. Runs in the peers' environment, never in ours.

`send` is a client of its own that connects, sends and closes; `listen`, `take` and `reply` are a server.
"""

from __future__ import annotations

import socket

from asked import serve
from pyd3tn.bundle7 import Bundle
from pyd3tn.mtcp import MTCPConnection, MTCPSocket

PATIENCE_S = 20
server: list[socket.socket] = []
connected: list[MTCPSocket] = []


def send(ask: dict) -> int:
    """Bundles over a connection of their own."""
    with MTCPConnection("127.0.0.1", ask["port"], PATIENCE_S) as connection:
        for bundle in ask["bundles"]:
            connection.send_bundle(bytes.fromhex(bundle))
    return len(ask["bundles"])


def listen(ask: dict) -> int:
    """Begin to listen; the port."""
    server.append(socket.create_server(("127.0.0.1", 0)))
    server[0].settimeout(PATIENCE_S)
    return server[0].getsockname()[1]


def take(ask: dict) -> list[dict]:
    """The next so many bundles of the one connection, as they came, and what pyD3TN makes of each."""
    if not connected:
        accepted, _ = server[0].accept()
        connected.append(MTCPSocket(accepted, PATIENCE_S))
    found = []
    for _ in range(ask["count"]):
        wire = connected[0].recv_bundle()
        bundle = Bundle.parse(wire)
        found.append(
            {
                "hex": wire.hex(),
                "source": str(bundle.primary_block.source),
                "destination": str(bundle.primary_block.destination),
                "payload": bytes(bundle.payload_block.data).hex(),
            }
        )
    return found


def reply(ask: dict) -> int:
    """Bundles back over the connection that we accepted."""
    for bundle in ask["bundles"]:
        connected[0].send_bundle(bytes.fromhex(bundle))
    return len(ask["bundles"])


serve({"send": send, "listen": listen, "take": take, "reply": reply})
