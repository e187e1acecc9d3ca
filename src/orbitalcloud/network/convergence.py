"""The convergence layer: what the frames on a contact look like. Integers are big-endian.

Data frame: a range of one encoded bundle (a *transfer*, named by the first 12 bytes of its BLAKE2b-256):

    0x11 | flags u8 | transfer 12 | total u32 | offset u32 | bytes … | CRC-32C u32

`CHECKPOINT` asks for a report; every burst ends with one. A data frame without bytes only asks. Report frame:

    0x12 | count u8 | count of (transfer 12 | status u8 | gaps u8 | gaps of (start u32 | end u32)) | CRC-32C u32

`TAKEN` hands over custody: the receiver has the bundle saved (or is done with it), the sender may forget it. `MISSING`
lists ranges to send again. `REFUSED` means not now: keep it. The CRC covers all before it. Since a transfer is named by
its content, sending one twice, or asking after one in a later contact, cannot be mistaken for another.
"""

from __future__ import annotations

import hashlib

import msgspec

from orbitalcloud.core.errors import RemoteProtocolError
from orbitalcloud.network.crc import crc32c

DATA, REPORT = 0x11, 0x12
CHECKPOINT = 0x01
TAKEN, MISSING, REFUSED = 0, 1, 2
NAME_BYTES = 12
DATA_OVERHEAD = 2 + NAME_BYTES + 4 + 4 + 4
REPORT_OVERHEAD = 2 + 4
MAX_ENTRIES = 64
MAX_GAPS = 32
_ENTRY = NAME_BYTES + 2


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A data frame."""

    transfer: bytes
    total_bytes: int
    offset: int
    data: bytes
    checkpoint: bool


class Report(msgspec.Struct, frozen=True, gc=False):
    """One entry of a report frame; `gaps` as (start, end), ascending, only with `MISSING`."""

    transfer: bytes
    status: int
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def size_bytes(self) -> int:
        """What it takes in a report frame."""
        return _ENTRY + 8 * len(self.gaps)


def transfer_name(encoded: bytes) -> bytes:
    """The 12 bytes that name the transfer of this encoded bundle."""
    return hashlib.blake2b(encoded, digest_size=32).digest()[:NAME_BYTES]


def encode_segment(segment: Segment) -> bytes:
    """The data frame's bytes."""
    body = b"".join(
        (
            b"\x11\x01" if segment.checkpoint else b"\x11\x00",
            segment.transfer,
            segment.total_bytes.to_bytes(4, "big"),
            segment.offset.to_bytes(4, "big"),
            segment.data,
        )
    )
    return body + crc32c(body).to_bytes(4, "big")


def encode_reports(reports: list[Report]) -> bytes:
    """A report frame of 1 to `MAX_ENTRIES` entries."""
    assert 1 <= len(reports) <= MAX_ENTRIES, len(reports)
    parts = [bytes((REPORT, len(reports)))]
    for report in reports:
        parts.append(report.transfer + bytes((report.status, len(report.gaps))))
        parts.extend(start.to_bytes(4, "big") + end.to_bytes(4, "big") for start, end in report.gaps)
    body = b"".join(parts)
    return body + crc32c(body).to_bytes(4, "big")


def decode_frame(frame: bytes) -> Segment | list[Report]:
    """What a frame says; `RemoteProtocolError` if it is neither kind, malformed or damaged."""
    if len(frame) < 6:
        raise RemoteProtocolError("frame-length", f"{len(frame)} bytes")
    if crc32c(frame[:-4]) != int.from_bytes(frame[-4:], "big"):
        raise RemoteProtocolError("frame-crc", "the frame does not have the sum it says")
    if frame[0] == DATA:
        return _decode_segment(frame)
    if frame[0] == REPORT:
        return _decode_reports(frame)
    raise RemoteProtocolError("frame-kind", f"0x{frame[0]:02x}")


def _decode_segment(frame: bytes) -> Segment:
    if len(frame) < DATA_OVERHEAD:
        raise RemoteProtocolError("frame-length", f"{len(frame)} bytes in a data frame")
    if frame[1] > CHECKPOINT:
        raise RemoteProtocolError("frame-flags", f"0x{frame[1]:02x}")
    total = int.from_bytes(frame[14:18], "big")
    offset = int.from_bytes(frame[18:22], "big")
    data = frame[22:-4]
    if total == 0 or offset + len(data) > total:
        raise RemoteProtocolError("segment-range", f"{len(data)} bytes at {offset} of {total}")
    if not data and not frame[1]:
        raise RemoteProtocolError("segment-empty", "neither bytes nor a question")
    return Segment(frame[2:14], total, offset, data, bool(frame[1]))


def _decode_reports(frame: bytes) -> list[Report]:
    count, at, end = frame[1], 2, len(frame) - 4
    if not 1 <= count <= MAX_ENTRIES:
        raise RemoteProtocolError("report-count", f"{count} entries, 1 to {MAX_ENTRIES} are allowed")
    reports = []
    for _ in range(count):
        if at + _ENTRY > end:
            raise RemoteProtocolError("frame-length", "a report entry is cut short")
        transfer, status, gaps = frame[at : at + NAME_BYTES], frame[at + NAME_BYTES], frame[at + NAME_BYTES + 1]
        at += _ENTRY
        if status > REFUSED or gaps > MAX_GAPS or (gaps > 0) != (status == MISSING) or at + 8 * gaps > end:
            raise RemoteProtocolError("report-entry", f"status {status} with {gaps} gaps")
        reports.append(Report(transfer, status, _decode_gaps(frame, at, gaps)))
        at += 8 * gaps
    if at != end:
        raise RemoteProtocolError("trailing-bytes", f"{end - at} bytes after the last entry")
    return reports


def _decode_gaps(frame: bytes, at: int, count: int) -> tuple[tuple[int, int], ...]:
    gaps = []
    last = -1
    for index in range(at, at + 8 * count, 8):
        start = int.from_bytes(frame[index : index + 4], "big")
        end = int.from_bytes(frame[index + 4 : index + 8], "big")
        if not last < start < end:
            raise RemoteProtocolError("report-gaps", f"{start} to {end} after {last}")
        gaps.append((start, end))
        last = end
    return tuple(gaps)
