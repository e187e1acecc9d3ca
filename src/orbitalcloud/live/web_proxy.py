"""The near end of the web proxy: HTTP/1.1 to a real client, bundles behind it."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orbitalcloud.core import DataError
from orbitalcloud.live.web_errands import Errand, Errands, new_token
from orbitalcloud.live.web_origins import origin_of
from orbitalcloud.node.web import ASK_HEADERS, MAX_ASK_BODY, MAX_URL, Ask, carried

MOST_CLIENTS = 128
IDLE_S = 60.0
"""A client that says nothing for so long is hung up on."""
RETRY_AFTER_S = 60
_BODILESS = (204, 304)


class WebProxy(ThreadingHTTPServer):
    """Listens at once; `serve_forever` serves. `patience_s` is how long a client is kept waiting for its page."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, place: tuple[str, int], errands: Errands, patience_s: float) -> None:
        """`DataError` where it cannot listen there."""
        self.errands, self.patience_s = errands, patience_s
        self._room = threading.BoundedSemaphore(MOST_CLIENTS)
        if ":" in place[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(place, _Client)
        except OSError as error:
            raise DataError("--listen", f"{place[0]}:{place[1]}", f"{error.strerror or error}: give another") from None

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread a client, up to the bound."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The client's whole connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Client(BaseHTTPRequestHandler):
    server: WebProxy
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S

    def do_GET(self) -> None:
        self._carry()

    def do_HEAD(self) -> None:
        self._carry()

    def do_POST(self) -> None:
        self._carry()

    def do_CONNECT(self) -> None:
        self._say(501, "a tunnel is a conversation, and bundles are letters: http:// only, or an emulated link")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: clients' requests are theirs."""

    def _carry(self) -> None:
        body = self._body()
        if body is None:
            return
        try:
            if len(self.path) > MAX_URL:
                raise DataError("URL", f"{len(self.path)} characters", f"at most {MAX_URL}")
            origin_of(self.path)
        except DataError as error:
            self._say(400, f"{error}; this is a proxy: curl --proxy, or http_proxy")
            return
        ask = Ask(new_token(), self.command, self.path, carried(self.headers.items(), ASK_HEADERS), body)  # type: ignore[arg-type]
        errand = self.server.errands.begin(ask)
        if errand is None:
            self._say(503, "too many requests are on their way", again=True)
        elif not errand.done.wait(self.server.patience_s):
            self._say(504, self._still(errand), again=True)
        else:
            self.server.errands.taken(errand)
            self._give(errand)

    def _still(self, errand: Errand) -> str:
        """What a client hears that waits no longer."""
        if errand.ask.method == "POST":
            return f"bundle {errand.bundle} is still on its way; whether it is answered, this client will not hear"
        return f"bundle {errand.bundle} is still on its way: ask again for the same, and the answer that came is yours"

    def _give(self, errand: Errand) -> None:
        reply = errand.reply
        if reply is None:
            self._say(502, errand.failure)
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("via", "1.1 orbital")
        has_body = self.command != "HEAD" and reply.status not in _BODILESS
        if has_body:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        if has_body:
            self.wfile.write(reply.body)

    def _body(self) -> bytes | None:
        """The request's body; None where it was refused."""
        if self.headers.get("transfer-encoding") is not None:
            self.close_connection = True
            self._say(411, "say the body's length")
            return None
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:12]) > MAX_ASK_BODY:
            self.close_connection = True
            self._say(413, f"a body has at most {MAX_ASK_BODY} bytes")
            return None
        return self.rfile.read(int(length))

    def _say(self, status: int, text: str, again: bool = False) -> None:
        data = f"orbital proxy: {text}\n".encode()
        self.send_response_only(status)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(data)))
        if again:
            self.send_header("retry-after", str(RETRY_AFTER_S))
        if self.close_connection or status == 501:
            self.close_connection = True
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
