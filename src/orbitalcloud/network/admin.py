"""Administrative records: what nodes tell each other of bundles (RFC 9171 6.1), above all status reports.

A status report says of one bundle (the *subject*) that it was received, forwarded, delivered or deleted, and why. It is
the payload of a bundle with the administrative flag. Reading is strict and bounded, as everything that peers send.
"""

from __future__ import annotations

import msgspec

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.core.time import Instant
from orbitalcloud.network import cbor
from orbitalcloud.network.bundle import DTN_EPOCH_MS, Bundle, dtn_ms, name_of
from orbitalcloud.network.eid import Eid, read_eid

STATUS_REPORT = 1
"""The one record type that RFC 9171 defines (9.6)."""

ASK_STATUS_TIME = 0x40
RECEIVED, FORWARDED, DELIVERED, DELETED = 0, 1, 2, 3
"""The four assertions in their order in a report (6.1.1)."""
STATUSES = ("received", "forwarded", "delivered", "deleted")
ASK = (0x04000, 0x10000, 0x20000, 0x40000)
"""The bundle processing control flag that asks for a report of each (4.2.3)."""

# Reason codes: RFC 9171 9.5 and, from 12 on, RFC 9172 11.3.
NO_REASON, LIFETIME, UNIDIRECTIONAL, CANCELED, STORAGE, DESTINATION, NO_ROUTE, NO_CONTACT = range(8)
UNINTELLIGIBLE, HOP_LIMIT, PARED, UNSUPPORTED = 8, 9, 10, 11
REASONS = (
    "no additional information",
    "lifetime expired",
    "forwarded over a unidirectional link",
    "transmission cancelled",
    "depleted storage",
    "destination endpoint unavailable",
    "no known route to the destination from here",
    "no timely contact with the next node on the route",
    "block unintelligible",
    "hop limit exceeded",
    "traffic pared",
    "block unsupported",
    "missing security operation",
    "unknown security operation",
    "unexpected security operation",
    "failed security operation",
    "conflicting security operation",
)

OF_RULE = {
    "lifetime": LIFETIME,
    "hops": HOP_LIMIT,
    "block": UNSUPPORTED,
    "storage": STORAGE,
    "quota": STORAGE,
    "evicted": PARED,
    "size": STORAGE,
    "destination": DESTINATION,
    "route": NO_ROUTE,
}
"""The reason code of a bundle that was dropped by each rule; other rules have none of their own."""


class StatusReport(msgspec.Struct, frozen=True):
    """What a node says of a bundle. `asserted[i]` is whether `STATUSES[i]` holds; `times` are DTN ms, 0 where none."""

    asserted: tuple[bool, bool, bool, bool]
    times: tuple[int, int, int, int]
    reason: int
    source: Eid
    created_ms: int
    sequence: int
    offset: int = 0
    length: int = 0
    fragment: bool = False

    @property
    def subject(self) -> str:
        """The id of the bundle that it is about (of the fragment, where it is about one)."""
        whole = name_of(self.source, self.created_ms, self.sequence)
        return f"{whole}+{self.offset}.{self.length}" if self.fragment else whole

    @property
    def words(self) -> str:
        """`received`, or several of them joined by `+`."""
        return "+".join(word for word, holds in zip(STATUSES, self.asserted, strict=True) if holds)

    @property
    def time_ms(self) -> int:
        """The latest time that it names, in POSIX ms; 0 where it names none."""
        latest = max(self.times)
        return latest + DTN_EPOCH_MS if latest else 0

    @property
    def reason_text(self) -> str:
        """The reason in words."""
        return REASONS[self.reason] if self.reason < len(REASONS) else f"reason {self.reason}"


def report_on(bundle: Bundle, status: int, reason: int, now: Instant) -> StatusReport:
    """The report that `status` holds of `bundle` as from now, with the time where the bundle asks for it."""
    held = tuple(index == status for index in range(4))
    at = dtn_ms(now) if bundle.flags & ASK_STATUS_TIME else 0
    times = tuple(at if holds else 0 for holds in held)
    part = bundle.is_fragment
    return StatusReport(
        (held[0], held[1], held[2], held[3]),
        (times[0], times[1], times[2], times[3]),
        reason,
        bundle.source,
        bundle.created_ms,
        bundle.sequence,
        bundle.offset if part else 0,
        len(bundle.payload) if part else 0,
        part,
    )


