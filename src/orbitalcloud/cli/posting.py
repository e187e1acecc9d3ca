"""`orbital send`, `recv` and `ping`: what people do with the node that runs on a store."""

from __future__ import annotations

import base64
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from orbitalcloud.cli import output
from orbitalcloud.cli.reading_files import read_bounded
from orbitalcloud.core import DataError, Refused, Why, iso
from orbitalcloud.core.time import DAY, HOUR, MINUTE, SECOND, Instant
from orbitalcloud.live.node_client import NodeClient
from orbitalcloud.live.node_config import node_name
from orbitalcloud.network import endpoint
from orbitalcloud.node.letters import PASSING_NUMBERS, Letter, Mail, Post
from orbitalcloud.node.orders import encode_order
from orbitalcloud.node.tracer import TRACE, Hop, Trace, read_trace

MAX_PAYLOAD_BYTES = 32 << 20
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_LOOK_AGAIN_S = 60.0
"""How long one question to the node waits for mail, before it is asked again."""


def send(
    store: Path,
    destination: str,
    file: Path | None,
    text: str | None,
    lifetime: str,
    priority: int,
    service: str,
    stream: str,
    number: int,
    reports: bool,
    as_json: bool,
) -> int:
    """Send one letter; exit 1 where the node refuses it."""
    letter = Letter(destination, _payload(file, text), duration_ns(lifetime), priority, service, reports)
    with NodeClient(store) as client:
        said = client.say(Post((letter,), stream, number))
    if said.refusal:
        raise Refused(Why(False, "node", said.refusal))
    if as_json:
        output.data({"bundle": next(iter(said.bundles), None), "known": bool(said.known)})
    elif said.known:
        output.say(f"number {number} of {stream} was taken before")
    else:
        print(said.bundles[0])
    return 0


