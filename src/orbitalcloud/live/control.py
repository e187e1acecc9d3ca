"""How people's commands reach a running node: a Unix domain socket in its folder, which only its owner can open.

A message is a length (32 bits) and that many bytes of MessagePack. The client asks (`Ask`), the node answers
(`Answer`), one after the other, as often as the client likes. What was answered is on the node's disk.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from orbitalcloud.core import DataError, RemoteProtocolError, records
from orbitalcloud.core.errors import OrbitalError
from orbitalcloud.live.host import NodeHost
from orbitalcloud.live.status import NodeStatus, status_of
from orbitalcloud.node.letters import POST, TAKE, Mail, Post, Take

MAX_MESSAGE_BYTES = 64 << 20
MAX_WAIT_S = 3600.0
MAX_READERS = 256
_PATH_BYTES = 100
"""A socket's path has at most 108 bytes (unix(7)); a longer one is reached by way of its folder's descriptor."""


class Say(msgspec.Struct, frozen=True, tag="say/1"):
    """Send these letters."""

    post: Post


class Read(msgspec.Struct, frozen=True, tag="read/1"):
    """Forget the mail of `service` up to `after`, give the later, waiting for some up to `wait_s`."""

    service: Annotated[str, Meta(max_length=200)]
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    most: Annotated[int, Meta(ge=1, le=4096)] = 256
    wait_s: Annotated[float, Meta(ge=0, le=MAX_WAIT_S)] = 0


class Show(msgspec.Struct, frozen=True, tag="show/1"):
    """How the node is, and its newest entries."""

    entries: Annotated[int, Meta(ge=0, le=4096)] = 0


Ask = Say | Read | Show


class Said(msgspec.Struct, frozen=True, tag="said/1"):
    """The bundles that were made; `refusal` says why the letter after them was not taken. `known` were taken before."""

    bundles: tuple[str, ...]
    known: int = 0
    refusal: str = ""


class Letters(msgspec.Struct, frozen=True, tag="letters/1"):
    """Mail, in the order of its numbers."""

    mail: tuple[Mail, ...]


class Shown(msgspec.Struct, frozen=True, tag="shown/1"):
    """The node's state, and entries of its Log, the newest last."""

    status: NodeStatus
    entries: tuple[records.Entry, ...]


class Wrong(msgspec.Struct, frozen=True, tag="wrong/1"):
    """The question makes no sense to the node."""

    reason: str


Answer = Said | Letters | Shown | Wrong

_asks: msgspec.msgpack.Decoder[Ask] = msgspec.msgpack.Decoder(Ask)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def packed(message: Ask | Answer) -> bytes:
    """A message's bytes, with its length."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


def read_ask(body: bytes) -> Ask:
    """What a client asks; `RemoteProtocolError('control')` if it is nothing that a node knows."""
    try:
        return _asks.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("control", str(error)) from None


def read_answer(body: bytes) -> Answer:
    """What the node answers, likewise."""
    try:
        return _answers.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError("control", str(error)) from None


@contextmanager
def reachable(place: Path) -> Iterator[str]:
    """A path of this socket that is short enough."""
    if len(os.fsencode(place)) <= _PATH_BYTES:
        yield str(place)
        return
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{place.name}"
    finally:
        os.close(folder)


class ControlServer:
    """Answers at `place` for a host."""

    def __init__(self, host: NodeHost, place: Path) -> None:
        self.host, self.place = host, place
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Begin to listen; a socket that a killed node left is replaced (the folder's lock is ours)."""
        self.place.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            with reachable(self.place) as path:
                self._server = await asyncio.start_unix_server(self._serve, path)
        except OSError as error:
            raise DataError("store", str(self.place), f"no socket can be made there: {error.strerror}") from None
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        """End; clients that wait are hung up on."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.close()
        self.place.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= MAX_READERS:
            writer.close()
            return
        self._clients.add(writer)
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                if size > MAX_MESSAGE_BYTES:
                    writer.write(packed(Wrong(f"{size} bytes in one message, at most {MAX_MESSAGE_BYTES}")))
                    break
                writer.write(packed(await self._answer(await reader.readexactly(size))))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the node goes
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _answer(self, body: bytes) -> Answer:
        try:
            match read_ask(body):
                case Say(post):
                    return await self._say(post)
                case Read() as ask:
                    return await self._read(ask)
                case Show(entries):
                    newest = tuple(self.host.newest)
                    return Shown(status_of(self.host), newest[len(newest) - entries :] if entries else ())
        except OrbitalError as error:
            return Wrong(str(error))

    async def _say(self, post: Post) -> Answer:
        known = max(0, self.host.node.next_number(post.stream) - post.first) if post.stream else 0
        done = self.host.command(POST, msgspec.msgpack.encode(post))
        await done.durable
        bundles: list[str] = []
        for entry in done.entries:
            if isinstance(entry, records.FrameRefused) and entry.peer == "command":
                return Wrong(f"{entry.check}: {entry.detail}")
            if isinstance(entry, records.BundleCreated):
                bundles.append(entry.bundle)
            elif isinstance(entry, records.BundleDropped) and entry.bundle == bundles[-1]:
                return Said(tuple(bundles[:-1]), min(known, len(post.letters)), str(entry.why))
        return Said(tuple(bundles), min(known, len(post.letters)))

    async def _read(self, ask: Read) -> Answer:
        """Nothing is shown before it is on disk: its number might be given again after a kill."""
        host = self.host
        if ask.after:
            host.command(TAKE, msgspec.msgpack.encode(Take(ask.service, ask.after)))
        if ask.wait_s and not host.node.mail.later(ask.service, ask.after, 1):
            with suppress(TimeoutError):
                await asyncio.wait_for(host.mail_for(ask.service), ask.wait_s)
        found: tuple[Any, ...] = tuple(host.node.mail.later(ask.service, ask.after, ask.most))
        await host.durable()
        return Letters(_within(found))


def _within(mail: tuple[Mail, ...]) -> tuple[Mail, ...]:
    """As many as fit into one message, but one at least."""
    room = MAX_MESSAGE_BYTES // 2
    for index, one in enumerate(mail):
        room -= len(one.payload)
        if room < 0:
            return mail[: max(1, index)]
    return mail
