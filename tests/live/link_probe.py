"""Programs that measure a network from inside a node: run as a script there, they print JSON and know nothing of us."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.request


def _sum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pings(host: str, count: int, pause_s: float, size: int = 56) -> dict[str, object]:
    """ICMP echoes (RFC 792) to the other node's kernel: how many came back, and how long each took."""
    mark = os.getpid() & 0xFFFF
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as wire:
        wire.settimeout(1.0)
        sent: dict[int, float] = {}
        times: dict[int, float] = {}

        def listen() -> None:
            while len(times) < count:
                try:
                    packet = wire.recv(4096)
                except TimeoutError:
                    return
                kind, _, _, whose, number = struct.unpack_from("!BBHHH", packet, 20)
                if kind == 0 and whose == mark:
                    times.setdefault(number, time.monotonic() - sent[number])

        ear = threading.Thread(target=listen)
        ear.start()
        begun = time.monotonic()
        for number in range(count):
            head = struct.pack("!BBHHH", 8, 0, 0, mark, number)
            body = bytes(size)
            packet = struct.pack("!BBHHH", 8, 0, _sum(head + body), mark, number) + body
            sent[number] = time.monotonic()
            wire.sendto(packet, (host, 0))
            time.sleep(max(0.0, begun + (number + 1) * pause_s - time.monotonic()))
        ear.join()
    return {"sent": count, "back": len(times), "ms": sorted(1000 * one for one in times.values())}


def page(url: str) -> dict[str, object]:
    """A page by HTTP over TCP: its size, a digest, and how fast it came after its first bytes."""
    import hashlib

    with urllib.request.urlopen(url, timeout=30) as answer:
        parts = [answer.read(1000)]
        begun = time.monotonic()
        while part := answer.read(16384):
            parts.append(part)
        took_s = time.monotonic() - begun
    whole = b"".join(parts)
    return {
        "bytes": len(whole),
        "digest": hashlib.sha256(whole).hexdigest(),
        "bps": 8 * (len(whole) - 1000) / max(took_s, 1e-9),
    }


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    found = page(where) if what == "page" else pings(where, int(rest[0]), float(rest[1]))
    print(json.dumps(found), flush=True)