def recv(store: Path, service: str, count: int, wait_s: float, out: Path | None, keep: bool, as_json: bool) -> int:
    """Take mail of a service: to stdout, as JSON lines, or a file a letter. Exit 1 where there is none in time."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    taken, last = 0, 0
    with NodeClient(store) as client:
        for mail in _kept(client, service, count, wait_s) if keep else _mail(client, service, count, wait_s):
            _show(mail, out, as_json)
            taken, last = taken + 1, mail.number
        if last and not keep:
            client.read(service, last, most=1)
    if not taken:
        output.say(f"no mail for {service}")
    return 0 if taken else 1


def _mail(client: NodeClient, service: str, count: int, wait_s: float) -> Iterator[Mail]:
    """Up to `count` letters, each as soon as it is there; what is yielded is confirmed with the next question."""
    deadline, after = time.monotonic() + wait_s, 0
    while count:
        left = max(0.0, deadline - time.monotonic())
        found = client.read(service, after, min(count, 256), min(left, _LOOK_AGAIN_S))
        if not found and time.monotonic() >= deadline:
            return
        for mail in found:
            yield mail
            after, count = mail.number, count - 1


def _kept(client: NodeClient, service: str, count: int, wait_s: float) -> tuple[Mail, ...]:
    """What is there, at most `count`, confirmed to nobody."""
    return client.read(service, 0, min(count, 4096), wait_s)


def _show(mail: Mail, out: Path | None, as_json: bool) -> None:
    if out is not None:
        place = out / f"{mail.number:08d}"
        _write_whole(place, mail.payload)
        where: dict[str, object] = {"file": str(place)}
    else:
        where = {"payload": base64.b64encode(mail.payload).decode()}
    if as_json:
        head = {"number": mail.number, "from": mail.source, "created": iso(Instant(mail.created_ns), 3)}
        output.line({**head, "bundle": mail.bundle, "bytes": len(mail.payload), **where})
    elif out is not None:
        print(where["file"])
    else:
        sys.stdout.buffer.write(mail.payload)
        if sys.stdout.isatty() and not mail.payload.endswith(b"\n"):
            sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def _write_whole(place: Path, data: bytes) -> None:
    """On disk before the node is told that it may forget it."""
    with place.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def ping(store: Path, destination: str, count: int, interval_s: float, wait_s: float, size: int, as_json: bool) -> int:
    """Send echoes and time them; exit 1 where none came back."""
    target = destination if _has_service(destination) else destination.rstrip("/") + "/ping"
    times: list[float] = []
    with NodeClient(store) as client:
        numbered = client.show().status.name.startswith("ipn:")
        service = str(random.choice(PASSING_NUMBERS)) if numbered else f"ping-{os.urandom(4).hex()}"
        for number in range(count):
            begun = time.monotonic()
            trip = _echo(client, target, service, number, size, wait_s)
            if trip is not None:
                times.append(trip)
            _tell_trip(target, number, size, trip, as_json)
            if number < count - 1:
                time.sleep(max(0.0, begun + interval_s - time.monotonic()))
    if not as_json:
        output.say(_summary(count, times))
    return 0 if times else 1


def _has_service(destination: str) -> bool:
    if destination.startswith("ipn:"):
        return True
    return bool(destination.removeprefix("dtn://").partition("/")[2])


def _echo(client: NodeClient, target: str, service: str, number: int, size: int, wait_s: float) -> float | None:
    """Milliseconds until the echo of this number came back; None if it did not in time."""
    payload = number.to_bytes(8, "big") + os.urandom(max(0, size - 8))
    lifetime_ns = int(max(wait_s, 1.0) * SECOND)
    begun = time.monotonic()
    said = client.say(Post((Letter(target, payload, lifetime_ns, 1, service),)))
    if said.refusal:
        raise Refused(Why(False, "node", said.refusal))
    after = 0
    while (left := begun + wait_s - time.monotonic()) > 0:
        for mail in client.read(service, after, wait_s=min(left, _LOOK_AGAIN_S)):
            after = mail.number
            if mail.payload == payload:
                trip = 1000.0 * (time.monotonic() - begun)
                client.read(service, after)
                return trip
    return None


def _tell_trip(target: str, number: int, size: int, trip: float | None, as_json: bool) -> None:
    if as_json:
        output.line({"from": target, "number": number, "bytes": size, "ms": None if trip is None else round(trip, 3)})
    elif trip is None:
        print(f"no echo from {target}: number {number}", flush=True)
    else:
        print(f"{size} bytes from {target}: number {number}, {trip:.1f} ms", flush=True)


def trace(store: Path, destination: str, wait_s: float, as_json: bool) -> int:
    """Follow the way to a node hop by hop; exit 1 where it was not reached in time."""
    target, service = node_name(destination), f"trace-{os.urandom(6).hex()}"
    deadline, shown, after = time.monotonic() + wait_s, 0, 0
    with NodeClient(store) as client:
        own = client.show().status.name
        if own.startswith("ipn:"):
            raise DataError("trace", own, "hops are told by names: start the node with a dtn name, or without --name")
        to = endpoint(own, service)
        said = client.say(Post((Letter(endpoint(own, TRACE).text, encode_order(Trace(target, to.text))),)))
        if said.refusal:
            raise Refused(Why(False, "node", said.refusal))
        begun = time.time_ns()
        while (left := deadline - time.monotonic()) > 0:
            for mail in client.read(to.service, after, wait_s=min(left, _LOOK_AGAIN_S)):
                after, found = mail.number, read_trace(mail.payload)
                for hop in found.hops[shown:]:
                    shown += 1
                    _tell_hop(shown, hop, begun, as_json)
                if found.arrived or found.end:
                    client.read(to.service, after)
                    if found.end:
                        output.say(found.end)
                    return 0 if found.arrived else 1
    output.say(f"{shown} hops in {wait_s:g} s; the trace goes on without us")
    return 1


def _tell_hop(number: int, hop: Hop, begun: int, as_json: bool) -> None:
    after_ms = max(0.0, (hop.at - begun) / 1e6)
    if as_json:
        output.line({"hop": number, "node": hop.node, "at": iso(Instant(hop.at), 3), "ms": round(after_ms, 1)})
    else:
        print(f"{number:3}  {hop.node}  {iso(Instant(hop.at), 3)}  +{after_ms:.0f} ms", flush=True)


def _summary(count: int, times: list[float]) -> str:
    lost = f"{count} sent, {len(times)} came back"
    if not times:
        return lost
    return f"{lost}; {min(times):.1f} ms at least, {mean(times):.1f} on average, {max(times):.1f} at most"


def duration_ns(text: str, place: str = "lifetime") -> int:
    """`90s`, `15m`, `12h`, `7d` in nanoseconds; `DataError` names the place that it was given at."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if found is None:
        raise DataError(place, text, "write a number and s, m, h or d, such as 90s or 7d")
    return int(found[1]) * _UNITS[found[2]]


def _payload(file: Path | None, text: str | None) -> bytes:
    if text is not None and file is not None:
        raise DataError("send", "a file and --text", "give one of them")
    if text is not None:
        return text.encode()
    if file is not None and str(file) != "-":
        return read_bounded(file, MAX_PAYLOAD_BYTES)
    data = sys.stdin.buffer.read(MAX_PAYLOAD_BYTES + 1)
    if len(data) > MAX_PAYLOAD_BYTES:
        raise DataError("standard input", f"more than {MAX_PAYLOAD_BYTES} bytes", "send it in parts")
    return data
