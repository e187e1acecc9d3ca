"""Captures for tshark, written here: no raw sockets, no rights, and what stands in them is exactly what was sent.

A capture is a classic pcap of raw IPv4 packets (LINKTYPE_RAW, 101). TCP segments have sequence and acknowledgement
numbers that fit, so that the dissector's reassembly works as on a wire.
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

PORT = 4556
FIELD = "|"
A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))


def _ipv4(sender: bytes, receiver: bytes, protocol: int, body: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0) + sender + receiver
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", 0xFFFF - total) + head[12:] + body


def udp_packet(data: bytes) -> bytes:
    """A datagram to the port of UDPCL; no checksum, which IPv4 allows."""
    return _ipv4(A, B, 17, struct.pack("!HHHH", 40_000, PORT, 8 + len(data), 0) + data)


class Stream:
    """One TCP connection from the dialler `A` to `B`'s port 4556, packet by packet."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self._sent = {True: 1000, False: 5000}
        self._segment(True, b"", 0x02)
        self._segment(False, b"", 0x12)
        self._segment(True, b"", 0x10)

    def add(self, from_dialler: bool, data: bytes) -> None:
        """Bytes in one direction, in segments of an Ethernet's size."""
        for at in range(0, len(data), 1400):
            self._segment(from_dialler, data[at : at + 1400], 0x18)

    def _segment(self, from_dialler: bool, data: bytes, flags: int) -> None:
        ports = (50_000, PORT) if from_dialler else (PORT, 50_000)
        own, other = self._sent[from_dialler], self._sent[not from_dialler] if flags != 0x02 else 0
        head = struct.pack("!HHIIBBHHH", *ports, own, other, 5 << 4, flags, 65_535, 0, 0)
        ends = (A, B) if from_dialler else (B, A)
        self.packets.append(_ipv4(*ends, 6, head + data))
        self._sent[from_dialler] = own + len(data) + (flags & 0x02 != 0)


def write_capture(place: Path, packets: list[bytes]) -> None:
    """The packets, a millisecond apart."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)]
    for number, packet in enumerate(packets):
        parts.append(struct.pack("<IIII", 1_795_000_000, number * 1000, len(packet), len(packet)) + packet)
    place.write_bytes(b"".join(parts))


def dissected(tshark: str, place: Path, fields: list[str], *options: str) -> list[dict[str, list[str]]]:
    """Of each packet the values of these fields, in order, as text."""
    wanted = [option for field in fields for option in ("-e", field)]
    form = ["-T", "fields", "-E", f"separator={FIELD}", "-E", "occurrence=a", "-E", "aggregator=;"]
    done = subprocess.run(
        [tshark, "-n", "-r", str(place), *options, *form, *wanted], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split(FIELD) for line in done.stdout.splitlines()]
    return [{field: cell.split(";") if cell else [] for field, cell in zip(fields, row, strict=True)} for row in rows]
