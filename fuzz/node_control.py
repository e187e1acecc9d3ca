"""What reaches a live node other than by its wires: its control socket, its own journal, and traces."""

from __future__ import annotations

import msgspec

from orbitalcloud.core import RemoteProtocolError, Seed
from orbitalcloud.core.effects import Save
from orbitalcloud.live.control import Letters, Read, Said, Say, Show, packed, read_answer, read_ask
from orbitalcloud.live.journal import _read_header, opened
from orbitalcloud.node.letters import Letter, Mail, Post, Take
from orbitalcloud.node.orders import decode_order, encode_order
from orbitalcloud.node.tracer import Hop, Trace

_HEADER_BYTES = 36


class OneFile:
    """A disk with one segment, as found."""

    def __init__(self, data: bytes) -> None:
        self.files = {"00000001.journal": data} if data else {}

    def names(self) -> list[str]:
        return sorted(self.files)

    def read(self, name: str) -> bytes:
        return self.files[name]

    def create(self, name: str) -> None:
        self.files[name] = b""

    def append(self, name: str, data: bytes) -> None:
        self.files[name] += data

    def cut(self, name: str, size: int) -> None:
        self.files[name] = self.files[name][:size]

    def remove(self, name: str) -> None:
        del self.files[name]

    def sync(self, name: str) -> None:
        """It is only in memory."""

    def sync_folder(self) -> None:
        """It is only in memory."""


def corpus() -> dict[str, bytes]:
    """Questions, answers, orders, and a segment with three groups."""
    post = Post((Letter("dtn://b/in", b"hallo", 10**9, 2, "me"),), "s", 3)
    trace = Trace("b", "dtn://a/trace-1", (Hop("a", 1), Hop("c", 2)))
    disk = OneFile(b"")
    journal = opened(disk, Seed.of(1).bytes)
    for number in range(2):
        journal.add([Save(f"bundle/{number}", bytes(40)), Save("seen/x", None)])
        journal.write()
    journal.close()
    return {
        "say": packed(Say(post))[4:],
        "read": packed(Read("in", 4, 10, 0.5))[4:],
        "show": packed(Show(9))[4:],
        "said": packed(Said(("a/1-2",), 1, "full"))[4:],
        "letters": packed(Letters((Mail(4, "dtn://a/", 5, "a/1-2", b"x"),)))[4:],
        "post": encode_order(post),
        "take": encode_order(Take("in", 4)),
        "trace": encode_order(trace),
        "segment": disk.files["00000001.journal"],
    }


def target(data: bytes) -> None:
    """What is taken is said again in the same words; a journal that opens once opens again, with the same values."""
    for read in (read_ask, read_answer):
        try:
            taken = read(data)
        except RemoteProtocolError:
            continue
        assert read(msgspec.msgpack.encode(taken)) == taken
    for kind in (Post, Take, Mail, Trace):
        try:
            order = decode_order(data, kind)
        except RemoteProtocolError:
            continue
        assert decode_order(encode_order(order), kind) == order
    if _read_header(data) is not None or len(data) < _HEADER_BYTES:
        _journal(data)


def _journal(data: bytes) -> None:
    disk = OneFile(data)
    values = opened(disk, Seed.of(1).bytes, salvage=True).values
    assert opened(disk, Seed.of(1).bytes, salvage=True).values == values
