"""TCPCLv4 for tests: two sessions back to back, and the two streams of a captured TCP connection."""

from __future__ import annotations

import struct
from pathlib import Path

from orbitalcloud.core import Instant
from orbitalcloud.network.tcpcl import Session
from orbitalcloud.network.tcpcl_events import SessionPolicy

T0 = Instant(1_774_008_000_000_000_000)


def policy(node: str, **more) -> SessionPolicy:
    return SessionPolicy(node_id=f"dtn://{node}/", **more)


def shuttle(a: Session, b: Session, now: Instant = T0, piece: int = 1 << 20) -> tuple[list, list]:
    """Carry bytes both ways, `piece` at a time, until neither has more to say; what each session said."""
    said: tuple[list, list] = ([], [])
    moved = True
    while moved:
        moved = False
        for sender, receiver, events in ((a, b, said[1]), (b, a, said[0])):
            while data := sender.data_to_send(now):
                moved = True
                for at in range(0, len(data), piece):
                    events += receiver.receive(now, data[at : at + piece])
            (said[0] if sender is a else said[1]).extend(sender.settle())
    return said


def opened(left: SessionPolicy | None = None, right: SessionPolicy | None = None, now: Instant = T0):
    """Two sessions that have met: the active one `a`, the passive one `b`."""
    a, b = Session(now, left or policy("a"), active=True), Session(now, right or policy("b"), active=False)
    shuttle(a, b, now)
    return a, b


def captured_streams(path: Path) -> list[tuple[int, bytes]]:
    """(port of the sender, bytes) of each TCP payload of a capture of Ethernet frames, in order."""
    data, at, found = path.read_bytes(), 24, []
    assert data[:4] == b"\xd4\xc3\xb2\xa1", "little-endian pcap"
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 8)
        ip = data[at + 16 + 14 : at + 16 + size]
        tcp = ip[(ip[0] & 15) * 4 : int.from_bytes(ip[2:4], "big")]
        payload = tcp[(tcp[12] >> 4) * 4 :]
        if payload:
            found.append((int.from_bytes(tcp[:2], "big"), payload))
        at += 16 + size
    return found