def encode_report(report: StatusReport) -> bytes:
    """The administrative record's bytes."""
    parts = [b"\x82", cbor.unsigned(STATUS_REPORT), b"\x86" if report.fragment else b"\x84", b"\x84"]
    for holds, at in zip(report.asserted, report.times, strict=True):
        parts.append(b"\x82\xf5" + cbor.unsigned(at) if holds and at else b"\x81\xf5" if holds else b"\x81\xf4")
    parts += [cbor.unsigned(report.reason), report.source.encoded, b"\x82", cbor.unsigned(report.created_ms)]
    parts.append(cbor.unsigned(report.sequence))
    if report.fragment:
        parts += [cbor.unsigned(report.offset), cbor.unsigned(report.length)]
    return b"".join(parts)


def decode_record(data: bytes) -> StatusReport:
    """The status report that `data` is, wholly; `RemoteProtocolError` for anything else, other record types too."""
    count, at = cbor.read_array(data, 0)
    kind, at = cbor.read_unsigned(data, at) if count == 2 else (0, at)
    if count != 2 or kind != STATUS_REPORT:
        raise RemoteProtocolError("administrative-type", f"{count} items of type {kind}: only status reports are known")
    items, at = cbor.read_array(data, at)
    if items not in (4, 6):
        raise RemoteProtocolError("report-shape", f"a status report has 4 or 6 items, not {items}")
    asserted, times, at = _read_status(data, at)
    reason, at = cbor.read_unsigned(data, at)
    source, at = read_eid(data, at)
    if data[at : at + 1] != b"\x82":
        raise RemoteProtocolError("timestamp", "the creation timestamp is an array of 2")
    created, at = cbor.read_unsigned(data, at + 1)
    sequence, at = cbor.read_unsigned(data, at)
    offset = length = 0
    if items == 6:
        offset, at = cbor.read_unsigned(data, at)
        length, at = cbor.read_unsigned(data, at)
    if at != len(data):
        raise RemoteProtocolError("trailing-bytes", f"{len(data) - at} bytes after the report")
    return StatusReport(asserted, times, reason, source, created, sequence, offset, length, items == 6)


def _read_status(data: bytes, at: int) -> tuple[tuple[bool, bool, bool, bool], tuple[int, int, int, int], int]:
    count, at = cbor.read_array(data, at)
    if count != 4:
        raise RemoteProtocolError("report-shape", f"{count} assertions, not 4")
    held, times = [], []
    for _ in range(4):
        size, at = cbor.read_array(data, at)
        word = data[at : at + 1]
        if size not in (1, 2) or word not in (b"\xf4", b"\xf5") or (size == 2 and word == b"\xf4"):
            raise RemoteProtocolError("report-shape", "an assertion is false, true, or true with its time")
        moment, at = cbor.read_unsigned(data, at + 1) if size == 2 else (0, at + 1)
        held.append(word == b"\xf5")
        times.append(moment)
    if not any(held):
        raise RemoteProtocolError("report-shape", "it asserts nothing")
    return (held[0], held[1], held[2], held[3]), (times[0], times[1], times[2], times[3]), at


class Allowance:
    """How many status reports may still be sent: a bucket of `most`, refilled by one each `every_ns`.

    Reports are an amplifier: a bundle of a hundred bytes with a forged report-to makes every node on its way send one
    there. So they are counted out of one bucket for all askers, and what is withheld is counted (`withheld`).
    """

    __slots__ = ("_at", "_left", "every_ns", "most", "withheld")

    def __init__(self, most: int, every_ns: int) -> None:
        self.most, self.every_ns = most, every_ns
        self.withheld = 0
        self._left = most
        self._at = 0

    def take(self, now: Instant) -> bool:
        """Whether one more may go now."""
        fresh = (now - self._at) // self.every_ns
        if self._left + fresh >= self.most:
            self._left, self._at = self.most, now
        elif fresh > 0:
            self._left, self._at = self._left + fresh, self._at + fresh * self.every_ns
        if self._left < 1:
            self.withheld += 1
            return False
        self._left -= 1
        return True
