"""The two CRCs of RFC 9171 4.2.1: CRC-16/X-25 (ITU-T V.42) and CRC-32C (Castagnoli, RFC 4960)."""

from __future__ import annotations

import binascii

import google_crc32c

NONE, CRC16, CRC32C = 0, 1, 2

WIDTH = {NONE: 0, CRC16: 2, CRC32C: 4}
"""Bytes that each CRC type takes."""

# X-25 is CRC-CCITT with every bit order reversed: the C routine for the latter serves, on mirrored bytes.
_MIRROR = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def crc16_x25(data: bytes) -> int:
    """CRC-16/X-25; the check value of b"123456789" is 0x906E."""
    mirrored = binascii.crc_hqx(data.translate(_MIRROR), 0xFFFF) ^ 0xFFFF
    return _MIRROR[mirrored >> 8] | _MIRROR[mirrored & 0xFF] << 8


def crc32c(data: bytes) -> int:
    """CRC-32C; the check value of b"123456789" is 0xE3069283."""
    return int(google_crc32c.value(data))


def block_crc(kind: int, body: bytes) -> bytes:
    """The CRC of a block whose encoding up to the CRC field's data is `body` (the data counts as zeros)."""
    if kind == CRC32C:
        return int(google_crc32c.extend(google_crc32c.value(body), b"\0\0\0\0")).to_bytes(4, "big")
    assert kind == CRC16, kind
    return crc16_x25(body + b"\0\0").to_bytes(2, "big")
