"""The client's end of a node's control socket: blocking, for command lines and scripts."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from orbitalcloud.core import DataError, RemoteProtocolError, Unreachable
from orbitalcloud.live.control import (
    MAX_MESSAGE_BYTES,
    Answer,
    Ask,
    Letters,
    Read,
    Said,
    Say,
    Show,
    Shown,
    Wrong,
    packed,
    reachable,
    read_answer,
)
from orbitalcloud.live.node_folder import SOCKET
from orbitalcloud.node.letters import Mail, Post

PATIENCE_S = 60.0
"""For an answer, beyond what the question itself lets the node wait: the disk may be slow."""

Kind = TypeVar("Kind", Said, Letters, Shown)


class NodeClient:
    """A connection to the node that runs on `folder`. `Unreachable` where none does, or it stops meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with reachable(folder / SOCKET) as path:
                self._socket.connect(path)
        except OSError:
            self._socket.close()
            hint = f"start one with `orbital node --store {folder}`, or give the right --store"
            raise Unreachable(f"no node runs on {folder}: {hint}") from None

    def say(self, post: Post) -> Said:
        """Send letters; come back when the node has them on disk. `DataError` where they make no sense to it."""
        return self._asked(Say(post), Said)

    def read(self, service: str, after: int = 0, most: int = 256, wait_s: float = 0) -> tuple[Mail, ...]:
        """Confirm the mail up to number `after`, get what is later, waiting for some up to `wait_s`."""
        return self._asked(Read(service, after, most, wait_s), Letters, wait_s).mail

    def show(self, entries: int = 0) -> Shown:
        """How it is, and its newest entries."""
        return self._asked(Show(entries), Shown)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _asked(self, ask: Ask, kind: type[Kind], wait_s: float = 0) -> Kind:
        answer = self._answer(ask, wait_s)
        if isinstance(answer, Wrong):
            raise DataError("the node", answer.reason, "nothing was done")
        if not isinstance(answer, kind):
            raise RemoteProtocolError("control", f"a {type(answer).__name__} is no answer to a {type(ask).__name__}")
        return answer

    def _answer(self, ask: Ask, wait_s: float) -> Answer:
        self._socket.settimeout(wait_s + PATIENCE_S)
        try:
            self._socket.sendall(packed(ask))
            size = int.from_bytes(self._exactly(4), "big")
            if size > MAX_MESSAGE_BYTES:
                raise RemoteProtocolError("control", f"an answer of {size} bytes")
            return read_answer(self._exactly(size))
        except TimeoutError:
            raise Unreachable(f"the node on {self.folder} does not answer") from None
        except OSError as error:
            raise Unreachable(f"the node on {self.folder} stopped: {error.strerror or error}") from None

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise ConnectionResetError(104, "it hung up")
            parts += part
        return bytes(parts)
