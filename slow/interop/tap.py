"""A tap on a TCP connection: it passes bytes on and keeps them in the order in which they came by."""

from __future__ import annotations

import select
import socket
import threading

from interop.captures import Stream


class Tap:
    """Listens on a port of its own, connects to `port` for the first who calls, and records until both have ended."""

    def __init__(self, port: int) -> None:
        self.stream = Stream()
        self.dialler, self.listener = bytearray(), bytearray()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(20)
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._run, args=(port,), daemon=True)
        self._thread.start()

    def ended(self) -> Stream:
        """What came by, when both ends have closed."""
        self._thread.join(20)
        assert not self._thread.is_alive(), "the connection did not end"
        return self.stream

    def _run(self, port: int) -> None:
        with self._server, self._server.accept()[0] as dialler, socket.create_connection(("127.0.0.1", port)) as other:
            open_ends = [dialler, other]
            while open_ends:
                for end in select.select(open_ends, [], [], 20)[0]:
                    data = end.recv(1 << 16)
                    to = other if end is dialler else dialler
                    if not data:
                        open_ends.remove(end)
                        to.shutdown(socket.SHUT_WR)
                        continue
                    (self.dialler if end is dialler else self.listener).extend(data)
                    self.stream.add(end is dialler, data)
                    to.sendall(data)
