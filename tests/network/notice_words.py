"""Notices to test with: keys by number, and what they say."""

from __future__ import annotations

from orbitalcloud.core import SECOND, Instant
from orbitalcloud.network import identity
from orbitalcloud.network import notices as n

T = Instant(1_800_000_000 * SECOND)
T_S = T // SECOND


def private(number: int) -> bytes:
    return number.to_bytes(32, "big")


def key(number: int) -> bytes:
    return identity.public_of(private(number))


def capacity(
    number: int, sequence: int = 0, *, epoch: int = 1, at: int = T_S, waiting: int = 0, name: str = ""
) -> n.Signed:
    notice = n.Capacity(
        key(number),
        name or f"n{number}",
        epoch,
        sequence,
        at,
        at + 3600,
        "jetson",
        ("wasm",),
        waiting,
        0,
        500_000,
        (1, 2),
    )
    return n.sign_notice(notice, private(number))


def introduction(number: int, operator: bytes = b"", sequence: int = 0) -> n.Signed:
    notice = n.Introduction(key(number), f"n{number}", 1, sequence, T_S, T_S + 86_400, operator)
    return n.sign_notice(notice, private(number))


def revocation(number: int, subject: int, shown: bytes = b"") -> n.Signed:
    return n.sign_notice(n.Revocation(key(number), "x", 1, 0, T_S, T_S, key(subject), shown, "lost"), private(number))
