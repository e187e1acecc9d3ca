"""A node of dtn7zero (AGPL-3.0), asked a line at a time: a process that we talk to, nothing of it is in ours.

`zero.py NODE_URI PORT`: its MTCP listens on PORT. Discovery is off, so neighbours are told (`know`).
"""

from __future__ import annotations

import sys
import time

from asked import serve
from dtn7zero.configuration import CONFIGURATION

CONFIGURATION.IPND.ENABLED = False
CONFIGURATION.PORT.MTCP = int(sys.argv[2])

from dtn7zero import api  # noqa: E402 - it reads its configuration when it is set up
from dtn7zero.data import Node  # noqa: E402
from py_dtn7.bundle import PrimaryBlock  # noqa: E402

endpoint = api.setup(sys.argv[1])
service = api.SimpleEndpoint("inbox")
api.BPA.register_endpoint(service._endpoint)


def know(ask: dict) -> str:
    """A neighbour, which discovery would have found."""
    eid = PrimaryBlock.from_full_uri(ask["node"])
    api.BPA.storage.add_node(Node("127.0.0.1", eid, {"mtcp": ask["port"]}, 0))
    return ask["node"]


def send(ask: dict) -> str:
    """A payload to an endpoint, handed to every neighbour (its router is epidemic)."""
    service.send(bytes.fromhex(ask["payload"]), ask["to"])
    for _ in range(20):
        api.BPA.update()
    return "sent"


def take(ask: dict) -> dict:
    """The next payload that comes to `inbox` in time, and what its primary block says."""
    until = time.monotonic() + ask["wait_s"]
    while time.monotonic() < until:
        api.BPA.update()
        payload, source, destination, primary = service.poll()
        if payload is not None:
            crc = primary.crc_type
            return {"payload": payload.hex(), "source": source, "destination": destination, "crc": crc}
        time.sleep(0.005)
    return {}


serve({"know": know, "send": send, "take": take})
