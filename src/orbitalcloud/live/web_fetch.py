"""Fetching for strangers: one HTTP request to an origin that is allowed, to an address that is meant, within bounds."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from orbitalcloud.core import DataError
from orbitalcloud.live.web_origins import Origin, origin_of
from orbitalcloud.node.web import REPLY_HEADERS, Ask, Reply, carried

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How long one request may take in all, and how large the answer's body may be."""

    seconds: float = 30.0
    body_bytes: int = 4 << 20


class _Fault(Exception):
    """Why there is no answer, with the status that says so (RFC 9110 15)."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text


def fetch(ask: Ask, allowed: frozenset[Origin], limits: FetchLimits) -> Reply:
    """What the origin answers, or what the gateway has to say instead; never raises for what the request asks.

    Redirects are not followed: the client asks for the new place, which is judged like any other.
    """
    deadline = time.monotonic() + limits.seconds
    try:
        return _fetched(ask, allowed, limits)
    except _Fault as fault:
        status, text = fault.status, fault.text
    except DataError as error:
        status, text = 400, str(error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        status, text = 502, f"the origin did not answer in HTTP: {type(error).__name__}"
        if time.monotonic() >= deadline or isinstance(error, TimeoutError):
            status, text = 504, f"the origin took longer than {limits.seconds:g} s"
    return Reply(ask.token, status, (("content-type", "text/plain; charset=utf-8"),), f"{text}\n".encode(), True)


def _fetched(ask: Ask, allowed: frozenset[Origin], limits: FetchLimits) -> Reply:
    origin, path = origin_of(ask.url)
    if origin not in allowed:
        raise _Fault(403, f"this gateway does not fetch from {origin.text}: it is not among the origins it allows")
    link = http.client.HTTPConnection(origin.host, origin.port)
    wire = link.sock = socket.create_connection(_address(origin), timeout=limits.seconds)
    enough = _Enough(wire, limits.seconds)
    try:
        headers = {"host": origin.text.removeprefix("http://").removesuffix(":80"), "connection": "close"}
        sent = (ask.body or None) if ask.method == "POST" else None  # RFC 9110 9.3.1: of GET it has no meaning
        link.request(ask.method, path, sent, {**dict(ask.headers), **headers})
        answer = link.getresponse()
        body = b"" if ask.method == "HEAD" else _body(answer, min(limits.body_bytes, ask.most_bytes))
        enough.check()
        if not 200 <= answer.status <= 599:
            raise _Fault(502, f"the origin answered with status {answer.status}")
        return Reply(ask.token, answer.status, carried(answer.getheaders(), REPLY_HEADERS), body)
    finally:
        enough.timer.cancel()
        link.close()


def _address(origin: Origin) -> tuple[str, int]:
    """Where to connect: what the name means now, judged, so that nothing is looked up again between the two."""
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    address = str(found[0][4][0])
    if not ip_address(address.partition("%")[0]).is_global and not origin.may_be_private:
        raise _Fault(403, f"{origin.host} leads to {address}, which is no public address: allow that address itself")
    return address, origin.port


class _Enough:
    """Hangs up when a request has taken its time in all: an origin may send a byte now and then for hours."""

    def __init__(self, wire: socket.socket, seconds: float) -> None:
        self.over, self.wire = False, wire
        self.timer = threading.Timer(seconds, self._hang_up)
        self.timer.daemon = True
        self.timer.start()

    def check(self) -> None:
        """What ended because we hung up did not end."""
        if self.over:
            raise TimeoutError

    def _hang_up(self) -> None:
        self.over = True
        with suppress(OSError):  # it has ended meanwhile
            self.wire.shutdown(socket.SHUT_RDWR)


def _body(answer: http.client.HTTPResponse, most: int) -> bytes:
    """All of it, within the bound."""
    parts = bytearray()
    while part := answer.read1(_PIECE):
        parts += part
        if len(parts) > most:
            raise _Fault(502, f"the answer is larger than {most} bytes, the most that is carried")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return bytes(parts)
